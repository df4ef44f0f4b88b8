//! What is wrong with a file of the user's, and where: at a line and column, or in the flag that overrides the file.

use std::ops::Range;

use toml::Spanned;
use toml::de::DeTable;

use super::example::syntax_hint;

/// Why a scenario, or a dialect's file, cannot be used: one sentence that names what is wrong and where, and a hint at
/// what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InputError {
    message: String,
    hint: String,
    /// The flag that gave the wrong value: its key and its text, with which the message begins.
    flag: Option<(&'static str, String)>,
}

impl InputError {
    /// What the user can do about the error. It is shown after `hint: `.
    pub fn hint(&self) -> &str {
        &self.hint
    }

    /// This error with another hint.
    pub(super) fn hinting(self, hint: String) -> Self {
        Self { hint, ..self }
    }

    /// This error, for a value that was not given by the flag of its field: `words` say what gave it, and `hint`
    /// what to do then.
    pub fn given_by(mut self, key: &str, words: &str, hint: &str) -> Self {
        let Some((_, text)) = self.flag.take_if(|(flag, _)| *flag == key) else { return self };
        let what = self.message.strip_prefix(&given(key, &text)).unwrap_or(&self.message);
        Self { message: format!("{words}{what}"), hint: hint.into(), flag: None }
    }
}

/// The words with which an error about a flag's value begins.
fn given(key: &str, text: &str) -> String {
    format!("{} {text}", flag(key))
}

/// An error that still lacks its hint: only with one does it become a [`InputError`].
#[must_use]
#[derive(Debug)]
pub struct Complaint {
    message: String,
    flag: Option<(&'static str, String)>,
}

impl Complaint {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), flag: None }
    }

    /// The error, with what the user can do about it.
    pub fn with_hint(self, hint: impl Into<String>) -> InputError {
        InputError { message: self.message, hint: hint.into(), flag: self.flag }
    }
}

/// The text of a file, and the name by which people know it.
pub struct Source<'a> {
    /// The name that errors give the file; empty for words that stand in no file, and then errors name no place.
    pub name: &'a str,
    /// What stands in the file.
    pub text: &'a str,
    /// Says how a key is written: the hint of an error that has no better one.
    pub example: fn(&str) -> String,
}

/// The place where a value was given.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    /// The value stands in the file, at these bytes.
    File(Range<usize>),
    /// A flag gave the value: the key of its field, and the text.
    Flag(&'static str, String),
}

impl<'a> Source<'a> {
    /// The table that the text is, in TOML, with the place of each value.
    pub fn document(&self) -> Result<Spanned<DeTable<'a>>, InputError> {
        DeTable::parse(self.text).map_err(|error| {
            let what = error.message().lines().collect::<Vec<_>>().join("; ");
            let hint = syntax_hint(&what);
            self.error(&error.span().unwrap_or(0..0), what).with_hint(hint)
        })
    }

    /// The place of a byte as `file:line:column`; both numbers count from 1, the column in characters.
    pub(super) fn place(&self, at: usize) -> String {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before[start..].chars().count() + 1;
        format!("{}:{line}:{column}", self.name)
    }

    /// An error at a place in the file.
    pub(super) fn error(&self, span: &Range<usize>, what: impl std::fmt::Display) -> Complaint {
        match self.name {
            "" => Complaint::new(what.to_string()),
            _ => Complaint::new(format!("{}: {what}", self.place(span.start))),
        }
    }

    /// An error at the place where a value was given.
    pub(super) fn error_at(&self, origin: &Origin, what: impl std::fmt::Display) -> Complaint {
        match origin {
            Origin::File(span) => self.error(span, what),
            Origin::Flag(key, text) => {
                let message = format!("{}: {what}", given(key, text));
                Complaint { message, flag: Some((key, text.clone())) }
            }
        }
    }
}

/// The flag that overrides a field.
pub(super) fn flag(key: &str) -> String {
    format!("--{}", key.replace('_', "-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_no_flag_gave_is_named_by_what_gave_it() {
        let source = Source { name: "a.toml", text: "", example: str::to_owned };
        let nodes = Origin::Flag("nodes", "1".into());
        let error = || source.error_at(&nodes, "too few").with_hint("more");
        assert_eq!(error().to_string(), "--nodes 1: too few");
        let said = error().given_by("nodes", "one --url is 1 node", "give more");
        assert_eq!((said.to_string().as_str(), said.hint()), ("one --url is 1 node: too few", "give more"));
        assert_eq!(error().given_by("rate", "x", "y"), error());
    }

    #[test]
    fn a_place_counts_lines_and_characters_from_one() {
        let source = Source { name: "a.toml", text: "x\ntitle = \"Zürich\" y", example: str::to_owned };
        assert_eq!(source.place(0), "a.toml:1:1");
        assert_eq!(source.place(2), "a.toml:2:1");
        assert_eq!(source.place(source.text.len() - 1), "a.toml:2:18");
        assert_eq!(source.place(10_000), "a.toml:2:19");
    }
}
