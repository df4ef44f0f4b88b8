//! The dialect `pubsub-lab.v1`: JSON text frames, tagged by `type`. See the table in the README.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// The WebSocket subprotocol that selects this dialect.
pub const V1: &str = "pubsub-lab.v1";

/// What a client says, before its `type` is looked at: every field that any type may have.
#[derive(Debug, Deserialize)]
pub struct ClientFrame<'a> {
    /// `hello`, `subscribe`, `unsubscribe` or `publish`.
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'a, str>,
    /// `hello`: how to be called.
    #[serde(borrow)]
    pub name: Option<Cow<'a, str>>,
    /// `hello`: the token of an earlier `welcome`.
    #[serde(borrow)]
    pub session: Option<Cow<'a, str>>,
    /// The room that it is about.
    #[serde(borrow)]
    pub room: Option<Cow<'a, str>>,
    /// `publish`: what is said.
    #[serde(borrow)]
    pub text: Option<Cow<'a, str>>,
    /// `publish`: the client's own id for it.
    #[serde(borrow)]
    pub id: Option<Cow<'a, str>>,
    /// `publish`: `all` (the default) or `others`.
    #[serde(borrow)]
    pub to: Option<Cow<'a, str>>,
    /// `subscribe`: the last message id that the client holds.
    #[serde(borrow)]
    pub after: Option<Cow<'a, str>>,
}

/// How much of what a client missed was replayed to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Recovered {
    /// Everything since `after`.
    All,
    /// Some of it.
    Part,
    /// Nothing: none was asked for, or the pattern keeps no history.
    None,
}

/// What a node says. The fields mean what the README's table of the dialect says.
#[expect(missing_docs, reason = "each variant's own line names its fields")]
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum NodeFrame<'a> {
    /// Who the client is here. `session` is a token that continues this identity on any node of the cluster.
    Welcome { node: &'a str, pattern: &'a str, name: &'a str, colour: &'a str, session: &'a str },
    /// The broker has confirmed the room.
    Subscribed { room: &'a str, members: usize, recovered: Recovered },
    /// The client no longer hears the room.
    Unsubscribed { room: &'a str },
    /// The publish was taken; not a delivery. `level` is `handed` or `confirmed`.
    Ack { id: &'a str, level: &'a str },
    /// The publish was certainly not sent.
    Refused { id: &'a str, code: &'a str, reason: &'a str },
    /// The publish was perhaps sent.
    Unknown { id: &'a str, reason: &'a str },
    /// Somebody said something. `sent_at` is Unix milliseconds.
    Message { room: &'a str, id: &'a str, from: &'a str, colour: &'a str, text: &'a str, sent_at: u64 },
    /// Somebody else came.
    Joined { room: &'a str, name: &'a str, colour: &'a str },
    /// Somebody else went.
    Left { room: &'a str, name: &'a str, colour: &'a str },
    /// This client was too slow: so many frames were dropped for it.
    Lagged { missed: u64 },
    /// Something was wrong; the connection stays.
    Error { code: &'a str, reason: &'a str },
}

impl NodeFrame<'_> {
    /// The JSON text.
    pub fn json(&self) -> Bytes {
        // Strings and integers only: serialising them cannot fail.
        serde_json::to_vec(self).unwrap_or_default().into()
    }
}

/// A `message` frame as a replay tells it: with `"replay":true` as its last field. `None` if it is no JSON object.
pub fn replayed(message_frame: &[u8]) -> Option<Bytes> {
    let fields = message_frame.strip_suffix(b"}").filter(|fields| fields.starts_with(b"{\""))?;
    Some([fields, br#","replay":true}"#].concat().into())
}

/// The bare text of a `message` frame, for clients of the plain dialect.
pub fn text_of(message_frame: &[u8]) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Text<'a> {
        #[serde(borrow)]
        text: Cow<'a, str>,
    }
    serde_json::from_slice::<Text<'_>>(message_frame).ok().map(|frame| frame.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_frames_are_these_bytes() {
        let cases: [(NodeFrame<'_>, &str); 4] = [
            (
                NodeFrame::Subscribed { room: "lobby", members: 2, recovered: Recovered::None },
                r#"{"type":"subscribed","room":"lobby","members":2,"recovered":"none"}"#,
            ),
            (NodeFrame::Ack { id: "7", level: "handed" }, r#"{"type":"ack","id":"7","level":"handed"}"#),
            (NodeFrame::Lagged { missed: 3 }, r#"{"type":"lagged","missed":3}"#),
            (
                NodeFrame::Message {
                    room: "r",
                    id: "s.1",
                    from: "Ada",
                    colour: "#111111",
                    text: "\"<b>",
                    sent_at: 5,
                },
                r##"{"type":"message","room":"r","id":"s.1","from":"Ada","colour":"#111111","text":"\"<b>","sent_at":5}"##,
            ),
        ];
        for (frame, expected) in cases {
            assert_eq!(frame.json(), expected.as_bytes());
        }
    }

    #[test]
    fn client_frames_ignore_what_they_do_not_know() {
        let frame: ClientFrame<'_> =
            serde_json::from_str(r#"{"type":"publish","room":"r","text":"a\nb","id":"1","later":{}}"#)
                .unwrap();
        assert_eq!(
            (&*frame.kind, frame.text.as_deref(), frame.id.as_deref()),
            ("publish", Some("a\nb"), Some("1"))
        );
    }

    #[test]
    fn a_replayed_message_says_so() {
        assert_eq!(
            replayed(br#"{"type":"message","text":"a}"}"#).as_deref(),
            Some(&br#"{"type":"message","text":"a}","replay":true}"#[..])
        );
        for wrong in ["", "{", "}", "{}", "[1]", "{\"a\":1"] {
            assert_eq!(replayed(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn the_plain_text_of_a_message() {
        assert_eq!(text_of(br#"{"type":"message","text":"a\"b"}"#).as_deref(), Some("a\"b"));
        assert_eq!(text_of(b"{}"), None);
    }
}
