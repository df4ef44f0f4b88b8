//! What lies between two agents: latency as an interval, and the debts whose class depends on a clock.

use std::collections::BTreeSet;

use hdrhistogram::Histogram;

use super::offsets::{Offsets, whole};
use ledger::{ON_TIME, micros_histogram};

/// Latency of debts whose message was sent by another agent than that of the subscriber, in microseconds from the intended
/// send time.
#[derive(Debug)]
pub struct Between {
    /// The least that each may have been; never less than 0.
    pub least: Histogram<u64>,
    /// The most that each may have been.
    pub most: Histogram<u64>,
    /// Number of debts of which nothing is known, because a clock is not.
    pub unknown: u64,
    /// The debts whose class may be another one within the bounds of the clocks: subscriber and message.
    pub(crate) undecided: BTreeSet<(usize, usize)>,
}

impl Default for Between {
    fn default() -> Self {
        let (least, most) = (micros_histogram(), micros_histogram());
        Self { least, most, unknown: 0, undecided: BTreeSet::new() }
    }
}

impl Between {
    /// Records the first live receipt of a debt. `due` and `received` are moments of their agents' own times; `taken` is
    /// how late the ledger took it to be, in nanoseconds.
    pub(crate) fn received(
        &mut self,
        offsets: &mut Offsets,
        debt: (usize, usize),
        due: (usize, i64),
        received: (usize, i64),
        taken: i64,
    ) {
        let limit = whole(ON_TIME.as_nanos() as u64);
        let Some((least, most)) = offsets.between(due, received) else {
            self.unknown += 1;
            self.undecided.insert(debt);
            return;
        };
        let us = |nanos: i64| u64::try_from(nanos / 1_000).unwrap_or_default();
        self.least.saturating_record(us(least));
        self.most.saturating_record(us(most));
        if (least.min(taken) <= limit) != (most.max(taken) <= limit) {
            self.undecided.insert(debt);
        }
    }

    /// Number of debts whose class may be another one within the bounds of the clocks.
    pub fn undecided(&self) -> u64 {
        self.undecided.len() as u64
    }
}
