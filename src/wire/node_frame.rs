//! What a node tells a client in the dialect `pubsub-lab.v1`. See the table in the README.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// The WebSocket subprotocol that selects this dialect.
pub const V1: &str = "pubsub-lab.v1";

/// How much of what a client missed was replayed to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Recovered {
    /// The replay was complete: the client now has every message of the room since `after`.
    All,
    /// The replay told some of the messages since `after`, and others are missing.
    Part,
    /// Nothing was replayed: the client asked for nothing, the pattern keeps no history, or the history does not
    /// answer now.
    None,
}

/// How far a published message is known to have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The broker, or the socket, took the message. Nothing more is promised.
    Handed,
    /// The broker has written the message down durably.
    Confirmed,
}

/// Whether a node's bus works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum BusState {
    /// The node hears the others, and they hear it.
    Up,
    /// Nothing comes in, nothing goes out, or neither.
    Down,
}

/// One of the people in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Person<'a> {
    /// The name under which the others see the person.
    pub name: &'a str,
    /// The colour of the name, as `#rrggbb`.
    pub colour: &'a str,
    /// The person's session, which is also the first part of the id of each message that the person sends.
    pub id: &'a str,
}

/// A frame from a node to its client. The fields mean what the README's table of the dialect says.
#[expect(missing_docs, reason = "each variant's own line names its fields")]
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum NodeFrame<'a> {
    /// Who the client is here. `session` is a token that continues this identity on any node of the cluster, and
    /// `rooms` are those in which the session was when it was last heard of.
    Welcome {
        node: &'a str,
        pattern: &'a str,
        name: &'a str,
        colour: &'a str,
        session: &'a str,
        rooms: Vec<&'a str>,
    },
    /// The client's new token, in place of every earlier one: its rooms have changed, or the last token grows old.
    Session { session: &'a str },
    /// The client is in the room: the broker has confirmed the node's subscription.
    Subscribed { room: &'a str, members: usize, recovered: Recovered },
    /// The client no longer hears the room.
    Unsubscribed { room: &'a str },
    /// The node or the broker took the publish, which does not mean that anybody received it.
    Ack { id: &'a str, level: Level },
    /// The publish was certainly not sent, for the reason given.
    Refused { id: &'a str, code: &'a str, reason: &'a str },
    /// The publish was perhaps sent: nobody can tell.
    Unknown { id: &'a str, reason: &'a str },
    /// Somebody said something in a room. `sent_at` is in Unix milliseconds.
    Message { room: &'a str, id: &'a str, from: &'a str, colour: &'a str, text: &'a str, sent_at: u64 },
    /// One person said something to another; nobody else receives it. `from_id` and `to_id` are their sessions, `colour`
    /// is the sender's. `sent_at` is in Unix milliseconds.
    Whisper {
        id: &'a str,
        from: &'a str,
        from_id: &'a str,
        to: &'a str,
        to_id: &'a str,
        colour: &'a str,
        text: &'a str,
        sent_at: u64,
    },
    /// Somebody else is about to say something in a room. `id` is that person's session.
    Typing { room: &'a str, name: &'a str, colour: &'a str, id: &'a str },
    /// Somebody else in a room has another name or colour now. `id` is that person's session.
    Renamed { room: &'a str, id: &'a str, name: &'a str, colour: &'a str },
    /// Somebody else entered the room. `id` is that person's session, `members` the number of people in the room now.
    Joined { room: &'a str, name: &'a str, colour: &'a str, id: &'a str, members: usize },
    /// Somebody else left the room. `id` is that person's session, `members` the number of people in the room now.
    Left { room: &'a str, name: &'a str, colour: &'a str, id: &'a str, members: usize },
    /// The number of people in the room changed, and no `joined` or `left` says it.
    Members { room: &'a str, members: usize },
    /// Who is in the room: the answer to `people`.
    People { room: &'a str, people: Vec<Person<'a>> },
    /// The node's bus went down or is up again, at `since` in Unix milliseconds.
    Bus { state: BusState, since: u64 },
    /// Messages of the room that were sent after `since`, in Unix milliseconds, may not have reached this node.
    Gap { room: &'a str, since: u64, reason: &'a str },
    /// This client was too slow, and `missed` frames were dropped for it.
    Lagged { missed: u64 },
    /// A request of the client failed; the connection stays open.
    Error { code: &'a str, reason: &'a str },
}

impl NodeFrame<'_> {
    /// The frame as JSON text.
    pub fn json(&self) -> Bytes {
        // A frame has words, strings and integers only, so serialising it cannot fail.
        serde_json::to_vec(self).unwrap_or_default().into()
    }
}

/// The two persons of a `whisper` frame.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct WhisperEnds<'a> {
    /// The session of the person who whispered.
    #[serde(borrow)]
    pub from_id: Cow<'a, str>,
    /// The session of the person to whom the whisper goes.
    #[serde(borrow)]
    pub to_id: Cow<'a, str>,
}

/// The two persons of a `whisper` frame; `None` if the bytes are no such frame.
pub fn whisper_ends(whisper_frame: &[u8]) -> Option<WhisperEnds<'_>> {
    serde_json::from_slice(whisper_frame).ok()
}

/// A `message` frame as a replay sends it: with `"replay":true` as its last field. `None` if the bytes are no JSON
/// object.
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
    use crate::asyncapi_tests::assert_is_an_example;

    #[test]
    fn node_frames_are_these_bytes() {
        let room = "r";
        let (name, colour) = ("Ada", "#111111");
        let cases: [(NodeFrame<'_>, &str); 23] = [
            (
                NodeFrame::Welcome {
                    node: "n",
                    pattern: "redis",
                    name,
                    colour,
                    session: "to.ken",
                    rooms: vec![],
                },
                r##"{"type":"welcome","node":"n","pattern":"redis","name":"Ada","colour":"#111111","session":"to.ken","rooms":[]}"##,
            ),
            (
                NodeFrame::Welcome {
                    node: "n",
                    pattern: "redis",
                    name,
                    colour,
                    session: "to.ken",
                    rooms: vec!["b", "a"],
                },
                r##"{"type":"welcome","node":"n","pattern":"redis","name":"Ada","colour":"#111111","session":"to.ken","rooms":["b","a"]}"##,
            ),
            (NodeFrame::Session { session: "to.ken" }, r#"{"type":"session","session":"to.ken"}"#),
            (
                NodeFrame::Subscribed { room, members: 2, recovered: Recovered::None },
                r#"{"type":"subscribed","room":"r","members":2,"recovered":"none"}"#,
            ),
            (
                NodeFrame::Subscribed { room, members: 1, recovered: Recovered::All },
                r#"{"type":"subscribed","room":"r","members":1,"recovered":"all"}"#,
            ),
            (
                NodeFrame::Subscribed { room, members: 1, recovered: Recovered::Part },
                r#"{"type":"subscribed","room":"r","members":1,"recovered":"part"}"#,
            ),
            (NodeFrame::Unsubscribed { room }, r#"{"type":"unsubscribed","room":"r"}"#),
            (NodeFrame::Ack { id: "7", level: Level::Handed }, r#"{"type":"ack","id":"7","level":"handed"}"#),
            (
                NodeFrame::Ack { id: "7", level: Level::Confirmed },
                r#"{"type":"ack","id":"7","level":"confirmed"}"#,
            ),
            (
                NodeFrame::Refused { id: "7", code: "too_long", reason: "why" },
                r#"{"type":"refused","id":"7","code":"too_long","reason":"why"}"#,
            ),
            (NodeFrame::Unknown { id: "7", reason: "why" }, r#"{"type":"unknown","id":"7","reason":"why"}"#),
            (
                NodeFrame::Message {
                    room,
                    id: "00000000000000ad.1",
                    from: name,
                    colour,
                    text: "\"<b>",
                    sent_at: 5,
                },
                r##"{"type":"message","room":"r","id":"00000000000000ad.1","from":"Ada","colour":"#111111","text":"\"<b>","sent_at":5}"##,
            ),
            (
                NodeFrame::Whisper {
                    id: "00000000000000ad.1",
                    from: name,
                    from_id: "00000000000000ad",
                    to: "Bob",
                    to_id: "00000000000000b0",
                    colour,
                    text: "\"<b>",
                    sent_at: 5,
                },
                r##"{"type":"whisper","id":"00000000000000ad.1","from":"Ada","from_id":"00000000000000ad","to":"Bob","to_id":"00000000000000b0","colour":"#111111","text":"\"<b>","sent_at":5}"##,
            ),
            (
                NodeFrame::Typing { room, name, colour, id: "00000000000000ad" },
                r##"{"type":"typing","room":"r","name":"Ada","colour":"#111111","id":"00000000000000ad"}"##,
            ),
            (
                NodeFrame::Renamed { room, id: "00000000000000ad", name, colour },
                r##"{"type":"renamed","room":"r","id":"00000000000000ad","name":"Ada","colour":"#111111"}"##,
            ),
            (
                NodeFrame::Joined { room, name, colour, id: "00000000000000ad", members: 2 },
                r##"{"type":"joined","room":"r","name":"Ada","colour":"#111111","id":"00000000000000ad","members":2}"##,
            ),
            (
                NodeFrame::Left { room, name, colour, id: "00000000000000ad", members: 1 },
                r##"{"type":"left","room":"r","name":"Ada","colour":"#111111","id":"00000000000000ad","members":1}"##,
            ),
            (NodeFrame::Members { room, members: 300 }, r#"{"type":"members","room":"r","members":300}"#),
            (
                NodeFrame::People { room, people: vec![Person { name, colour, id: "00000000000000ad" }] },
                r##"{"type":"people","room":"r","people":[{"name":"Ada","colour":"#111111","id":"00000000000000ad"}]}"##,
            ),
            (
                NodeFrame::Bus { state: BusState::Down, since: 5 },
                r#"{"type":"bus","state":"down","since":5}"#,
            ),
            (
                NodeFrame::Gap { room, since: 5, reason: "why" },
                r#"{"type":"gap","room":"r","since":5,"reason":"why"}"#,
            ),
            (NodeFrame::Lagged { missed: 3 }, r#"{"type":"lagged","missed":3}"#),
            (
                NodeFrame::Error { code: "bad_room", reason: "why" },
                r#"{"type":"error","code":"bad_room","reason":"why"}"#,
            ),
        ];
        for (frame, expected) in cases {
            assert_eq!(frame.json(), expected.as_bytes());
            assert_is_an_example(expected);
        }
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
    fn a_whisper_names_its_two_ends() {
        let frame = br#"{"type":"whisper","from_id":"5e","to_id":"b0","text":"x"}"#;
        let ends = WhisperEnds { from_id: "5e".into(), to_id: "b0".into() };
        assert_eq!(whisper_ends(frame), Some(ends));
        assert_eq!(whisper_ends(br#"{"type":"whisper","from_id":"5e"}"#), None);
    }

    #[test]
    fn the_plain_text_of_a_message() {
        assert_eq!(text_of(br#"{"type":"message","text":"a\"b"}"#).as_deref(), Some("a\"b"));
        assert_eq!(text_of(b"{}"), None);
    }
}
