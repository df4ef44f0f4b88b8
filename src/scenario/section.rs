//! One table of the file: its keys are checked when it is opened, its values when they are taken.

use std::ops::Range;
use std::time::Duration;

use serde_json::{Number, Value as Json};
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::error::{Complaint, InputError, Source};
use super::words::suggestion;

/// A value of the file, with its place.
pub(super) type Value<'a> = &'a Spanned<DeValue<'a>>;

/// One table of the file.
pub struct Section<'a> {
    source: &'a Source<'a>,
    /// The table's name in a sentence: a key, or words such as `[load]`.
    name: &'static str,
    pub(super) span: Range<usize>,
    table: &'a DeTable<'a>,
}

impl<'a> Section<'a> {
    /// The file itself, with the keys that it may have.
    pub fn root(
        source: &'a Source<'a>,
        document: &'a Spanned<DeTable<'a>>,
        name: &'static str,
        known: &[&str],
    ) -> Result<Self, InputError> {
        Self { source, name, span: 0..0, table: document.get_ref() }.checked(known)
    }

    /// Opens a table within this one, if it is there.
    pub fn table(&self, key: &str, name: &'static str, known: &[&str]) -> Result<Option<Self>, InputError> {
        self.get(key).map(|value| Self::open(self.source, name, value, known)).transpose()
    }

    /// Opens the table that a value must be.
    pub(super) fn open(
        source: &'a Source<'a>,
        name: &'static str,
        value: Value<'a>,
        known: &[&str],
    ) -> Result<Self, InputError> {
        let DeValue::Table(table) = value.get_ref() else {
            return Err(wrong_type(source, value, name, "a table"));
        };
        Self { source, name, span: value.span(), table }.checked(known)
    }

    fn checked(self, known: &[&str]) -> Result<Self, InputError> {
        let unknown = self.table.keys().filter(|key| !known.contains(&key.get_ref().as_ref()));
        match unknown.min_by_key(|key| key.span().start) {
            None => Ok(self),
            Some(key) => {
                let (word, name) = (key.get_ref(), in_sentence(self.name));
                let error = self.error(&key.span(), format!("{name} has no key `{word}`"));
                Err(error.with_hint(suggestion(word, known.iter().copied())))
            }
        }
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<Value<'a>> {
        self.table.get(key)
    }

    /// The place of a key itself.
    pub(super) fn key_span(&self, key: &str) -> Range<usize> {
        self.table.get_key_value(key).map_or(self.span.clone(), |(key, _)| key.span())
    }

    /// The text of a key; `None` if the key is not there.
    pub fn text(&self, key: &str) -> Result<Option<Spanned<&'a str>>, InputError> {
        self.get(key).map(|value| text(self.source, value, key)).transpose()
    }

    /// The list of texts of a key; `None` if the key is not there. `wanted` says what it is a list of.
    pub fn texts(&self, key: &str, wanted: &str) -> Result<Option<Vec<Spanned<&'a str>>>, InputError> {
        self.get(key).map(|value| texts(self.source, value, key, wanted)).transpose()
    }

    /// The text, number or switch of a key, as JSON; `None` if the key is not there.
    pub fn scalar(&self, key: &str) -> Result<Option<Json>, InputError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let wrong = || wrong_type(self.source, value, key, "text, a finite number, true or false");
        json(value).ok_or_else(wrong).map(Some)
    }

    /// An error at a place in the file.
    pub fn error(&self, span: &Range<usize>, what: impl std::fmt::Display) -> Complaint {
        self.source.error(span, what)
    }

    /// An error about the whole table.
    pub fn error_of_table(&self, what: impl std::fmt::Display) -> Complaint {
        self.error(&self.span, what)
    }
}

/// Reads a value that must be text.
pub(super) fn text<'a>(
    source: &Source<'_>,
    value: Value<'a>,
    what: &str,
) -> Result<Spanned<&'a str>, InputError> {
    match value.get_ref() {
        DeValue::String(text) => Ok(Spanned::new(value.span(), text.as_ref())),
        _ => Err(wrong_type(source, value, what, "text in quotes")),
    }
}

