//! The frames of dialect `pubsub-lab.v1`, as a client writes and reads them.
//!
//! This codec is the instrument's own and shares no code with what it measures, so that a mistake in the nodes' codec
//! cannot hide in both.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// The dialect's name in `Sec-WebSocket-Protocol`.
pub(super) const DIALECT: &str = "pubsub-lab.v1";

/// A frame from a client to its node.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Outbound<'a> {
    /// `hello`: the client gives its name, or continues an earlier session.
    Hello {
        /// The name under which the client appears.
        name: &'a str,
        /// The token of the last `welcome`.
        #[serde(skip_serializing_if = "Option::is_none")]
        session: Option<&'a str>,
        /// `false` beside a token: the load enters the rooms by itself, each with the last message that it has.
        #[serde(skip_serializing_if = "Option::is_none")]
        rooms: Option<bool>,
    },
    /// `subscribe`: the client asks for a room's messages.
    Subscribe {
        /// The name of the room.
        room: &'a str,
        /// The id of the last message that this client has, if any.
        #[serde(skip_serializing_if = "Option::is_none")]
        after: Option<&'a str>,
    },
    /// `people`: the client asks who is in a room.
    People {
        /// The name of the room.
        room: &'a str,
    },
    /// `publish`: the client says something in a room.
    Publish {
        /// The name of the room.
        room: &'a str,
        /// The client's own id for this message.
        id: &'a str,
        /// The text of the message.
        text: &'a str,
    },
}

impl<'a> Outbound<'a> {
    /// The first frame of a connection: under this name, and as the session of this token if there is one.
    pub(super) fn hello(name: &'a str, session: Option<&'a str>) -> Self {
        Self::Hello { name, session, rooms: session.map(|_| false) }
    }

