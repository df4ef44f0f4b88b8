//! Reads a template's file into a [`Template`]. Every error says where it is and what to do.

use serde_json::Value;

use super::form::{FrameForm, MessageParts, Slot};
use super::template::{Ack, Match, Template, TextPlace};
use scenario::{FileValue, InputError, Section, Source, suggestion_within};

const KEYS: [&str; 8] = ["connect", "publish", "text", "prefix", "suffix", "ready", "ack", "subprotocol"];
const READY_KEYS: [&str; 2] = ["pointer", "equals"];
const ACK_KEYS: [&str; 3] = ["pointer", "equals", "id"];
/// The slots that may stand in `connect`: before anything is said, only a room and a name are known.
const AT_FIRST: [Slot; 2] = [Slot::Room, Slot::Name];
/// Characters that a subprotocol's name may have besides letters and digits.
const TOKEN: &str = "!#$%&'*+-.^_`|~";

impl Template {
    /// Reads a template's text. Errors call the file `source_name`.
    ///
    /// | key | meaning |
    /// |---|---|
    /// | `publish` | the frame of a message: `{text}`, or `{text_json}` with its quotes; `{room}`, `{id}` (a whole number), `{name}` |
    /// | `connect` | frames to send when a WebSocket is open, with `{room}` and `{name}`. A subscriber sends those of its room, a publisher those of every room |
    /// | `text` | the JSON pointer of the text in a frame that comes |
    /// | `prefix`, `suffix` | instead: what stands before the text (its first occurrence counts) and after it (its last) |
    /// | `ready` | a JSON pointer and its value, of the frame that says that a client is in |
    /// | `ack` | a JSON pointer and its value, of the answer to a message, and the pointer of its id |
    /// | `subprotocol` | what to offer; the server must select it |
    pub fn parse(source_name: &str, text: &str) -> Result<Template, InputError> {
        let source = Source { name: source_name, text, example };
        let document = source.document()?;
        let file = Section::root(&source, &document, "a template", &KEYS)?;
        let ready = file.table("ready", "ready", &READY_KEYS)?;
        let ack = file.table("ack", "ack", &ACK_KEYS)?;
        let connect = file.get("connect").map(|it| it.list("a list of frames")).transpose()?;
        let frames = connect.unwrap_or_default().into_iter();
        Ok(Template {
            source: source_name.to_owned(),
            publish: publish(&file, ack.is_some())?,
            connect: frames.map(|frame| form(frame, &AT_FIRST)).collect::<Result<_, _>>()?,
            place: place(&file)?,
            ready: ready.map(|table| condition(&table, "ready")).transpose()?,
            ack: ack.map(|table| answer(&table)).transpose()?,
            subprotocol: subprotocol(&file)?,
        })
    }
}

const PUBLISH_HINT: &str =
    "{text} is the text as it is, {text_json} the text as a JSON string with its quotes";

fn publish(file: &Section<'_>, answered: bool) -> Result<FrameForm, InputError> {
    let Some(publish) = file.get("publish") else {
        let error = file.error("a template needs `publish`: how a message is wrapped");
        return Err(error.with_hint(PUBLISH_HINT));
    };
    let form = form(publish, &Slot::ALL)?;
    if !form.has(Slot::Text) && !form.has(Slot::TextJson) {
        return Err(publish.error("`publish` does not say where the text goes").with_hint(PUBLISH_HINT));
    }
    if answered && !form.has(Slot::Id) {
        let error = publish.error("`ack` needs an id, and `publish` sends none");
        return Err(error.with_hint("put {id} where the server takes the message's id from"));
    }
    // The texts of the load contain quotes and backslashes, so the form is tried with both.
    let is_json = |text| {
        let sample = form.fill(&MessageParts { text, room: "r", id: "1", name: "n" });
        serde_json::from_str::<Value>(&sample).is_ok()
    };
    if is_json("x") && !is_json("\"\\") {
        let error = publish.error("`publish` puts {text} into JSON as it is");
        return Err(error.with_hint("write {text_json}, which brings its quotes, for \"{text}\""));
    }
    Ok(form)
}

