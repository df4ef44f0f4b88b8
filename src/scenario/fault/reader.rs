//! Takes the values of one `[[fault]]`, each in the way in which the kinds of faults need it.

use std::ops::RangeInclusive;
use std::time::Duration;

use toml::Spanned;

use super::link::Link;
use super::target::Target;
use crate::error::{InputError, Source};
use crate::section::{Section, duration, whole};
use crate::{Cluster, share};

/// One `[[fault]]` that is being read, with its keys.
pub(crate) struct Reader<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) section: Section<'a>,
    pub(super) cluster: &'a Cluster,
}

impl<'a> Reader<'a> {
    /// The text of a key, which must be there.
    pub(super) fn words(&self, key: &'static str) -> Result<Spanned<&'a str>, InputError> {
        let text = self.section.text(key)?;
        text.ok_or_else(|| {
            let error = self.section.error_of_table("a [[fault]] needs an action");
            error.with_hint(self.source.how_to_write(key))
        })
    }

    /// Reads a process: `broker`, `node 1`.
    pub(super) fn process(&self, key: &'static str) -> Result<Target, InputError> {
        let text = self.words(key)?;
        Target::parse(text.get_ref()).ok_or_else(|| {
            let last = self.cluster.nodes - 1;
            let error = self.source.error(&text.span(), format!("`{}` is no target", text.get_ref()));
            error.with_hint(format!(
                "a target is \"broker\", \"history\", \"node 0\" to \"node {last}\", \"node *\" or \"node any\""
            ))
        })
    }

    /// Reads a link that a cluster may have.
    pub(super) fn link(&self, key: &'static str) -> Result<Link, InputError> {
        let text = self.words(key)?;
        let wrong = |what: &str| self.source.error(&text.span(), format!("`{}` {what}", text.get_ref()));
        let forms = "\"node 1 <-> broker\", \"node 0 -> node 2\", \"client * <-> node 1\", \"node * <-> history\" \
                     and \"history <-> broker\" are links";
        let Some(link) = Link::parse(text.get_ref()) else {
            return Err(wrong("is no link").with_hint(forms));
        };
        if !link.is_possible() {
            return Err(wrong("is a link that no cluster has").with_hint(forms));
        }
        Ok(link)
    }

    /// Reads a share of the subscribers.
    pub(super) fn share(&self, key: &'static str) -> Result<Target, InputError> {
        let text = self.words(key)?;
        share::parse(text.get_ref()).map(Target::Subscribers).ok_or_else(|| {
            let what = format!("`{}` is no share of the subscribers", text.get_ref());
            let error = self.source.error(&text.span(), what);
            error.with_hint("a share is a whole percentage, \"1%\" to \"100%\"")
        })
    }

    /// Reads a whole number; where the key is missing, the least of the range.
    pub(super) fn count(&self, key: &'static str, range: RangeInclusive<u64>) -> Result<u64, InputError> {
        let Some(value) = self.section.get(key) else { return Ok(*range.start()) };
        whole(self.source, value, key)?.filter(|number| range.contains(number)).ok_or_else(|| {
            let what = format!("`{key}` must be a whole number from {} to {}", range.start(), range.end());
            self.source.error(&value.span(), what).with_hint(self.source.how_to_write(key))
        })
    }

    /// Reads a duration; `None` where the key is missing.
    pub(super) fn time(&self, key: &'static str) -> Result<Option<Duration>, InputError> {
        self.section.get(key).map(|value| duration(self.source, value, key)).transpose()
    }

    /// Checks that a key is there without which another key means nothing.
    pub(super) fn needs_for(&self, key: &'static str, hint: &str) -> Result<(), InputError> {
        if self.section.get("for").is_some() {
            return Ok(());
        }
        let error = self.source.error(&self.section.key_span(key), format!("`{key}` needs `for`"));
        Err(error.with_hint(hint))
    }
}
