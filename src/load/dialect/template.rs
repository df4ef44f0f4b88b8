//! The framing of somebody else's server, as the user describes it.

use serde_json::Value;

use super::form::{FrameForm, MessageParts, Slot};

/// The framing of somebody else's server. [`Template::parse`] reads it from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    pub(super) source: String,
    /// The frames that a client sends as soon as its WebSocket is open.
    pub(super) connect: Vec<FrameForm>,
    pub(super) publish: FrameForm,
    pub(super) place: TextPlace,
    pub(super) ready: Option<Match>,
    pub(super) ack: Option<Ack>,
    pub(super) subprotocol: Option<String>,
}

/// Where the text is in a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TextPlace {
    /// The whole frame is the text.
    Whole,
    /// The text is at this JSON pointer.
    Pointer(String),
    /// The text begins after the first `prefix` and ends before the last `suffix`.
    Between { prefix: String, suffix: String },
}

/// A condition on a frame: it has this value at this place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Match {
    /// The JSON pointer of the value.
    pub(super) pointer: String,
    pub(super) equals: Value,
}

/// How an answer to a publish is recognised.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ack {
    pub(super) matches: Match,
    /// The JSON pointer of the id under which the message was sent.
    pub(super) id: String,
}

/// A received frame, read as far as the template needs it.
#[derive(Debug)]
pub(crate) struct ServerFrame<'a> {
    raw: &'a str,
    json: Option<Value>,
}

impl Match {
    fn holds(&self, frame: &ServerFrame<'_>) -> bool {
        frame.at(&self.pointer) == Some(&self.equals)
    }
}

impl ServerFrame<'_> {
    /// The frame as it was received.
    pub(crate) fn raw(&self) -> &str {
        self.raw
    }

    fn at(&self, pointer: &str) -> Option<&Value> {
        self.json.as_ref()?.pointer(pointer)
    }
}

impl Template {
    /// The name of the file from which the template was read.
    pub fn source(&self) -> &str {
        &self.source
    }

    pub(super) fn has_rooms(&self) -> bool {
        self.connect.iter().chain([&self.publish]).any(|form| form.has(Slot::Room))
    }

    pub(super) fn has_answers(&self) -> bool {
        self.ack.is_some()
    }

    pub(super) fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    pub(super) fn publish(&self, parts: &MessageParts<'_>) -> String {
        self.publish.fill(parts)
    }

    /// The frames that a client of this name sends as soon as its WebSocket is open. A frame that names a room is
    /// sent once for each room.
    pub(crate) fn connect(&self, name: &str, rooms: &[String]) -> Vec<String> {
        let fill = |form: &FrameForm| {
            let times = if form.has(Slot::Room) { rooms.len() } else { 1 };
            let room = |n: usize| rooms.get(n).map_or("", String::as_str);
            let parts = |n| MessageParts { name, room: room(n), ..MessageParts::default() };
            (0..times).map(|n| form.fill(&parts(n))).collect::<Vec<_>>()
        };
        self.connect.iter().flat_map(fill).collect()
    }

    /// Whether a client is ready only after the server says so.
    pub(crate) fn waits(&self) -> bool {
        self.ready.is_some()
    }

