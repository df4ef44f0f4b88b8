//! Reads a template's file into a [`Template`]. Every error says where it is and what to do.

use serde_json::Value;
use toml::Spanned;

use super::form::{Form, Parts, Slot};
use super::template::{Ack, Match, Template, TextPlace};
use scenario::{InputError, Section, Source, suggestion_within};

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
        let connect = file.texts("connect", "a list of frames")?.unwrap_or_default();
        Ok(Template {
            source: source_name.to_owned(),
            publish: publish(&file, ack.is_some())?,
            connect: connect.iter().map(|text| form(&file, text, &AT_FIRST)).collect::<Result<_, _>>()?,
            place: place(&file)?,
            ready: ready.map(|table| condition(&table, "ready")).transpose()?,
            ack: ack.map(|table| answer(&table)).transpose()?,
            subprotocol: subprotocol(&file)?,
        })
    }
}

const PUBLISH_HINT: &str =
    "{text} is the text as it is, {text_json} the text as a JSON string with its quotes";

fn publish(file: &Section<'_>, answered: bool) -> Result<Form, InputError> {
    let Some(publish) = file.text("publish")? else {
        let error = file.error_of_table("a template needs `publish`: how a message is wrapped");
        return Err(error.with_hint(PUBLISH_HINT));
    };
    let form = form(file, &publish, &Slot::ALL)?;
    let wrong = |what| file.error(&publish.span(), what);
    if !form.has(Slot::Text) && !form.has(Slot::TextJson) {
        return Err(wrong("`publish` does not say where the text goes").with_hint(PUBLISH_HINT));
    }
    if answered && !form.has(Slot::Id) {
        let hint = "put {id} where the server takes the message's id from";
        return Err(wrong("`ack` needs an id, and `publish` sends none").with_hint(hint));
    }
    // The texts of the load contain quotes and backslashes, so the form is tried with both.
    let is_json = |text| {
        let sample = form.fill(&Parts { text, room: "r", id: "1", name: "n" });
        serde_json::from_str::<Value>(&sample).is_ok()
    };
    if is_json("x") && !is_json("\"\\") {
        let hint = "write {text_json}, which brings its quotes, for \"{text}\"";
        return Err(wrong("`publish` puts {text} into JSON as it is").with_hint(hint));
    }
    Ok(form)
}

fn form(file: &Section<'_>, text: &Spanned<&str>, known: &[Slot]) -> Result<Form, InputError> {
    Form::parse(text.get_ref(), known).map_err(|word| {
        let words: Vec<&str> = known.iter().map(|slot| slot.word()).collect();
        let error = file.error(&text.span(), format!("there is no {{{word}}} here"));
        error.with_hint(suggestion_within(word, words, ("{", "}")))
    })
}

fn place(file: &Section<'_>) -> Result<TextPlace, InputError> {
    let (prefix, suffix) = (file.text("prefix")?, file.text("suffix")?);
    match (pointer(file, "text")?, prefix.as_ref().or(suffix.as_ref())) {
        (Some(pointer), None) => Ok(TextPlace::Pointer(pointer)),
        (Some(_), Some(other)) => {
            let hint = "`text` is for frames of JSON, `prefix` and `suffix` are for all others";
            Err(file.error(&other.span(), "the text cannot be in two places").with_hint(hint))
        }
        (None, None) => Ok(TextPlace::Whole),
        (None, Some(_)) => {
            let of = |key: Option<Spanned<&str>>| key.map_or("", Spanned::into_inner).to_owned();
            Ok(TextPlace::Between { prefix: of(prefix), suffix: of(suffix) })
        }
    }
}

fn condition(table: &Section<'_>, key: &str) -> Result<Match, InputError> {
    match (pointer(table, "pointer")?, table.scalar("equals")?) {
        (Some(pointer), Some(equals)) => Ok(Match { pointer, equals }),
        _ => {
            let error = table.error_of_table(format!("`{key}` needs `pointer` and `equals`"));
            Err(error.with_hint(
                "{ pointer = \"/op\", equals = \"joined\" } means every frame whose \"op\" is \"joined\"",
            ))
        }
    }
}

fn answer(table: &Section<'_>) -> Result<Ack, InputError> {
    let matches = condition(table, "ack")?;
    let id = pointer(table, "id")?.ok_or_else(|| {
        let hint = "id = \"/id\" is where the answer has the id that the message was sent under";
        table.error_of_table("`ack` needs `id`").with_hint(hint)
    })?;
    Ok(Ack { matches, id })
}

/// The JSON pointer of a key, where the key is there.
fn pointer(table: &Section<'_>, key: &str) -> Result<Option<String>, InputError> {
    let Some(text) = table.text(key)? else { return Ok(None) };
    let pointer = text.get_ref();
    if pointer.is_empty() || pointer.starts_with('/') {
        return Ok(Some((*pointer).to_owned()));
    }
    let error = table.error(&text.span(), format!("`{key}` must be a JSON pointer"));
    Err(error.with_hint(format!("a JSON pointer begins with a slash: \"/{pointer}\"")))
}

fn subprotocol(file: &Section<'_>) -> Result<Option<String>, InputError> {
    let Some(name) = file.text("subprotocol")? else { return Ok(None) };
    let may = |c: char| c.is_ascii_alphanumeric() || TOKEN.contains(c);
    if name.get_ref().is_empty() || !name.get_ref().chars().all(may) {
        let error = file.error(&name.span(), "`subprotocol` must be one name");
        return Err(error.with_hint("a name is made of letters, digits and dots: \"chat.v2\""));
    }
    Ok(Some(name.into_inner().to_owned()))
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
