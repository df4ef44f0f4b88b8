//! The tokens by which clients continue their sessions, and the secret that signs them.
//!
//! A token is a JSON object with its HMAC-SHA256 under the cluster's secret, so nobody can take the id (and with it the
//! message ids) of somebody else. Nodes of another secret take none of its tokens: to change it revokes them all.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::identity::Identity;
use wire::Room;

/// The version of what tokens claim. Tokens before version 2 had no end and no rooms.
const VERSION: u32 = 2;

/// What a token says of its session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    #[serde(rename = "v", default)]
    version: u32,
    /// The public id of the session.
    pub id: Arc<str>,
    /// What continues besides the id; `None` if the cluster's store has it.
    #[serde(flatten)]
    pub kept: Option<Kept>,
    /// When the token ends, in Unix milliseconds; `None` if the cluster's store knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
}

/// What a client gets back with its session, besides the id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The name under which the others see the session.
    pub name: Arc<str>,
    /// The colour of the name, as `#rrggbb`.
    pub colour: Arc<str>,
    /// The rooms in which the session is, in the order in which it entered them.
    pub rooms: Vec<Arc<str>>,
}

impl Kept {
    /// What is kept of a session: of its rooms as many as take no more than `most` bytes as JSON, those entered first.
    pub fn of<'r>(identity: &Identity, rooms: impl Iterator<Item = &'r Room>, most: usize) -> Self {
        let mut bytes = 0;
        let fits = |room: &&Room| {
            // The two quotes and the comma of a room.
            bytes += serde_json::to_string(room.as_str()).map_or(0, |json| json.len()) + 1;
            bytes <= most
        };
        let rooms = rooms.take_while(fits).map(|room| room.as_str().into()).collect();
        Self { name: identity.name.clone(), colour: identity.colour.clone(), rooms }
    }

    /// The identity of the session with this id; `None` if no node can have written this.
    pub fn identity(&self, id: Arc<str>) -> Option<Identity> {
        let identity = Identity { id, name: self.name.clone(), colour: self.colour.clone() };
        identity.is_presentable().then_some(identity)
    }

    /// The rooms, in the order in which the session entered them.
    pub fn rooms(&self) -> impl Iterator<Item = Room> {
        self.rooms.iter().filter_map(|name| Room::parse(name).ok())
    }
}

impl Claims {
    /// The claims of a token that has everything in it, and ends at `expires`, in Unix milliseconds.
    pub fn whole(id: Arc<str>, kept: Kept, expires: u64) -> Self {
        Self { version: VERSION, id, kept: Some(kept), expires: Some(expires) }
    }

    /// The claims of a token whose session the cluster's store keeps.
    pub fn id_alone(id: Arc<str>) -> Self {
        Self { version: VERSION, id, kept: None, expires: None }
    }
}

