//! The name of a room.

use std::fmt;
use std::sync::Arc;

/// The most characters a room's name may have.
pub const ROOM_MAX_CHARS: usize = 64;

/// The name of a room. A clone shares the text.
///
/// One to 64 characters, none of them a control character, and no space at either end. Names that begin with
/// `$` are the nodes' own.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Room(Arc<str>);

/// Why a text is not a room's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a room's name has 1 to 64 characters, no control characters, no space at either end and no leading `$`"
)]
pub struct RoomError;

impl Room {
    /// Reads the name of a room that clients may name, so none with a leading `$`.
    pub fn parse(name: &str) -> Result<Self, RoomError> {
        if name.starts_with('$') { Err(RoomError) } else { Self::any(name) }
    }

    /// Reads the name of any room that may stand in an envelope: one of the clients or one of the nodes themselves.
    pub fn any(name: &str) -> Result<Self, RoomError> {
        let wrong = name.is_empty()
            || name.chars().count() > ROOM_MAX_CHARS
            || name.chars().any(char::is_control)
            || name.trim() != name;
        if wrong { Err(RoomError) } else { Ok(Self(name.into())) }
    }

    /// The name of the room.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for Room {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_has_a_short_visible_name_and_the_nodes_have_rooms_of_their_own() {
        for good in ["lobby", "a", "with space", "München", "math*#.>"] {
            assert!(Room::parse(good).is_ok(), "{good:?}");
        }
        for wrong in ["", " a", "a ", "a\nb", "$control", &"x".repeat(65)] {
            assert!(Room::parse(wrong).is_err(), "{wrong:?}");
        }
        assert!(Room::any("$control").is_ok());
    }
}
