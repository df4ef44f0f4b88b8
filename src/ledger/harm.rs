//! The harm that was done: from when to when, and whether it reached the last messages due.
//!
//! A debt is harmed if it is lost, first received more than a second after its intended send time, or was never made
//! because its message was never sent. Its harm ends with the receipt, or at the intended time if nothing came.
//!
//! Nobody can say that a pattern was well again if its last messages were harmed, too. The *last messages due* are those
//! of the last 100 ms before the last one was due. Where the publishers take longer to send once to each room, they are
//! those of that time, so that the last message over each path is among them; but none that was due a second or more
//! before the last.

use std::time::Duration;

use super::ledger::Ledger;
use super::single_times::SingleTimes;
use super::span::Span;
use super::time::{ON_TIME_NANOS, nanos};
use super::timeline::SLICE;

/// The harm of a run so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Harm {
    span: Span,
    /// The latest message with a harmed debt.
    last: Option<usize>,
}

impl Harm {
    /// Adds a harmed debt of message `n`: its intended send time and the end of its harm, in nanoseconds since the run's
    /// zero.
    pub(super) fn add(&mut self, n: usize, intended: u64, end: u64) {
        self.span.cover(intended, end);
        self.last = self.last.max(Some(n));
    }

    /// The span from the first harmed intended send time to the end of the last harm, in nanoseconds since the run's zero.
    pub(super) fn span(self) -> Span {
        self.span
    }
}

impl Ledger {
    /// How long the harm was felt in a run of which message `last` was the last one due. The last healing began and ended
    /// at these times since the measured load began.
    pub(super) fn harm_times(
        &self,
        harm: Harm,
        last: Option<usize>,
        heal_begin: Option<Duration>,
        healed: Option<Duration>,
    ) -> SingleTimes {
        let zero = self.begin.unwrap_or(0);
        let to_the_end = last.zip(harm.last).is_some_and(|(last, harmed)| harmed >= self.first_of_last(last));
        let seen_by = |heal: &Duration| last.is_some_and(|last| nanos(self.tempo.due(last)) >= nanos(*heal));
        let recovery = |heal: Duration| {
            let (_, end) = harm.span.ends()?;
            Some(whole_ms(end.saturating_sub(zero.saturating_add(nanos(heal)))))
        };
        SingleTimes {
            impact_ms: harm.span.ends().map(|(first, last)| whole_ms(last - first)),
            recovery_ms: heal_begin.filter(|heal| !to_the_end && seen_by(heal)).and_then(recovery),
            not_recovered: to_the_end && heal_begin.is_some(),
            ready_ms: heal_begin.zip(healed).map(|(begin, end)| whole_ms(nanos(end.saturating_sub(begin)))),
        }
    }

    /// The first of the last messages due, where `last` is the last of them.
    fn first_of_last(&self, last: usize) -> usize {
        let end = nanos(self.tempo.due(last));
        let first_after = |before: u64| {
            let until = end.checked_sub(before).map(Duration::from_nanos);
            until.map_or(0, |until| self.tempo.due_by(until, self.plan.messages))
        };
        let a_round = (last + 1).saturating_sub(self.plan.publishers * self.plan.rooms);
        first_after(SLICE).min(a_round.max(first_after(ON_TIME_NANOS)))
    }
}

/// A time in nanoseconds as milliseconds, rounded to the nearest.
pub(super) fn whole_ms(nanos: u64) -> u64 {
    nanos.saturating_add(500_000) / 1_000_000
}