    /// Reads a frame.
    pub(crate) fn read<'a>(&self, raw: &'a str) -> ServerFrame<'a> {
        let speaks_json =
            matches!(self.place, TextPlace::Pointer(_)) || self.ready.is_some() || self.ack.is_some();
        ServerFrame { raw, json: speaks_json.then(|| serde_json::from_str(raw).ok()).flatten() }
    }

    /// The text in a frame, if there is one.
    pub(crate) fn text<'f>(&self, frame: &'f ServerFrame<'_>) -> Option<&'f str> {
        match &self.place {
            TextPlace::Whole => Some(frame.raw),
            TextPlace::Pointer(pointer) => frame.at(pointer)?.as_str(),
            TextPlace::Between { prefix, suffix } => {
                let start = frame.raw.find(prefix)? + prefix.len();
                let rest = &frame.raw[start..];
                Some(&rest[..rest.rfind(suffix)?])
            }
        }
    }

    /// Whether a frame says that the client is ready.
    pub(crate) fn is_ready(&self, frame: &ServerFrame<'_>) -> bool {
        self.ready.as_ref().is_some_and(|ready| ready.holds(frame))
    }

    /// Whether a frame is the answer to some publish.
    pub(crate) fn is_ack(&self, frame: &ServerFrame<'_>) -> bool {
        self.ack.as_ref().is_some_and(|ack| ack.matches.holds(frame))
    }

    /// The id of the message that a frame answers.
    pub(crate) fn acked(&self, frame: &ServerFrame<'_>) -> Option<usize> {
        let ack = self.ack.as_ref().filter(|ack| ack.matches.holds(frame))?;
        match frame.at(&ack.id)? {
            Value::Number(number) => usize::try_from(number.as_u64()?).ok(),
            Value::String(digits) => digits.parse().ok(),
            _ => None,
        }
    }

    /// Whether every frame with a text should be JSON.
    pub(crate) fn is_of_json(&self) -> bool {
        matches!(self.place, TextPlace::Pointer(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(toml: &str) -> Template {
        Template::parse("chat.toml", toml).unwrap()
    }

    fn json() -> Template {
        template(
            r#"
            connect = ['{"op":"hi","name":"{name}"}', '{"op":"join","room":"{room}"}']
            publish = '{"op":"say","room":"{room}","id":{id},"text":{text_json}}'
            text = "/payload/text"
            ready = { pointer = "/op", equals = "joined" }
            ack = { pointer = "/ok", equals = true, id = "/id" }
            subprotocol = "chat.v2"
            "#,
        )
    }

    #[test]
    fn frames_out_are_these_very_bytes() {
        let parts = MessageParts { text: "a \"b\"\\", room: "room-1", id: "17", name: "pub-0" };
        let frame = r#"{"op":"say","room":"room-1","id":17,"text":"a \"b\"\\"}"#;
        assert_eq!(json().publish(&parts), frame);
        let rooms = ["room-0".to_owned(), "room-1".to_owned()];
        let frames = [
            r#"{"op":"hi","name":"pub-0"}"#,
            r#"{"op":"join","room":"room-0"}"#,
            r#"{"op":"join","room":"room-1"}"#,
        ];
        assert_eq!(json().connect("pub-0", &rooms), frames);
        assert_eq!(
            (json().subprotocol(), json().has_rooms(), json().has_answers()),
            (Some("chat.v2"), true, true)
        );
    }

    #[test]
    fn the_text_is_at_its_pointer() {
        let json = json();
        let text = |raw: &str| json.text(&json.read(raw)).map(str::to_owned);
        assert_eq!(text(r#"{"payload":{"text":"\u00e9 \"<\\"},"x":1}"#), Some("é \"<\\".into()));
        for none in
            ["", "x", "{}", r#"{"text":"a"}"#, r#"{"payload":{"text":7}}"#, r#"{"payload":{"text":"a""#]
        {
            assert_eq!(text(none), None, "{none:?}");
        }
        let list = template("publish = '{text}'\ntext = '/1/a~1b'");
        assert_eq!(list.text(&list.read(r#"["msg",{"a/b":"t"}]"#)), Some("t"));
        assert!(json.is_of_json() && !template("publish = '{text}'").is_of_json());
    }

    #[test]
    fn the_text_is_between_what_stands_around_it() {
        let around = template("publish = '{text}'\nprefix = ': '\nsuffix = '</p>'");
        let text = |raw: &str| around.text(&around.read(raw)).map(str::to_owned);
        assert_eq!(
            text("<p>Ada: a: </p> b</p>"),
            Some("a: </p> b".into()),
            "the first prefix, the last suffix"
        );
        assert_eq!(text("<p>Ada: a"), None);
        assert_eq!(text("a</p>"), None);
        let prefix = template("publish = '{text}'\nprefix = 'MSG '");
        assert_eq!(prefix.text(&prefix.read("MSG a b")), Some("a b"));
        let suffix = template("publish = '{text}'\nsuffix = '\\n'");
        assert_eq!(suffix.text(&suffix.read("a b\\n")), Some("a b"));
        let whole = template("publish = '/say {text}'");
        assert_eq!(whole.text(&whole.read("a b")), Some("a b"));
        assert_eq!((whole.has_rooms(), whole.has_answers(), whole.waits()), (false, false, false));
    }

    #[test]
    fn who_is_ready_and_what_is_answered() {
        let json = json();
        let ready = |raw: &str| json.is_ready(&json.read(raw));
        assert!(ready(r#"{"op":"joined","room":"r"}"#));
        assert!(!ready(r#"{"op":"left"}"#) && !ready("joined") && !ready(r#"{"op":{"joined":1}}"#));
        let acked = |raw: &str| json.acked(&json.read(raw));
        assert_eq!(acked(r#"{"ok":true,"id":17}"#), Some(17));
        assert_eq!(acked(r#"{"ok":true,"id":"17"}"#), Some(17));
        for none in
            [r#"{"ok":false,"id":17}"#, r#"{"ok":true}"#, r#"{"ok":true,"id":-1}"#, r#"{"ok":1,"id":1}"#]
        {
            assert_eq!(acked(none), None, "{none}");
        }
        let number = template("publish = '{text}'\nready = { pointer = '/0', equals = 3 }");
        assert!(number.is_ready(&number.read("[3]")) && !number.is_ready(&number.read("[\"3\"]")));
    }
}
