//! What a client asks for in the dialect `pubsub-lab.v1`.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::Error as _;

/// One frame of a client, told apart by its `type`. The fields mean what the README's table of the dialect says.
///
/// A field that the frame lacks is `None`: only the node can answer that, since a publish is refused under its id
/// and everything else is an error.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(tag = "type", rename_all = "lowercase"))]
pub enum Request<'a> {
    /// `hello`: who the client is.
    Hello {
        /// The name under which the client wants to appear.
        name: Option<Cow<'a, str>>,
        /// The token of an earlier `welcome` or `session`, whose identity and rooms the client continues.
        session: Option<Cow<'a, str>>,
        /// `false`: the node enters none of the session's rooms, because the client does so itself.
        rooms: Option<bool>,
    },
    /// `subscribe`: the client enters a room.
    Subscribe {
        /// The name of the room, not checked yet.
        room: Option<Cow<'a, str>>,
        /// The id of the last message that the client holds; what came after it is replayed.
        after: Option<Cow<'a, str>>,
        /// Number of the room's newest messages that are replayed in any case.
        last: Option<u32>,
    },
    /// `unsubscribe`: the client leaves a room.
    Unsubscribe {
        /// The name of the room, not checked yet.
        room: Option<Cow<'a, str>>,
    },
    /// `people`: the client asks who is in a room.
    People {
        /// The name of the room, not checked yet.
        room: Option<Cow<'a, str>>,
    },
    /// `publish`: the client says something in a room.
    Publish(Publish<'a>),
    /// `whisper`: the client says something to one person.
    Whisper(Whisper<'a>),
    /// `typing`: the client is about to say something in a room.
    Typing {
        /// The name of the room, not checked yet.
        room: Option<Cow<'a, str>>,
    },
    /// `rename`: the client wants another name, another colour or both.
    Rename {
        /// The name under which the client wants to appear from now on.
        name: Option<Cow<'a, str>>,
        /// The colour of the name from now on, as `#rrggbb`.
        colour: Option<Cow<'a, str>>,
    },
    /// A frame whose `type` is none of [`Request::TYPES`].
    #[cfg_attr(test, schemars(skip))]
    Unknown {
        /// The `type` that the client wrote.
        kind: Cow<'a, str>,
    },
}

/// The fields of a `publish` frame, not checked yet.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Publish<'a> {
    /// The name of the room.
    pub room: Option<Cow<'a, str>>,
    /// The text to be published.
    pub text: Option<Cow<'a, str>>,
    /// The client's own id for the message.
    pub id: Option<Cow<'a, str>>,
    /// Who is to receive it: `all` (the default) or `others`.
    pub to: Option<Cow<'a, str>>,
}

/// The fields of a `whisper` frame, not checked yet.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Whisper<'a> {
    /// The name of the person, or the id of the person's session.
    pub to: Option<Cow<'a, str>>,
    /// The text to be whispered.
    pub text: Option<Cow<'a, str>>,
    /// The client's own id for the whisper.
    pub id: Option<Cow<'a, str>>,
}

impl<'a> Request<'a> {
    /// The types that a client may use, as an error lists them.
    pub const TYPES: &'static str =
        "hello, subscribe, unsubscribe, people, publish, whisper, typing or rename";

    /// Reads a frame. Fields that no type has are ignored; the other fields must be strings (`last` a
    /// number, `rooms` true or false) or `null` whatever the type.
    ///
    /// # Errors
    /// The text is not a JSON object with a string as its `type`, or one of the fields has another type. The error
    /// names the line and the column. (An internally tagged enum of serde could not name them: it reads the whole
    /// frame into a buffer before it looks for the tag.)
    pub fn read(text: &'a str) -> Result<Self, serde_json::Error> {
        if text.trim_ascii_start().starts_with('[') {
            // Serde would take the items of an array for the fields of a struct, in their order.
            return Err(serde_json::Error::custom("an array, expected an object"));
        }
        let ClientFrame { kind, name, colour, session, rooms, room, text, id, to, after, last } =
            serde_json::from_str(text)?;
        let [name, colour, session, room, text] = [name, colour, session, room, text].map(Text::of);
        let [id, to, after] = [id, to, after].map(Text::of);
        Ok(match &*kind {
            "hello" => Self::Hello { name, session, rooms },
            "subscribe" => Self::Subscribe { room, after, last },
            "unsubscribe" => Self::Unsubscribe { room },
            "people" => Self::People { room },
            "publish" => Self::Publish(Publish { room, text, id, to }),
            "whisper" => Self::Whisper(Whisper { to, text, id }),
            "typing" => Self::Typing { room },
            "rename" => Self::Rename { name, colour },
            _ => Self::Unknown { kind },
        })
    }
}