/// Why a token continues no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worthless {
    /// It is no token at all, or one of another version.
    Unreadable,
    /// The token was not signed with the secret of this cluster, or was changed since.
    NotOurs,
    /// It ended so long ago.
    Expired(Duration),
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

    /// The token with these claims.
    pub fn sign(&self, claims: &Claims) -> String {
        // Strings and numbers can always be serialised.
        let claims = serde_json::to_vec(claims).unwrap_or_default();
        let mut mac = self.0.clone();
        mac.update(&claims);
        let (claims, tag) =
            (URL_SAFE_NO_PAD.encode(claims), URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
        format!("{claims}.{tag}")
    }

    /// What a token claims, if it was signed with this secret and has not ended at `now`, in Unix milliseconds.
    pub fn verify(&self, token: &str, now: u64) -> Result<Claims, Worthless> {
        let (claims, tag) = token.split_once('.').ok_or(Worthless::Unreadable)?;
        let decoded = |part| URL_SAFE_NO_PAD.decode(part).map_err(|_| Worthless::Unreadable);
        let (claims, tag) = (decoded(claims)?, decoded(tag)?);
        let mut mac = self.0.clone();
        mac.update(&claims);
        mac.verify_slice(&tag).map_err(|_| Worthless::NotOurs)?;
        let claims: Claims = serde_json::from_slice(&claims).map_err(|_| Worthless::Unreadable)?;
        if claims.version != VERSION {
            return Err(Worthless::Unreadable);
        }
        match claims.expires.and_then(|end| now.checked_sub(end)) {
            Some(ago) => Err(Worthless::Expired(Duration::from_millis(ago))),
            None => Ok(claims),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A moment before the end of the tokens of these tests, in Unix milliseconds.
    const NOW: u64 = 1_800_000_000_000;
    const END: u64 = NOW + 1;

    fn rooms(names: &[&str]) -> Vec<Room> {
        names.iter().map(|name| Room::parse(name).unwrap()).collect()
    }

    fn claims(expires: u64) -> Claims {
        let ada = Identity { name: "Ada".into(), ..Identity::guest() };
        Claims::whole(ada.id.clone(), Kept::of(&ada, rooms(&["b", "a"]).iter(), 100), expires)
    }

    /// A token with this text in the place of its claims, signed with the secret.
    fn signed(secret: &Secret, claims: &str) -> String {
        let mut mac = secret.0.clone();
        mac.update(claims.as_bytes());
        let tag = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        format!("{}.{tag}", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_token_continues_the_session_on_every_node_with_the_secret() {
        let whole = claims(END);
        let token = Secret::new("s").sign(&whole);
        assert_eq!(Secret::new("s").verify(&token, NOW), Ok(whole.clone()));
        assert_eq!(Secret::new("other").verify(&token, NOW), Err(Worthless::NotOurs));
        let kept = whole.kept.unwrap();
        assert_eq!(kept.rooms().collect::<Vec<_>>(), rooms(&["b", "a"]));
        assert_eq!(
            kept.identity("5e".into()).map(|ada| (ada.id, ada.name)),
            Some(("5e".into(), "Ada".into()))
        );
        let id_alone = Claims::id_alone("5e".into());
        assert_eq!(Secret::new("s").verify(&Secret::new("s").sign(&id_alone), NOW), Ok(id_alone));
    }

    #[test]
    fn a_token_is_these_claims_in_base64_and_its_tag() {
        let kept = Kept { name: "Ada".into(), colour: "#111111".into(), rooms: vec!["a".into()] };
        let claims = Claims { version: VERSION, id: "5e".into(), kept: Some(kept), expires: Some(7) };
        let token = Secret::new("s").sign(&claims);
        let bytes = URL_SAFE_NO_PAD.decode(token.split_once('.').unwrap().0).unwrap();
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            r##"{"v":2,"id":"5e","name":"Ada","colour":"#111111","rooms":["a"],"expires":7}"##
        );
        let alone = Secret::new("s").sign(&Claims::id_alone("5e".into()));
        assert_eq!(alone, signed(&Secret::new("s"), r#"{"v":2,"id":"5e"}"#));
    }

    #[test]
    fn nobody_can_forge_a_token() {
        let secret = Secret::new("s");
        let (ada, eve) = (secret.sign(&claims(END)), secret.sign(&claims(END)));
        let (ada_claims, eve_tag) = (ada.split_once('.').unwrap().0, eve.split_once('.').unwrap().1);
        for (forged, why) in [
            (&*format!("{ada_claims}.{eve_tag}"), Worthless::NotOurs),
            (&*format!("{ada_claims}."), Worthless::NotOurs),
            (".", Worthless::NotOurs),
            (ada_claims, Worthless::Unreadable),
            ("", Worthless::Unreadable),
            ("x.y", Worthless::Unreadable),
        ] {
            assert_eq!(secret.verify(forged, NOW), Err(why), "{forged:?}");
        }
    }

    #[test]
    fn what_another_version_signed_is_not_read() {
        let secret = Secret::new("s");
        for of_old in [
            r##"{"id":"5e","name":"Ada","colour":"#111111"}"##,
            r##"{"v":3,"id":"5e","name":"Ada","colour":"#111111","rooms":[],"expires":99999999999999}"##,
            r#"{"v":2}"#,
            "[]",
            "",
        ] {
            assert_eq!(secret.verify(&signed(&secret, of_old), NOW), Err(Worthless::Unreadable), "{of_old}");
        }
    }

    #[test]
    fn a_token_has_an_end() {
        let secret = Secret::new("s");
        let token = secret.sign(&claims(END));
        assert!(secret.verify(&token, END - 1).is_ok());
        for (now, ago) in [(END, 0), (END + 5_000, 5_000)] {
            assert_eq!(secret.verify(&token, now), Err(Worthless::Expired(Duration::from_millis(ago))));
        }
    }

    #[test]
    fn the_rooms_entered_first_are_kept_as_far_as_there_is_space() {
        let (ada, all) = (Identity::guest(), rooms(&["aa", "é", "\"", "d"]));
        let kept = |most| Kept::of(&ada, all.iter(), most).rooms;
        let all =
            |count: usize| all[..count].iter().map(|room| room.as_str().into()).collect::<Vec<Arc<str>>>();
        // As JSON: `"aa",` has 5 bytes, `"é",` 5, `"\"",` 5 and `"d",` 4.
        for (most, count) in [(0, 0), (4, 0), (5, 1), (9, 1), (10, 2), (15, 3), (18, 3), (19, 4), (4096, 4)] {
            assert_eq!(kept(most), all(count), "{most} bytes");
        }
    }

    #[test]
    fn what_nobody_can_be_called_is_nobody() {
        let kept =
            Kept { name: "\n".into(), colour: "#111111".into(), rooms: vec!["$roster".into(), "a".into()] };
        assert_eq!(kept.identity("5e".into()), None);
        assert_eq!(
            kept.rooms().collect::<Vec<_>>(),
            rooms(&["a"]),
            "a room of the nodes is no room of a client"
        );
    }
}