fn form(value: FileValue<'_>, known: &[Slot]) -> Result<FrameForm, InputError> {
    FrameForm::parse(value.text()?, known).map_err(|word| {
        let words: Vec<&str> = known.iter().map(|slot| slot.word()).collect();
        let error = value.error(format!("there is no {{{word}}} here"));
        error.with_hint(suggestion_within(word, words, ("{", "}")))
    })
}

fn place(file: &Section<'_>) -> Result<TextPlace, InputError> {
    let (pointer, prefix, suffix) = (pointer(file, "text")?, file.text("prefix")?, file.text("suffix")?);
    match (pointer, prefix.or(suffix)) {
        (Some(pointer), None) => Ok(TextPlace::Pointer(pointer)),
        (Some(_), Some((other, _))) => {
            let error = other.error("the text cannot be in two places");
            Err(error.with_hint("`text` is for frames of JSON, `prefix` and `suffix` are for all others"))
        }
        (None, None) => Ok(TextPlace::Whole),
        (None, Some(_)) => {
            let [prefix, suffix] = [prefix, suffix].map(|key| key.map_or("", |(_, text)| text).to_owned());
            Ok(TextPlace::Between { prefix, suffix })
        }
    }
}

fn condition(table: &Section<'_>, key: &str) -> Result<Match, InputError> {
    let (Some(pointer), Some(equals)) = (pointer(table, "pointer")?, table.get("equals")) else {
        let error = table.error(format!("`{key}` needs `pointer` and `equals`"));
        let hint = "{ pointer = \"/op\", equals = \"joined\" } means every frame whose \"op\" is \"joined\"";
        return Err(error.with_hint(hint));
    };
    let equals = equals.json().ok_or_else(|| equals.wrong_type("text, a finite number, true or false"))?;
    Ok(Match { pointer, equals })
}

fn answer(table: &Section<'_>) -> Result<Ack, InputError> {
    let matches = condition(table, "ack")?;
    let id = pointer(table, "id")?.ok_or_else(|| {
        let hint = "id = \"/id\" is where the answer has the id that the message was sent under";
        table.error("`ack` needs `id`").with_hint(hint)
    })?;
    Ok(Ack { matches, id })
}

/// The JSON pointer of a key, where the key is there.
fn pointer(table: &Section<'_>, key: &'static str) -> Result<Option<String>, InputError> {
    let Some((value, pointer)) = table.text(key)? else { return Ok(None) };
    if pointer.is_empty() || pointer.starts_with('/') {
        return Ok(Some(pointer.to_owned()));
    }
    let error = value.error(format!("`{key}` must be a JSON pointer"));
    Err(error.with_hint(format!("a JSON pointer begins with a slash: \"/{pointer}\"")))
}

fn subprotocol(file: &Section<'_>) -> Result<Option<String>, InputError> {
    let Some((value, name)) = file.text("subprotocol")? else { return Ok(None) };
    let may = |c: char| c.is_ascii_alphanumeric() || TOKEN.contains(c);
    if name.is_empty() || !name.chars().all(may) {
        let error = value.error("`subprotocol` must be one name");
        return Err(error.with_hint("a name is made of letters, digits and dots: \"chat.v2\""));
    }
    Ok(Some(name.to_owned()))
}