    /// The frame as JSON text.
    pub(super) fn encode(&self) -> String {
        // Strings and options of strings can always be serialised.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A frame from a node, with every field that a client may look at. A field is empty where the frame has none, and
/// borrowed from the frame wherever nothing had to be unescaped.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Inbound<'a> {
    /// The type of the frame: `welcome`, `message` and so on.
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'a, str>,
    /// The id of the message, in `message`, `ack`, `refused` and `unknown`.
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    /// The room, in `message` and `subscribed`.
    #[serde(borrow)]
    pub(super) room: Cow<'a, str>,
    /// The text, in `message`.
    #[serde(borrow)]
    pub(super) text: Cow<'a, str>,
    /// The token with which another connection continues the same session, in `welcome`.
    #[serde(borrow)]
    pub(super) session: Cow<'a, str>,
    /// The pattern of the node, in `welcome`.
    #[serde(borrow)]
    pub(super) pattern: Cow<'a, str>,
    /// How far the message is known to have come, `handed` or `confirmed`, in `ack`.
    #[serde(borrow)]
    pub(super) level: Cow<'a, str>,
    /// The code of the failure, in `refused` and `error`.
    #[serde(borrow)]
    pub(super) code: Cow<'a, str>,
    /// The reason as a sentence, in `refused`, `unknown`, `gap` and `error`.
    #[serde(borrow)]
    pub(super) reason: Cow<'a, str>,
    /// How much of what was missed was replayed, `all`, `part` or `none`, in `subscribed`.
    #[serde(borrow)]
    pub(super) recovered: Cow<'a, str>,
    /// Number of frames that the node dropped for this client, in `lagged`.
    pub(super) missed: u64,
    /// Since when something may be missing, in Unix milliseconds, in `gap`.
    pub(super) since: u64,
    /// Whether the message comes from the history, in `message`.
    pub(super) replay: bool,
}

impl<'a> Inbound<'a> {
    /// Reads a frame; `None` if it is not one of the dialect.
    pub(super) fn decode(frame: &'a str) -> Option<Self> {
        serde_json::from_str(frame).ok().filter(|frame: &Self| !frame.kind.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outbound_frames_are_these_very_bytes() {
        let hello = Outbound::hello("sub-1", None);
        assert_eq!(hello.encode(), r#"{"type":"hello","name":"sub-1"}"#);
        let again = Outbound::hello("sub-1", Some("to.ken"));
        assert_eq!(again.encode(), r#"{"type":"hello","name":"sub-1","session":"to.ken","rooms":false}"#);
        let subscribe = Outbound::Subscribe { room: "room-0", after: None };
        assert_eq!(subscribe.encode(), r#"{"type":"subscribe","room":"room-0"}"#);
        let resume = Outbound::Subscribe { room: "room-0", after: Some("s1.7") };
        assert_eq!(resume.encode(), r#"{"type":"subscribe","room":"room-0","after":"s1.7"}"#);
        let people = Outbound::People { room: "room-0" };
        assert_eq!(people.encode(), r#"{"type":"people","room":"room-0"}"#);
        let publish = Outbound::Publish { room: "room-0", id: "17", text: "a \"<b>\\ é" };
        assert_eq!(publish.encode(), r#"{"type":"publish","room":"room-0","id":"17","text":"a \"<b>\\ é"}"#);
    }

    #[test]
    fn a_message_is_read_without_a_copy() {
        let frame = concat!(
            r##"{"type":"message","room":"room-0","id":"s1.7","from":"pub-0","colour":"#aabbcc","##,
            r##""text":"hé <b>","sent_at":1700000000000}"##
        );
        let message = Inbound::decode(frame).unwrap();
        let expected = Inbound {
            kind: "message".into(),
            room: "room-0".into(),
            id: "s1.7".into(),
            text: "hé <b>".into(),
            ..Inbound::default()
        };
        assert_eq!(message, expected);
        let borrowed =
            [&message.text, &message.kind, &message.id].map(|field| matches!(field, Cow::Borrowed(_)));
        assert_eq!(borrowed, [true; 3]);
    }

    #[test]
    fn escapes_are_undone_and_order_and_unknown_fields_do_not_matter() {
        let frame =
            r#"{"text":"\"\u00e9\\\u003c","new":[1,{"a":null}],"replay":true,"room":"r","type":"message"}"#;
        let message = Inbound::decode(frame).unwrap();
        assert_eq!((&*message.text, message.replay, &*message.kind), ("\"é\\<", true, "message"));
    }

    #[test]
    fn answers() {
        let ack = Inbound::decode(r#"{"type":"ack","id":"17","level":"handed"}"#).unwrap();
        assert_eq!((&*ack.kind, &*ack.id, &*ack.level), ("ack", "17", "handed"));
        let refused =
            Inbound::decode(r#"{"type":"refused","id":"17","code":"bus_down","reason":"no bus"}"#).unwrap();
        assert_eq!((&*refused.code, &*refused.reason), ("bus_down", "no bus"));
        let welcome = Inbound::decode(
            r#"{"type":"welcome","node":"n1","pattern":"redis","name":"sub-1","colour":"red","session":"to.ken"}"#,
        )
        .unwrap();
        assert_eq!((&*welcome.session, &*welcome.pattern), ("to.ken", "redis"));
        let lagged = Inbound::decode(r#"{"type":"lagged","missed":12}"#).unwrap();
        assert_eq!(lagged.missed, 12);
        let subscribed = Inbound::decode(
            r#"{"type":"subscribed","room":"room-0","members":["a","b"],"recovered":"none"}"#,
        );
        let subscribed = subscribed.unwrap();
        assert_eq!((&*subscribed.room, &*subscribed.recovered), ("room-0", "none"));
    }

    #[test]
    fn frames_of_which_the_load_looks_at_the_type_alone_are_read_too() {
        for (frame, kind) in [
            (r#"{"type":"bus","state":"down","since":1700000000000}"#, "bus"),
            (r#"{"type":"gap","room":"r","since":1700000000000,"reason":"why"}"#, "gap"),
            (r##"{"type":"joined","room":"r","name":"A","colour":"#1","id":"5e","members":2}"##, "joined"),
            (r#"{"type":"members","room":"r","members":300}"#, "members"),
            (r##"{"type":"people","room":"r","people":[{"name":"A","colour":"#1","id":"5e"}]}"##, "people"),
        ] {
            assert_eq!(Inbound::decode(frame).unwrap().kind, kind);
        }
    }

    #[test]
    fn what_is_not_the_dialect_is_none() {
        for frame in ["", "hello", "[]", "{}", r#"{"type":7}"#, r#"{"type":"message","text":"#] {
            assert_eq!(Inbound::decode(frame), None, "{frame:?}");
        }
    }
}
