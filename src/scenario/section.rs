//! One table of a file and the values in it: its keys are checked when it is opened, its values when they are taken.

use std::borrow::Cow;
use std::ops::Range;
use std::time::Duration;

use humantime::DurationError;
use serde_json::{Number, Value as Json};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Complaint, InputError, Source};
use super::words::suggestion;

/// A key with its place.
pub(super) type Key<'a> = Spanned<Cow<'a, str>>;

/// A value of the file, with its place and the key that it belongs to.
#[derive(Clone, Copy)]
pub struct FileValue<'a> {
    pub(super) source: &'a Source<'a>,
    key: &'a str,
    pub(super) value: &'a Spanned<DeValue<'a>>,
}

/// One table of the file.
pub struct Section<'a> {
    source: &'a Source<'a>,
    /// The table's name in a sentence: a key, or words such as `[load]`.
    name: &'static str,
    span: Range<usize>,
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

    /// Opens a table within this one, if it is there. `name` is its name in a sentence.
    pub fn table(
        &self,
        key: &'static str,
        name: &'static str,
        known: &[&str],
    ) -> Result<Option<Self>, InputError> {
        self.get(key).map(|value| value.table(name, known)).transpose()
    }

    fn checked(self, known: &[&str]) -> Result<Self, InputError> {
        let unknown = self.table.keys().filter(|key| !known.contains(&key.get_ref().as_ref()));
        match unknown.min_by_key(|key| key.span().start) {
            None => Ok(self),
            Some(key) => {
                let (word, name) = (key.get_ref(), in_sentence(self.name));
                let error = self.source.error(&key.span(), format!("{name} has no key `{word}`"));
                Err(error.with_hint(suggestion(word, known.iter().copied())))
            }
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &'static str) -> Option<FileValue<'a>> {
        self.table.get(key).map(|value| FileValue { source: self.source, key, value })
    }

    /// The text of a key, with its value for errors; `None` if the key is not there.
    pub fn text(&self, key: &'static str) -> Result<Option<(FileValue<'a>, &'a str)>, InputError> {
        self.get(key).map(|value| Ok((value, value.text()?))).transpose()
    }

    /// An error about the whole table.
    pub fn error(&self, what: impl std::fmt::Display) -> Complaint {
        self.source.error(&self.span, what)
    }

    /// An error at a key itself.
    pub(super) fn error_at_key(&self, key: &str, what: impl std::fmt::Display) -> Complaint {
        self.source.error(&self.key_span(key), what)
    }

    /// The place of a key itself.
    pub(super) fn key_span(&self, key: &str) -> Range<usize> {
        self.table.get_key_value(key).map_or(self.span.clone(), |(key, _)| key.span())
    }
}

impl<'a> FileValue<'a> {
    /// The place of the value.
    pub(super) fn span(self) -> Range<usize> {
        self.value.span()
    }

    /// An error at the place of the value.
    pub fn error(self, what: impl std::fmt::Display) -> Complaint {
        self.source.error(&self.span(), what)
    }

    /// The value under this name in sentences: a key, or words such as `[load]`.
    pub(super) fn called(self, name: &'a str) -> Self {
        Self { key: name, ..self }
    }

    /// The error of a value that has another type than its key wants.
    pub fn wrong_type(self, wanted: &str) -> InputError {
        let is = match self.value.get_ref() {
            DeValue::String(_) => "text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or a time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let error = self.error(format!("{} must be {wanted}, not {is}", in_sentence(self.key)));
        error.with_hint((self.source.example)(self.key))
    }

    /// Opens the table that the value must be. `name` is its name in a sentence.
    pub fn table(self, name: &'static str, known: &[&str]) -> Result<Section<'a>, InputError> {
        let Self { source, value, .. } = self;
        match value.get_ref() {
            DeValue::Table(table) => Section { source, name, span: value.span(), table }.checked(known),
            _ => Err(self.called(name).wrong_type("a table")),
        }
    }

    /// The entries of the table that the value must be, in the order of the file: each key, and its value. `wanted` is
    /// what an error says that it must be.
    pub(super) fn entries(self, wanted: &str) -> Result<Vec<(&'a Key<'a>, Self)>, InputError> {
        let DeValue::Table(table) = self.value.get_ref() else { return Err(self.wrong_type(wanted)) };
        let entry = |(key, value): (&'a Key<'a>, _)| (key, Self { key: key.get_ref(), value, ..self });
        let mut entries: Vec<_> = table.iter().map(entry).collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        Ok(entries)
    }

    /// The text that the value must be.
    pub fn text(self) -> Result<&'a str, InputError> {
        match self.value.get_ref() {
            DeValue::String(text) => Ok(text),
            _ => Err(self.wrong_type("text in quotes")),
        }
    }

    /// The items of the list that the value must be. `wanted` is what an error says that it must be.
    pub fn list(self, wanted: &str) -> Result<Vec<Self>, InputError> {
        match self.value.get_ref() {
            DeValue::Array(items) => Ok(items.iter().map(|value| Self { value, ..self }).collect()),
            _ => Err(self.wrong_type(wanted)),
        }
    }

    /// The number that the value must be, as JSON; `None` for a number that is not finite or too large. `wanted` is what
    /// an error says that it must be.
    pub(super) fn number(self, wanted: &str) -> Result<Option<Json>, InputError> {
        match self.value.get_ref() {
            DeValue::Integer(_) | DeValue::Float(_) => Ok(self.json()),
            _ => Err(self.wrong_type(wanted)),
        }
    }

    /// The duration that the value must be.
    pub(super) fn duration(self) -> Result<Duration, InputError> {
        let parsed = match self.value.get_ref() {
            DeValue::String(text) => parse_duration(text),
            DeValue::Integer(number) => Err(in_seconds(number.as_str())),
            DeValue::Float(number) => Err(in_seconds(number.as_str())),
            _ => return Err(self.wrong_type("a duration in quotes, such as \"2s\"")),
        };
        parsed.map_err(|hint| self.error(format!("`{}` {NO_DURATION}", self.key)).with_hint(hint))
    }

    /// The duration of at most [`LONGEST`] that the value must be, for a key that nothing else bounds.
    pub(super) fn bounded_duration(self) -> Result<Duration, InputError> {
        let duration = self.duration()?;
        if duration > LONGEST {
            let error = self.error(format!("`{}` must be at most 24h", self.key));
            return Err(error.with_hint("no load lasts longer"));
        }
        Ok(duration)
    }

    /// A text, number or switch as JSON; `None` for other values, and for numbers that JSON does not have.
    pub fn json(self) -> Option<Json> {
        match self.value.get_ref() {
            DeValue::String(text) => Some(text.as_ref().into()),
            DeValue::Boolean(on) => Some((*on).into()),
            DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).ok().map(Json::from),
            DeValue::Float(n) => Number::from_f64(n.as_str().parse().ok()?).map(Json::from),
            DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
        }
    }
}

pub(super) const NO_DURATION: &str = "must be a duration such as \"2s\" or \"100ms\"";

/// The longest duration of a scenario, which is the longest load: sums of such durations fit into every clock.
pub(super) const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads a duration. The error is a hint at what is wrong with the text.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(duration) => Ok(duration),
        Err(DurationError::NumberOverflow) => Err("24h is the longest".into()),
        Err(_) if text.trim().parse::<f64>().is_ok_and(|number| number.is_finite() && number >= 0.0) => {
            Err(in_seconds(text.trim()))
        }
        Err(_) => Err("a duration is a number and a unit: us, ms, s, m or h".into()),
    }
}

fn in_seconds(number: &str) -> String {
    format!("write \"{number}s\" for seconds")
}

/// A key, in back-quotes; `[load]` and `a scenario` need none.
fn in_sentence(name: &str) -> String {
    if name.contains(['[', ' ']) { name.to_owned() } else { format!("`{name}`") }
}
