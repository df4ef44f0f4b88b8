//! Where in time each figure went wrong. It costs one span for each figure, and nothing for a debt.

use super::fault_times::FaultTimes;
use super::span::{Peak, Span};
use super::time::nanos;

/// What is recorded as receipts come, in nanoseconds since the run's zero. The moments are those of the receipts,
/// except where a field says that it holds intended times.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    pub(super) duplicates: Span,
    pub(super) reordered: Span,
    pub(super) replay_reordered: Span,
    pub(super) unexpected: Span,
    pub(super) corrupted: Span,
    pub(super) foreign: Span,
    /// Intended times of debts that were delivered late.
    pub(super) late: Span,
    /// The intended time of the debt with the longest service.
    pub(super) service: Peak,
    /// The intended time of the debt that was recovered last after it was due.
    pub(super) recovered: Peak,
}

impl Seen {
    /// These moments, counted from the instant at which the measured load began.
    fn since(self, begin: u64) -> Seen {
        let since = |span: Span| span.since(begin);
        Seen {
            duplicates: since(self.duplicates),
            reordered: since(self.reordered),
            replay_reordered: since(self.replay_reordered),
            unexpected: since(self.unexpected),
            corrupted: since(self.corrupted),
            foreign: since(self.foreign),
            ..self
        }
    }
}

/// Intended times of lost debts, for each way to be lost.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LostAt {
    pub(super) all: Span,
    pub(super) confirmed: Span,
    pub(super) handed: Span,
    pub(super) refused: Span,
    pub(super) unknown: Span,
    pub(super) no_path: Span,
    pub(super) online: Span,
    pub(super) offline: Span,
}

/// Intended times of messages, by what became of them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct MessagesAt {
    pub(super) refused: Span,
    pub(super) unknown: Span,
    pub(super) unsent: Span,
}

/// Where in time each figure went wrong, in nanoseconds since the measured load began.
#[derive(Debug, Clone, Default)]
pub(super) struct Moments {
    pub(super) seen: Seen,
    pub(super) lost: LostAt,
    pub(super) messages: MessagesAt,
    /// Intended times of debts that were received only by replay.
    pub(super) recovered: Span,
    /// Intended times of debts that were received though their message was refused. The times of the receipts were not
    /// recorded.
    pub(super) refused_but_delivered: Span,
    pub(super) harm: Span,
    pub(super) ready: Span,
    /// The span from the first stop of a path to the end of the schedule.
    pub(super) stopped: Span,
    /// The longest latency in each slice of the timeline, in microseconds.
    pub(super) longest_us: Vec<u64>,
}

impl Moments {
    /// The moments that are known before the debts are looked at.
    pub(super) fn new(seen: Seen, begin: u64, longest_us: Vec<u64>) -> Self {
        Self { seen: seen.since(begin), longest_us, ..Self::default() }
    }

    /// Records the harm that was done, counted from the run's zero, and the fault whose healing counts.
    pub(super) fn harmed(&mut self, harm: Span, begin: u64, healed: Option<&FaultTimes>) {
        self.harm = harm.since(begin);
        if let Some((from, to)) = healed.and_then(|fault| fault.heal_begin.zip(fault.healed)) {
            self.ready.cover(nanos(from), nanos(to));
        }
    }
}
