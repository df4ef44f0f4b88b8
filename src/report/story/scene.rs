//! The facts about a message that stand beside its testimony.

use super::outage::Outages;
use super::traces::Traced;
use ledger::Plan;
use scenario::Pattern;

/// The sources from which the way of a message is told, beside what the clients testify.
pub(super) struct Scene<'a> {
    pub(super) plan: &'a Plan,
    pub(super) pattern: Option<Pattern>,
    /// What the processes traced of the message; `None` where nothing was traced.
    pub(super) traced: Option<&'a Traced>,
    pub(super) outages: &'a Outages,
}

impl Scene<'_> {
    /// Whether the broker has a line of the diagram.
    pub(super) fn has_broker(&self) -> bool {
        self.traced.is_some() && self.pattern.is_some_and(Pattern::has_broker)
    }

    /// Whether the history has a line of the diagram.
    pub(super) fn has_history(&self) -> bool {
        self.traced.is_some() && self.pattern.is_some_and(Pattern::has_history)
    }
}