/// A frame before its `type` is looked at: every field that any type has. Clients read the name of this struct in
/// the reason of a `bad_frame` error.
#[derive(Deserialize)]
struct ClientFrame<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    colour: Option<Text<'a>>,
    #[serde(borrow)]
    session: Option<Text<'a>>,
    rooms: Option<bool>,
    #[serde(borrow)]
    room: Option<Text<'a>>,
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    to: Option<Text<'a>>,
    #[serde(borrow)]
    after: Option<Text<'a>>,
    last: Option<u32>,
}

/// A string that is borrowed from the frame if it has no escapes. In an `Option<Cow<str>>` serde would copy it.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Text<'a> {
    fn of(field: Option<Self>) -> Option<Cow<'a, str>> {
        field.map(|Text(text)| text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_is_read_with_its_own_fields() {
        let every_field = r##""name":"n","colour":"#111111","session":"s","rooms":false,"room":"r","text":"t","id":"i","to":"all","after":"a","last":5"##;
        let some = |text: &'static str| Some(Cow::Borrowed(text));
        let publish = Publish { room: some("r"), text: some("t"), id: some("i"), to: some("all") };
        for (kind, expected) in [
            ("hello", Request::Hello { name: some("n"), session: some("s"), rooms: Some(false) }),
            ("subscribe", Request::Subscribe { room: some("r"), after: some("a"), last: Some(5) }),
            ("unsubscribe", Request::Unsubscribe { room: some("r") }),
            ("people", Request::People { room: some("r") }),
            ("publish", Request::Publish(publish)),
            ("whisper", Request::Whisper(Whisper { to: some("all"), text: some("t"), id: some("i") })),
            ("typing", Request::Typing { room: some("r") }),
            ("rename", Request::Rename { name: some("n"), colour: some("#111111") }),
            ("Publish", Request::Unknown { kind: "Publish".into() }),
            ("", Request::Unknown { kind: "".into() }),
        ] {
            let frame = format!(r#"{{"type":"{kind}",{every_field}}}"#);
            assert_eq!(Request::read(&frame).unwrap(), expected);
        }
    }

    #[test]
    fn the_list_of_types_names_those_that_are_known() {
        let types: Vec<_> = Request::TYPES.split(", ").flat_map(|types| types.split(" or ")).collect();
        assert_eq!(types.len(), 8);
        for kind in types {
            let frame = format!(r#"{{"type":"{kind}"}}"#);
            let request = Request::read(&frame).unwrap();
            assert!(!matches!(request, Request::Unknown { .. }), "{kind}");
        }
    }

    #[test]
    fn fields_that_are_missing_or_null_are_none_and_unknown_ones_are_ignored() {
        let frame = r#"{"later":{"a":[1]},"text":null,"type":"publish","id":"a\nb"}"#;
        let expected = Publish { room: None, text: None, id: Some("a\nb".into()), to: None };
        assert_eq!(Request::read(frame).unwrap(), Request::Publish(expected));
    }

    #[test]
    fn a_string_without_escapes_is_not_copied() {
        let request = Request::read(r#"{"type":"publish","text":"hé <b>"}"#).unwrap();
        assert!(matches!(request, Request::Publish(Publish { text: Some(Cow::Borrowed("hé <b>")), .. })));
    }

    #[test]
    fn what_is_no_frame_is_an_error_that_says_where() {
        for (text, expected) in [
            ("", "EOF while parsing a value at line 1 column 0"),
            ("{}", "missing field `type` at line 1 column 2"),
            ("[]", "an array, expected an object"),
            (" \n[\"hello\",null,null,null,null,null,null,null]", "an array, expected an object"),
            ("null", "invalid type: null, expected struct ClientFrame at line 1 column 4"),
            (r#"{"type":7}"#, "invalid type: integer `7`, expected a string at line 1 column 9"),
            (r#"{"type":"a","type":"b"}"#, "duplicate field `type` at line 1 column 18"),
            (
                r#"{"type":"hello","text":7}"#,
                "invalid type: integer `7`, expected a string at line 1 column 24",
            ),
            (r#"{"type":"publish"} {}"#, "trailing characters at line 1 column 20"),
        ] {
            assert_eq!(Request::read(text).unwrap_err().to_string(), expected, "{text}");
        }
    }
}
