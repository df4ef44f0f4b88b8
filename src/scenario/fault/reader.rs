//! Takes the values of one `[[fault]]`, each in the way in which the kinds of faults need it.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::link::Link;
use super::target::Target;
use crate::error::InputError;
use crate::example::example;
use crate::section::{FileValue, Section};
use crate::{Cluster, share};

/// One `[[fault]]` that is being read, with its keys.
pub(crate) struct Reader<'a> {
    pub(super) section: Section<'a>,
    pub(super) cluster: &'a Cluster,
}

impl<'a> Reader<'a> {
    /// The value of a key, which must be there, and its text.
    pub(super) fn words(&self, key: &'static str) -> Result<(FileValue<'a>, &'a str), InputError> {
        let text = self.section.text(key)?;
        text.ok_or_else(|| {
            let error = self.section.error("a [[fault]] needs an action");
            error.with_hint(example(key))
        })
    }

    /// Reads a process: `broker`, `node 1`.
    pub(super) fn process(&self, key: &'static str) -> Result<Target, InputError> {
        let (value, text) = self.words(key)?;
        Target::parse(text).ok_or_else(|| {
            let last = self.cluster.nodes - 1;
            let error = value.error(format!("`{text}` is no target"));
            error.with_hint(format!(
                "a target is \"broker\", \"history\", \"node 0\" to \"node {last}\", \"node *\" or \"node any\""
            ))
        })
    }

    /// Reads a link that a cluster may have.
    pub(super) fn link(&self, key: &'static str) -> Result<Link, InputError> {
        let (value, text) = self.words(key)?;
        let wrong = |what: &str| value.error(format!("`{text}` {what}"));
        let forms = "\"node 1 <-> broker\", \"node 0 -> node 2\", \"client * <-> node 1\", \"node * <-> history\" \
                     and \"history <-> broker\" are links";
        let Some(link) = Link::parse(text) else {
            return Err(wrong("is no link").with_hint(forms));
        };
        if !link.is_possible() {
            return Err(wrong("is a link that no cluster has").with_hint(forms));
        }
        Ok(link)
    }

    /// Reads a share of the subscribers.
    pub(super) fn share(&self, key: &'static str) -> Result<Target, InputError> {
        let (value, text) = self.words(key)?;
        share::parse(text).map(Target::Subscribers).ok_or_else(|| {
            let error = value.error(format!("`{text}` is no share of the subscribers"));
            error.with_hint("a share is a whole percentage, \"1%\" to \"100%\"")
        })
    }

    /// Reads a whole number; where the key is missing, the least of the range.
    pub(super) fn count(&self, key: &'static str, range: RangeInclusive<u64>) -> Result<u64, InputError> {
        let Some(value) = self.section.get(key) else { return Ok(*range.start()) };
        value
            .number("a whole number")?
            .and_then(|number| number.as_u64())
            .filter(|number| range.contains(number))
            .ok_or_else(|| {
                let what =
                    format!("`{key}` must be a whole number from {} to {}", range.start(), range.end());
                value.error(what).with_hint(example(key))
            })
    }

    /// Reads a duration; `None` where the key is missing.
    pub(super) fn time(&self, key: &'static str) -> Result<Option<Duration>, InputError> {
        self.section.get(key).map(FileValue::bounded_duration).transpose()
    }

    /// Checks that a key is there without which another key means nothing.
    pub(super) fn needs_for(&self, key: &'static str, hint: &str) -> Result<(), InputError> {
        if self.section.get("for").is_some() {
            return Ok(());
        }
        let error = self.section.error_at_key(key, format!("`{key}` needs `for`"));
        Err(error.with_hint(hint))
    }
}
