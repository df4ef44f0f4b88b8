//! Who a session is: a public id, a name, a colour, and a token that continues them on any node of the cluster.
//!
//! The token is the identity as JSON with its HMAC-SHA256 under the cluster's secret, so nobody can take the id (and
//! with it the message ids) of somebody else.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

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
        let digits = self.colour.strip_prefix('#').filter(|digits| digits.len() == 6);
        valid_name(&self.name) == Some(&*self.name)
            && digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }
}

/// Checks a name that a client asks for: 1 to 32 characters, no control characters, not only spaces.
pub fn valid_name(name: &str) -> Option<&str> {
    let name = name.trim();
    let fits = (1..=NAME_MAX_CHARS).contains(&name.chars().count());
    (fits && !name.chars().any(char::is_control)).then_some(name)
}

/// The secret that the nodes of one cluster share.
#[derive(Clone)]
pub struct Secret(Hmac<Sha256>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// Makes a secret from any text.
    pub fn new(text: &str) -> Self {
        // HMAC takes a key of any length; the fallback is never reached.
        Self(Hmac::new_from_slice(text.as_bytes()).unwrap_or_else(|_| Hmac::new(&Default::default())))
    }

    /// A secret of this process alone: sessions continue on no other node.
    pub fn random() -> Self {
        Self::new(&format!("{:032x}", rand::random::<u128>()))
    }

    /// The token that continues an identity.
    pub fn sign(&self, identity: &Identity) -> String {
        // An identity is three strings, so serialising it cannot fail.
        let claims = serde_json::to_vec(identity).unwrap_or_default();
        let mut mac = self.0.clone();
        mac.update(&claims);
        let (claims, tag) =
            (URL_SAFE_NO_PAD.encode(claims), URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
        format!("{claims}.{tag}")
    }

    /// The identity that a token continues, if the token was signed with this secret.
    pub fn verify(&self, token: &str) -> Option<Identity> {
        let (claims, tag) = token.split_once('.')?;
        let (claims, tag) = (URL_SAFE_NO_PAD.decode(claims).ok()?, URL_SAFE_NO_PAD.decode(tag).ok()?);
        let mut mac = self.0.clone();
        mac.update(&claims);
        mac.verify_slice(&tag).ok()?;
        serde_json::from_slice(&claims).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_continues_the_identity_on_every_node_with_the_secret() {
        let ada = Identity { name: "Ada".into(), ..Identity::guest() };
        let token = Secret::new("s").sign(&ada);
        assert_eq!(Secret::new("s").verify(&token), Some(ada));
        assert_eq!(Secret::new("other").verify(&token), None);
    }

    #[test]
    fn nobody_can_forge_a_token() {
        let secret = Secret::new("s");
        let (ada, eve) = (secret.sign(&Identity::guest()), secret.sign(&Identity::guest()));
        let (ada_claims, eve_tag) = (ada.split_once('.').unwrap().0, eve.split_once('.').unwrap().1);
        for forged in
            [&format!("{ada_claims}.{eve_tag}"), ada_claims, &format!("{ada_claims}."), "", ".", "x.y"]
        {
            assert_eq!(secret.verify(forged), None, "{forged:?}");
        }
    }

    #[test]
    fn names() {
        assert_eq!(valid_name(" Ada "), Some("Ada"));
        assert_eq!(valid_name(&"é".repeat(32)), Some(&*"é".repeat(32)));
        for wrong in ["", "  ", "a\tb", "a\u{7f}b", &"é".repeat(33)] {
            assert_eq!(valid_name(wrong), None, "{wrong:?}");
        }
    }
}
