//! One table of the file: its keys are checked when it is opened, its values when they are taken.

use std::ops::Range;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ScenarioError, Source};
use super::words::{list, suggestion};

/// A value of the file, with its place.
pub(super) type Value<'a> = &'a Spanned<DeValue<'a>>;

/// One table of the file.
pub(super) struct Section<'a> {
    source: &'a Source<'a>,
    /// The name of the table in a sentence: `[load]`.
    name: &'static str,
    pub(super) span: Range<usize>,
    table: &'a DeTable<'a>,
}

impl<'a> Section<'a> {
    /// The file itself.
    pub(super) fn root(
        source: &'a Source<'a>,
        table: &'a DeTable<'a>,
        known: &[&str],
    ) -> Result<Self, ScenarioError> {
        Self { source, name: "a scenario", span: 0..0, table }.checked(known)
    }

    /// Opens a table within this one.
    pub(super) fn open(
        source: &'a Source<'a>,
        name: &'static str,
        value: Value<'a>,
        known: &[&str],
    ) -> Result<Self, ScenarioError> {
        let DeValue::Table(table) = value.get_ref() else {
            return Err(wrong_type(source, value, name, "a table"));
        };
        Self { source, name, span: value.span(), table }.checked(known)
    }

    fn checked(self, known: &[&str]) -> Result<Self, ScenarioError> {
        let unknown = self.table.keys().filter(|key| !known.contains(&key.get_ref().as_ref()));
        match unknown.min_by_key(|key| key.span().start) {
            None => Ok(self),
            Some(key) => {
                let (word, name) = (key.get_ref(), self.name);
                let error = self.source.error(&key.span(), format!("{name} has no key `{word}`"));
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
    pub(super) fn text(&self, key: &str) -> Result<Option<Spanned<&'a str>>, ScenarioError> {
        self.get(key).map(|value| text(self.source, value, key)).transpose()
    }
}

/// Reads a value that must be text.
pub(super) fn text<'a>(
    source: &Source<'_>,
    value: Value<'a>,
    what: &str,
) -> Result<Spanned<&'a str>, ScenarioError> {
    match value.get_ref() {
        DeValue::String(text) => Ok(Spanned::new(value.span(), text.as_ref())),
        _ => Err(wrong_type(source, value, what, "text in quotes")),
    }
}

pub(super) const NO_DURATION: &str = "must be a duration such as \"2s\" or \"100ms\"";

/// Reads a value that must be a duration.
pub(super) fn duration(source: &Source<'_>, value: Value<'_>, what: &str) -> Result<Duration, ScenarioError> {
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
pub(super) fn wrong_type(source: &Source<'_>, value: Value<'_>, what: &str, wanted: &str) -> ScenarioError {
    wrong_type_of(source, value, what, wanted, (source.example)(what))
}

/// The error of a value that has another type than its key wants, with a hint of its own.
pub(super) fn wrong_type_of(
    source: &Source<'_>,
    value: Value<'_>,
    what: &str,
    wanted: &str,
    hint: String,
) -> ScenarioError {
    let is = match value.get_ref() {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    let said = if what.starts_with('[') { what.to_owned() } else { list([what]) };
    source.error(&value.span(), format!("{said} must be {wanted}, not {is}")).with_hint(hint)
}
