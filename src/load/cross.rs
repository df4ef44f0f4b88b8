//! The messages that are still to come from other agents' publishers. Whether they were sent is not known here; that is
//! found out when the parts are joined. It only says for how long listening is worth while.

use super::agent::Agent;
use ledger::Plan;

/// Which messages of other agents the own subscribers have received.
#[derive(Debug, Default)]
pub(super) struct Cross {
    /// For each subscriber, a bit for each message of its room; empty for subscribers of other agents.
    seen: Vec<Box<[u64]>>,
    missing: usize,
}

impl Cross {
    /// Nothing has come yet of what agents that take part are to send to this agent's subscribers.
    pub(super) fn new(plan: &Plan, agent: &Agent) -> Self {
        let others = |n: &usize| {
            let publisher = plan.publisher(*n);
            !agent.plays(publisher) && agent.is_played(publisher)
        };
        let mut of_room = vec![0; plan.rooms];
        (0..plan.messages).filter(others).for_each(|n| of_room[plan.room(n)] += 1);
        let own = |s: &usize| agent.plays(*s);
        let bits = |s: usize| match own(&s) {
            true => vec![0; plan.room_messages(plan.subscriber_room(s)).div_ceil(64)].into(),
            false => Box::default(),
        };
        let missing = plan.all_subscribers().filter(own).map(|s| of_room[plan.subscriber_room(s)]).sum();
        Self { seen: plan.all_subscribers().map(bits).collect(), missing }
    }

    /// Records that a subscriber received a message of another agent.
    pub(super) fn received(&mut self, s: usize, place: usize) {
        let Some(word) = self.seen.get_mut(s).and_then(|seen| seen.get_mut(place / 64)) else { return };
        let bit = 1 << (place % 64);
        if *word & bit == 0 {
            *word |= bit;
            self.missing = self.missing.saturating_sub(1);
        }
    }

    /// Number of receipts that are still to come, if every message is sent and none is lost.
    pub(super) fn missing(&self) -> usize {
        self.missing
    }
}
