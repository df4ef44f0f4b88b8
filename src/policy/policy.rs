//! What a policy says, once it is read.

use super::connect::Connect;
use super::rule::Rule;

/// A policy. Each of its rules that names a room must allow what happens there.
#[derive(Debug, Default)]
pub struct Policy {
    /// Whom the policy lets in; `None` lets everybody in.
    pub(super) connect: Option<Connect>,
    /// Whether a room that no rule names is closed to everybody.
    pub(super) closed: bool,
    pub(super) rules: Vec<Rule>,
}

impl Policy {
    /// The rules that name a room, with their numbers.
    pub(super) fn rules_of(&self, room: &str) -> impl Iterator<Item = (usize, &Rule)> {
        self.rules.iter().enumerate().filter(move |(_, rule)| rule.names(room))
    }

    /// Whether a rule speaks of people by name, although a client may call itself whatever it likes.
    pub(super) fn trusts_chosen_names(&self) -> bool {
        !self.connect.as_ref().is_some_and(Connect::gives_names)
            && self.rules.iter().any(Rule::speaks_of_people)
    }
}
