//! Where in time each figure went wrong. It costs one span for each count, and nothing for a debt.

use std::ops::{Index, IndexMut};

use super::fault_times::FaultTimes;
use super::span::{Peak, Span};
use super::time::nanos;
use scenario::Count;

/// From when to when each count counted something.
#[derive(Debug, Clone, Copy)]
pub(super) struct CountedAt([Span; Count::ALL.len()]);

impl Default for CountedAt {
    fn default() -> Self {
        Self([Span::default(); Count::ALL.len()])
    }
}

impl CountedAt {
    /// These moments, counted from the instant at which the measured load began.
    fn since(self, begin: u64) -> CountedAt {
        CountedAt(self.0.map(|span| span.since(begin)))
    }

    /// The spans of both.
    pub(super) fn or(mut self, other: CountedAt) -> CountedAt {
        self.0.iter_mut().zip(other.0).for_each(|(span, other)| *span = span.or(other));
        self
    }
}

impl Index<Count> for CountedAt {
    type Output = Span;

    fn index(&self, count: Count) -> &Span {
        &self.0[count as usize]
    }
}

impl IndexMut<Count> for CountedAt {
    fn index_mut(&mut self, count: Count) -> &mut Span {
        &mut self.0[count as usize]
    }
}

/// What is recorded as receipts come, in nanoseconds since the run's zero. The moments are those of the receipts,
/// except where a field says that it holds intended times.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    pub(super) at: CountedAt,
    /// Intended times of debts that were delivered late, since the measured load began.
    pub(super) late: Span,
    /// The intended time of the debt with the longest service, since the measured load began.
    pub(super) service: Peak,
}

/// Where in time each figure went wrong, in nanoseconds since the measured load began.
#[derive(Debug, Clone, Default)]
pub(super) struct Moments {
    /// The moments of whatever is counted. Those of messages and debts are intended times.
    pub(super) at: CountedAt,
    /// Intended times of debts that were delivered late.
    pub(super) late: Span,
    /// The intended time of the debt with the longest service.
    pub(super) service: Peak,
    /// The intended time of the debt that was recovered last after it was due.
    pub(super) recovered: Peak,
    pub(super) harm: Span,
    /// Whether a fault was healed whose healing counts.
    pub(super) healing: bool,
    pub(super) ready: Span,
    /// The longest latency in each slice of the timeline, in microseconds.
    pub(super) longest_us: Vec<u64>,
}

impl Moments {
    /// The moments that are known before the debts are looked at.
    pub(super) fn new(seen: Seen, begin: u64, longest_us: Vec<u64>) -> Self {
        let Seen { at, late, service } = seen;
        Self { at: at.since(begin), late, service, longest_us, ..Self::default() }
    }

    /// Records the harm that was done, counted from the run's zero, and the fault whose healing counts.
    pub(super) fn harmed(&mut self, harm: Span, begin: u64, healed: Option<&FaultTimes>) {
        self.harm = harm.since(begin);
        self.healing = healed.is_some();
        if let Some((from, to)) = healed.and_then(|fault| fault.heal_begin.zip(fault.healed)) {
            self.ready.cover(nanos(from), nanos(to));
        }
    }
}