/// Reads a value that must be a list of texts.
pub(super) fn texts<'a>(
    source: &Source<'_>,
    value: Value<'a>,
    what: &str,
    wanted: &str,
) -> Result<Vec<Spanned<&'a str>>, InputError> {
    list_of(source, value, what, wanted)?.iter().map(|value| text(source, value, what)).collect()
}

/// Reads a value that must be a list.
pub(super) fn list_of<'a>(
    source: &Source<'_>,
    value: Value<'a>,
    what: &str,
    wanted: &str,
) -> Result<&'a DeArray<'a>, InputError> {
    match value.get_ref() {
        DeValue::Array(items) => Ok(items),
        _ => Err(wrong_type(source, value, what, wanted)),
    }
}

/// Reads a value that must be a whole number; `None` for a number that is not whole, below 0 or too large.
pub(super) fn whole(source: &Source<'_>, value: Value<'_>, what: &str) -> Result<Option<u64>, InputError> {
    match value.get_ref() {
        DeValue::Integer(_) | DeValue::Float(_) => Ok(json(value).and_then(|number| number.as_u64())),
        _ => Err(wrong_type(source, value, what, "a whole number")),
    }
}

/// Reads a value that must be a number; `None` for one that is not finite or too large.
pub(super) fn number(
    source: &Source<'_>,
    value: Value<'_>,
    what: &str,
    wanted: &str,
) -> Result<Option<f64>, InputError> {
    match value.get_ref() {
        DeValue::Integer(_) | DeValue::Float(_) => Ok(json(value).and_then(|number| number.as_f64())),
        _ => Err(wrong_type(source, value, what, wanted)),
    }
}

/// A text, number or switch as JSON; `None` for other values, and for numbers that JSON does not have.
pub(super) fn json(value: Value<'_>) -> Option<Json> {
    match value.get_ref() {
        DeValue::String(text) => Some(text.as_ref().into()),
        DeValue::Boolean(on) => Some((*on).into()),
        DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).ok().map(Json::from),
        DeValue::Float(n) => Number::from_f64(n.as_str().parse().ok()?).map(Json::from),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

pub(super) const NO_DURATION: &str = "must be a duration such as \"2s\" or \"100ms\"";

/// Reads a value that must be a duration.
pub(super) fn duration(source: &Source<'_>, value: Value<'_>, what: &str) -> Result<Duration, InputError> {
    let parsed = match value.get_ref() {
        DeValue::String(text) => parse_duration(text),
        DeValue::Integer(number) => Err(in_seconds(number.as_str())),
        DeValue::Float(number) => Err(in_seconds(number.as_str())),
        _ => return Err(wrong_type(source, value, what, "a duration in quotes, such as \"2s\"")),
    };
    parsed.map_err(|hint| source.error(&value.span(), format!("`{what}` {NO_DURATION}")).with_hint(hint))
}

/// Reads a duration. The error is a hint at what is wrong with the text.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| match text.trim().parse::<f64>() {
        Ok(_) => in_seconds(text.trim()),
        Err(_) => "a duration is a number and a unit: us, ms, s, m or h".into(),
    })
}

fn in_seconds(number: &str) -> String {
    format!("write \"{number}s\" for seconds")
}

/// The error of a value that has another type than its key wants.
pub(super) fn wrong_type(source: &Source<'_>, value: Value<'_>, what: &str, wanted: &str) -> InputError {
    wrong_type_of(source, value, what, wanted, source.how_to_write(what))
}

/// The error of a value that has another type than its key wants, with a hint of its own.
pub(super) fn wrong_type_of(
    source: &Source<'_>,
    value: Value<'_>,
    what: &str,
    wanted: &str,
    hint: String,
) -> InputError {
    let is = match value.get_ref() {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    let what = in_sentence(what);
    source.error(&value.span(), format!("{what} must be {wanted}, not {is}")).with_hint(hint)
}

/// A key, in back-quotes; `[load]` and `a scenario` need none.
fn in_sentence(name: &str) -> String {
    if name.contains(['[', ' ']) { name.to_owned() } else { format!("`{name}`") }
}