/// An example of how a key of a template is written.
fn example(key: &str) -> String {
    let line = match key {
        "connect" => r#"connect = ['{"op":"join","room":"{room}"}'], a list of frames"#,
        "text" => r#"text = "/payload/text", a JSON pointer"#,
        "prefix" | "suffix" => r#"prefix = "said: ", what stands around the text"#,
        "ready" | "pointer" | "equals" => r#"ready = { pointer = "/op", equals = "joined" }"#,
        "ack" | "id" => r#"ack = { pointer = "/op", equals = "ack", id = "/id" }"#,
        "subprotocol" => r#"subprotocol = "chat.v2""#,
        _ => r#"publish = '{"op":"say","text":{text_json}}', in quotes"#,
    };
    format!("write it like {line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error of a template, and its hint.
    fn wrong(text: &str) -> (String, String) {
        let error = Template::parse("chat.toml", text).unwrap_err();
        (error.to_string(), error.hint().to_owned())
    }

    #[test]
    fn an_error_has_its_place_and_a_hint() {
        let (error, hint) = wrong("# a chat\npubish = '{text}'");
        assert_eq!(error, "chat.toml:2:1: a template has no key `pubish`");
        assert_eq!(hint, "did you mean `publish`?");
        let (error, hint) = wrong("publish = '{text}'\nready = { pointer = '/op', equal = 'joined' }");
        assert_eq!(error, "chat.toml:2:28: `ready` has no key `equal`");
        assert_eq!(hint, "did you mean `equals`?");
        let (error, hint) = wrong("publish = '{txt}'");
        assert_eq!(error, "chat.toml:1:11: there is no {txt} here");
        assert_eq!(hint, "did you mean {text}?");
        let (error, hint) = wrong("publish = '{text}'\nconnect = ['hi', '{id}']");
        assert_eq!(error, "chat.toml:2:18: there is no {id} here");
        assert_eq!(hint, "known are {room} and {name}");
        let (error, hint) = wrong("publish = '{text}'\nconnect = 'x'");
        assert!(
            error.starts_with("chat.toml:2:11: ") && hint.contains("a list of frames"),
            "{error}: {hint}"
        );
        let (error, hint) = wrong("publish = '{text}'\ntext = 'payload/text'");
        assert_eq!(error, "chat.toml:2:8: `text` must be a JSON pointer");
        assert_eq!(hint, "a JSON pointer begins with a slash: \"/payload/text\"");
    }

    #[test]
    fn what_cannot_work_is_refused() {
        for (text, place, part) in [
            ("", "1:1", "needs `publish`"),
            ("publish = 'hello'", "1:11", "where the text goes"),
            ("publish = '{\"t\":\"{text}\"}'", "1:11", "into JSON as it is"),
            ("publish = 7", "1:11", "must be text in quotes, not a whole number"),
            ("publish = '{text}", "1:", ""),
            ("publish = '{text}'\nconnect = 'hi'", "2:11", "must be a list of frames, not text"),
            ("publish = '{text}'\ntext = '/t'\nprefix = 'x'", "3:10", "two places"),
            ("publish = '{text}'\nready = '/op'", "2:9", ""),
            ("publish = '{text}'\nready = { pointer = '/op' }", "2:9", "`pointer` and `equals`"),
            ("publish = '{text}'\nready = { pointer = '/op', equals = ['a'] }", "2:37", "must be text"),
            (
                "publish = '{text}'\nack = { pointer = '/op', equals = 'ack', id = '/id' }",
                "1:11",
                "needs an id",
            ),
            ("publish = '{id} {text}'\nack = { pointer = '/op', equals = 'ack' }", "2:7", "needs `id`"),
            ("publish = '{text}'\nsubprotocol = 'a, b'", "2:15", "one name"),
            ("publish = '{text}'\npublish = '{text}'", "2:1", "duplicate key"),
            ("publish = '{text}'\nready = { pointer = '/op', equals = nan }", "2:37", "must be text"),
        ] {
            let (error, hint) = wrong(text);
            assert!(!hint.is_empty(), "{text}: {error}");
            assert!(error.starts_with(&format!("chat.toml:{place}")), "{text}: {error}");
            assert!(error.contains(part) && !error.contains('\n'), "{text}: {error}");
        }
    }

    #[test]
    fn control_what_is_near_those_works() {
        for text in [
            "publish = '{text}'",
            "publish = '{\"t\":{text_json}}'",
            "publish = 'SAY \"{text}\"'",
            "publish = '{id} {text}'\nack = { pointer = '/op', equals = 'ack', id = '/id' }\ntext = ''",
        ] {
            assert!(Template::parse("chat.toml", text).is_ok(), "{text}");
        }
    }
}
