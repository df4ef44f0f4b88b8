//! How a server is spoken to: what is sent to it, and how its frames are read. The meaning of a text is not part of a
//! dialect.
//!
//! | file | what it is |
//! |---|---|
//! | `template` | a framing that the user describes |
//! | `read` | the file that describes it |
//! | `form` | text with places in it for a message's parts |

mod form;
mod read;
mod template;

use std::fmt;

pub use template::Template;

pub(super) use form::MessageParts;
pub(super) use template::ServerFrame;

use super::codec::{self, Outbound};
use super::error::LoadError;
use scenario::Transport;

/// The way in which a server is spoken to.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there is one a run")]
pub enum Dialect {
    /// Each frame is the bare text of a message, both ways. There is one room, everybody is in it as soon as the
    /// WebSocket is open, and nothing is answered.
    Plain,
    /// `pubsub-lab.v1`: JSON frames with rooms, answers and replays.
    V1,
    /// The framing of somebody else's server, described by a template.
    Template(Template),
}

impl Dialect {
    /// The dialect of this name, `plain` or `v1`.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "plain" => Some(Dialect::Plain),
            "v1" => Some(Dialect::V1),
            _ => None,
        }
    }

    /// Whether the server can be told which room is meant. If not, there is only one room.
    pub fn has_rooms(&self) -> bool {
        match self {
            Dialect::Plain => false,
            Dialect::V1 => true,
            Dialect::Template(template) => template.has_rooms(),
        }
    }

    /// Whether the server answers a publish. If not, every message sent stays `unknown`.
    pub fn has_answers(&self) -> bool {
        match self {
            Dialect::Plain => false,
            Dialect::V1 => true,
            Dialect::Template(template) => template.has_answers(),
        }
    }

    /// Checks whether subscribers can hear over this transport.
    ///
    /// # Errors
    /// When they cannot; the error says what to do.
    pub fn carries(&self, transport: Transport) -> Result<(), LoadError> {
        match (self, transport) {
            (Dialect::V1, _) | (_, Transport::Ws) => Ok(()),
            _ => Err(LoadError::Transport { dialect: self.to_string(), transport }),
        }
    }

    /// The subprotocol that is offered in `Sec-WebSocket-Protocol`.
    pub(super) fn subprotocol(&self) -> Option<&str> {
        match self {
            Dialect::Plain => None,
            Dialect::V1 => Some(codec::DIALECT),
            Dialect::Template(template) => template.subprotocol(),
        }
    }

    /// The frame that publishes a message.
    pub(super) fn publish(&self, parts: &MessageParts<'_>) -> String {
        match self {
            Dialect::Plain => parts.text.to_owned(),
            Dialect::V1 => Outbound::Publish { room: parts.room, id: parts.id, text: parts.text }.encode(),
            Dialect::Template(template) => template.publish(parts),
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dialect::Plain => f.write_str("plain"),
            Dialect::V1 => f.write_str("v1"),
            Dialect::Template(template) => f.write_str(template.source()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_dialects_have_names() {
        for name in ["plain", "v1"] {
            assert_eq!(Dialect::named(name).unwrap().to_string(), name);
        }
        assert_eq!(Dialect::named("chat.toml"), None);
    }

    #[test]
    fn a_message_is_these_very_bytes() {
        let parts = MessageParts { text: "a \"<b>\\ é", room: "room-0", id: "17", name: "pub-1" };
        assert_eq!(Dialect::Plain.publish(&parts), "a \"<b>\\ é");
        let v1 = r#"{"type":"publish","room":"room-0","id":"17","text":"a \"<b>\\ é"}"#;
        assert_eq!(Dialect::V1.publish(&parts), v1);
    }

    #[test]
    fn plain_offers_nothing_and_knows_neither_rooms_nor_answers() {
        let of = |dialect: Dialect| {
            (dialect.subprotocol().map(str::to_owned), dialect.has_rooms(), dialect.has_answers())
        };
        assert_eq!(of(Dialect::Plain), (None, false, false));
        assert_eq!(of(Dialect::V1), (Some("pubsub-lab.v1".into()), true, true));
    }
}
