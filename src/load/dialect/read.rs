//! Reads a template's file into a [`Template`]. Every error says where it is and what to do.

use std::ops::Range;

use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::form::{Form, Parts, Slot};
use super::template::{Ack, Match, Place, Template};
use scenario::{suggestion, suggestion_within, syntax_hint};

/// The reason why a template cannot be used: one sentence that names what and where, and a hint what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    message: String,
    hint: String,
}

impl TemplateError {
    /// What to do about the error. It stands after `hint: `.
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

const KEYS: [&str; 8] = ["connect", "publish", "text", "prefix", "suffix", "ready", "ack", "subprotocol"];
const READY_KEYS: [&str; 2] = ["pointer", "equals"];
const ACK_KEYS: [&str; 3] = ["pointer", "equals", "id"];
/// The slots that may stand in `connect`: before anything is said, only a room and a name are known.
const AT_FIRST: [Slot; 2] = [Slot::Room, Slot::Name];
/// Characters that a subprotocol's name may have besides letters and digits.
const TOKEN: &str = "!#$%&'*+-.^_`|~";

/// The file, with each value and its position in the text.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    connect: Vec<Spanned<String>>,
    publish: Option<Spanned<String>>,
    text: Option<Spanned<String>>,
    prefix: Option<Spanned<String>>,
    suffix: Option<Spanned<String>>,
    ready: Option<Spanned<Condition>>,
    ack: Option<Spanned<Condition>>,
    subprotocol: Option<Spanned<String>>,
}

/// A condition under `ready` or `ack`.
#[derive(Deserialize)]
struct Condition {
    pointer: Option<Spanned<String>>,
    equals: Option<Spanned<Value>>,
    id: Option<Spanned<String>>,
}

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
    pub fn parse(source_name: &str, text: &str) -> Result<Template, TemplateError> {
        let source = Source { name: source_name, text };
        let document = DeTable::parse(text).map_err(|error| source.syntax(&error))?;
        source.check_keys(document.get_ref(), "a template", &KEYS)?;
        for (key, known) in [("ready", &READY_KEYS[..]), ("ack", &ACK_KEYS)] {
            if let Some(DeValue::Table(table)) = document.get_ref().get(key).map(Spanned::get_ref) {
                source.check_keys(table, &format!("`{key}`"), known)?;
            }
        }
        let file: File =
            toml::from_str(text).map_err(|error| source.wrong_type(document.get_ref(), &error))?;
        source.template(file)
    }
}

const PUBLISH_HINT: &str =
    "{text} is the text as it is, {text_json} the text as a JSON string with its quotes";

struct Source<'a> {
    name: &'a str,
    text: &'a str,
}

