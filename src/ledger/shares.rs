//! Which agent of several played a client, where one ledger is told of all of them.

use super::ledger::Ledger;

/// How clients are shared between agents. Publisher `p` and subscriber `s` belong to agent `p mod N + 1` and `s mod N + 1`.
#[derive(Debug)]
pub(super) struct Shares {
    of: usize,
    /// For each agent, whether it was absent.
    absent: Vec<bool>,
}

impl Ledger {
    /// Has times between clients of different agents not be measured, and what absent agents were to send not be missed.
    /// Agents are counted from 1. To be told before anything else.
    pub fn share(&mut self, of: u32, absent: &[u32]) {
        let absent = (1..=of).map(|agent| absent.contains(&agent)).collect();
        self.shares = Some(Shares { of: of.max(1) as usize, absent });
    }

    /// Whether the times of a publisher and a subscriber are of one clock.
    pub(super) fn one_clock(&self, publisher: usize, subscriber: usize) -> bool {
        self.shares.as_ref().is_none_or(|shares| publisher % shares.of == subscriber % shares.of)
    }

    /// Whether nobody played a publisher.
    pub(super) fn is_absent(&self, publisher: usize) -> bool {
        let shares = self.shares.as_ref();
        shares.is_some_and(|shares| shares.absent.get(publisher % shares.of).copied().unwrap_or_default())
    }
}
