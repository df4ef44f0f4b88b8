//! Who a session is: a public id, a name and a colour.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The most characters a name may have.
const NAME_MAX_CHARS: usize = 32;

/// Twelve colours that stay readable on white and on black.
const COLOURS: [&str; 12] = [
    "#c2410c", "#b45309", "#4d7c0f", "#15803d", "#0f766e", "#0e7490", "#0369a1", "#4f46e5", "#7c3aed",
    "#a21caf", "#be185d", "#dc2626",
];

/// Who a session is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The session's public id, which is also the first part of the id of each of its messages.
    pub id: Arc<str>,
    /// The name under which the others see the session.
    pub name: Arc<str>,
    /// The colour of the name, as `#rrggbb`.
    pub colour: Arc<str>,
}

impl Identity {
    /// A new identity with a random id and a guest's name.
    pub fn guest() -> Self {
        let number: u64 = rand::random();
        Self {
            id: format!("{number:016x}").into(),
            name: format!("guest-{:04x}", number & 0xffff).into(),
            colour: COLOURS[(number >> 16) as usize % COLOURS.len()].into(),
        }
    }

    /// Whether the name and the colour can be those of somebody: whatever came over a bus may be forged.
    pub fn is_presentable(&self) -> bool {
        valid_name(&self.name) == Some(&*self.name) && valid_colour(&self.colour)
    }
}

/// Whether a text is a colour: `#rrggbb`.
pub fn valid_colour(colour: &str) -> bool {
    let digits = colour.strip_prefix('#').filter(|digits| digits.len() == 6);
    digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Checks a name that a client asks for: 1 to 32 characters, no control characters, not only spaces.
pub fn valid_name(name: &str) -> Option<&str> {
    let name = name.trim();
    let fits = (1..=NAME_MAX_CHARS).contains(&name.chars().count());
    (fits && !name.chars().any(char::is_control)).then_some(name)
}

/// Whether a client may have this name as it is.
pub fn is_valid_name(name: &str) -> bool {
    valid_name(name) == Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(valid_name(" Ada "), Some("Ada"));
        assert_eq!(valid_name(&"é".repeat(32)), Some(&*"é".repeat(32)));
        for wrong in ["", "  ", "a\tb", "a\u{7f}b", &"é".repeat(33)] {
            assert_eq!(valid_name(wrong), None, "{wrong:?}");
        }
    }
}
