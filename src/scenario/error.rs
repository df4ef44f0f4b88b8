//! What is wrong with a scenario, and where: a line and column of the file, or a flag.

use std::ops::Range;

/// Why a scenario cannot be run: one sentence that names what and where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ScenarioError {
    message: String,
    hint: String,
}

impl ScenarioError {
    /// What to do about it. Stands after `hint: `.
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

/// What is wrong, before it is said what to do about it: only with a hint does it become an error.
#[must_use]
#[derive(Debug)]
pub(super) struct Complaint {
    message: String,
}

impl Complaint {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }

    pub(super) fn with_hint(self, hint: impl Into<String>) -> ScenarioError {
        ScenarioError { message: self.message, hint: hint.into() }
    }
}

/// A scenario's text and the name by which people know it.
pub(super) struct Source<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
}

/// Where a value was given.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    /// In the file, at these bytes.
    File(Range<usize>),
    /// By a flag: the field's key, and the text.
    Flag(&'static str, String),
}

impl Source<'_> {
    /// `file:line:column` of a byte; both count from 1, the column in characters.
    pub(super) fn place(&self, at: usize) -> String {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before[start..].chars().count() + 1;
        format!("{}:{line}:{column}", self.name)
    }

    /// An error at a place in the file.
    pub(super) fn error(&self, span: &Range<usize>, what: impl std::fmt::Display) -> Complaint {
        Complaint::new(format!("{}: {what}", self.place(span.start)))
    }

    /// An error at whatever gave the value.
    pub(super) fn error_at(&self, origin: &Origin, what: impl std::fmt::Display) -> Complaint {
        match origin {
            Origin::File(span) => self.error(span, what),
            Origin::Flag(key, text) => Complaint::new(format!("{} {text}: {what}", flag(key))),
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
    fn a_place_counts_lines_and_characters_from_one() {
        let source = Source { name: "a.toml", text: "x\ntitle = \"Zürich\" y" };
        assert_eq!(source.place(0), "a.toml:1:1");
        assert_eq!(source.place(2), "a.toml:2:1");
        assert_eq!(source.place(source.text.len() - 1), "a.toml:2:18");
        assert_eq!(source.place(10_000), "a.toml:2:19");
    }
}