impl Source<'_> {
    fn template(&self, file: File) -> Result<Template, TemplateError> {
        let Some(publish) = &file.publish else {
            return Err(self.error(
                0..0,
                "a template needs `publish`: how a message is wrapped",
                PUBLISH_HINT,
            ));
        };
        let connect = file.connect.iter().map(|form| self.form(form, &AT_FIRST)).collect::<Result<_, _>>()?;
        let ack = file.ack.as_ref().map(|ack| self.ack(ack)).transpose()?;
        Ok(Template {
            source: self.name.to_owned(),
            connect,
            publish: self.publish(publish, ack.is_some())?,
            place: self.place(&file)?,
            ready: file.ready.as_ref().map(|ready| self.condition(ready, "ready")).transpose()?,
            ack,
            subprotocol: file.subprotocol.as_ref().map(|name| self.subprotocol(name)).transpose()?,
        })
    }

    fn publish(&self, publish: &Spanned<String>, answered: bool) -> Result<Form, TemplateError> {
        let form = self.form(publish, &Slot::ALL)?;
        if !form.has(Slot::Text) && !form.has(Slot::TextJson) {
            return Err(self.error(
                publish.span(),
                "`publish` does not say where the text goes",
                PUBLISH_HINT,
            ));
        }
        if answered && !form.has(Slot::Id) {
            let hint = "put {id} where the server takes the message's id from";
            return Err(self.error(publish.span(), "`ack` needs an id, and `publish` sends none", hint));
        }
        // The texts of the load contain quotes and backslashes, so the form is tried with both.
        let is_json = |text| {
            let sample = form.fill(&Parts { text, room: "r", id: "1", name: "n" });
            serde_json::from_str::<Value>(&sample).is_ok()
        };
        if is_json("x") && !is_json("\"\\") {
            let hint = "write {text_json}, which brings its quotes, for \"{text}\"";
            return Err(self.error(publish.span(), "`publish` puts {text} into JSON as it is", hint));
        }
        Ok(form)
    }

    fn form(&self, text: &Spanned<String>, known: &[Slot]) -> Result<Form, TemplateError> {
        Form::parse(text.get_ref(), known).map_err(|word| {
            let words: Vec<&str> = known.iter().map(|slot| slot.word()).collect();
            self.error(
                text.span(),
                format!("there is no {{{word}}} here"),
                suggestion_within(word, words, ("{", "}")),
            )
        })
    }

    fn place(&self, file: &File) -> Result<Place, TemplateError> {
        match (&file.text, &file.prefix, &file.suffix) {
            (Some(text), None, None) => Ok(Place::Pointer(self.pointer(text, "text")?)),
            (Some(_), Some(other), _) | (Some(_), None, Some(other)) => {
                let hint = "`text` is for frames of JSON, `prefix` and `suffix` are for all others";
                Err(self.error(other.span(), "the text cannot be in two places", hint))
            }
            (None, None, None) => Ok(Place::Whole),
            (None, prefix, suffix) => {
                let of = |key: &Option<Spanned<String>>| key.as_ref().map(|it| it.get_ref().clone());
                let (prefix, suffix) = (of(prefix).unwrap_or_default(), of(suffix).unwrap_or_default());
                Ok(Place::Between { prefix, suffix })
            }
        }
    }

    fn condition(&self, it: &Spanned<Condition>, key: &str) -> Result<Match, TemplateError> {
        let Condition { pointer: Some(pointer), equals: Some(equals), .. } = it.get_ref() else {
            let what = format!("`{key}` needs `pointer` and `equals`");
            let hint =
                "{ pointer = \"/op\", equals = \"joined\" } means every frame whose \"op\" is \"joined\"";
            return Err(self.error(it.span(), what, hint));
        };
        if !matches!(equals.get_ref(), Value::String(_) | Value::Number(_) | Value::Bool(_)) {
            let what = format!("`equals` of `{key}` must be text, a number, true or false");
            let hint = "equals = \"joined\" is the value that the pointer finds in the frame that is meant";
            return Err(self.error(equals.span(), what, hint));
        }
        Ok(Match { pointer: self.pointer(pointer, "pointer")?, equals: equals.get_ref().clone() })
    }

    fn ack(&self, it: &Spanned<Condition>) -> Result<Ack, TemplateError> {
        let matches = self.condition(it, "ack")?;
        let Some(id) = &it.get_ref().id else {
            let hint = "id = \"/id\" is where the answer has the id that the message was sent under";
            return Err(self.error(it.span(), "`ack` needs `id`", hint));
        };
        Ok(Ack { matches, id: self.pointer(id, "id")? })
    }

    fn pointer(&self, text: &Spanned<String>, key: &str) -> Result<String, TemplateError> {
        let pointer = text.get_ref();
        if pointer.is_empty() || pointer.starts_with('/') {
            return Ok(pointer.clone());
        }
        let hint = format!("a JSON pointer begins with a slash: \"/{pointer}\"");
        Err(self.error(text.span(), format!("`{key}` must be a JSON pointer"), hint))
    }

    fn subprotocol(&self, name: &Spanned<String>) -> Result<String, TemplateError> {
        let may = |c: char| c.is_ascii_alphanumeric() || TOKEN.contains(c);
        match !name.get_ref().is_empty() && name.get_ref().chars().all(may) {
            true => Ok(name.get_ref().clone()),
            false => {
                let hint = "a name is made of letters, digits and dots: \"chat.v2\"";
                Err(self.error(name.span(), "`subprotocol` must be one name", hint))
            }
        }
    }

    fn check_keys(&self, table: &DeTable<'_>, whose: &str, known: &[&str]) -> Result<(), TemplateError> {
        let unknown = table.keys().filter(|key| !known.contains(&key.get_ref().as_ref()));
        match unknown.min_by_key(|key| key.span().start) {
            None => Ok(()),
            Some(key) => {
                let word = key.get_ref();
                let hint = suggestion(word, known.iter().copied());
                Err(self.error(key.span(), format!("{whose} has no key `{word}`"), hint))
            }
        }
    }

    /// The error for a file that is no TOML at all.
    fn syntax(&self, error: &toml::de::Error) -> TemplateError {
        self.error(error.span().unwrap_or_default(), said(error), syntax_hint(&said(error)))
    }

    /// The error for a value of a type that its key does not take. The hint is how the key is written.
    fn wrong_type(&self, document: &DeTable<'_>, error: &toml::de::Error) -> TemplateError {
        let span = error.span().unwrap_or_default();
        let around =
            |value: &Spanned<DeValue<'_>>| value.span().start <= span.start && span.end <= value.span().end;
        let key = document.iter().find(|(_, value)| around(value)).map(|(key, _)| key.get_ref().as_ref());
        self.error(span, said(error), example(key.unwrap_or_default()))
    }

    fn error(
        &self,
        span: Range<usize>,
        what: impl std::fmt::Display,
        hint: impl Into<String>,
    ) -> TemplateError {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        TemplateError { message: format!("{}:{line}:{column}: {what}", self.name), hint: hint.into() }
    }
}

/// The library's message in one line.
fn said(error: &toml::de::Error) -> String {
    error.message().lines().collect::<Vec<_>>().join(", ")
}

/// An example of how a key of a template is written.
fn example(key: &str) -> &'static str {
    match key {
        "connect" => "write it like connect = ['{\"op\":\"join\",\"room\":\"{room}\"}'], a list of frames",
        "text" => "write it like text = \"/payload/text\", a JSON pointer",
        "prefix" | "suffix" => "write it like prefix = \"said: \", what stands around the text",
        "ready" => "write it like ready = { pointer = \"/op\", equals = \"joined\" }",
        "ack" => "write it like ack = { pointer = \"/op\", equals = \"ack\", id = \"/id\" }",
        "subprotocol" => "write it like subprotocol = \"chat.v2\"",
        _ => "write it like publish = '{\"op\":\"say\",\"text\":{text_json}}', in quotes",
    }
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
            ("publish = 7", "1:11", "expected a string"),
            ("publish = '{text}", "1:", ""),
            ("publish = '{text}'\nconnect = 'hi'", "2:11", "expected a sequence"),
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
