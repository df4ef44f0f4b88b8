//! Where in time each figure went wrong. A span a figure, and nothing a debt.

use std::time::Duration;

use super::span::{Peak, Span};
use super::timeline::SLICE;
use super::{FaultTimes, Settled, nanos};
use scenario::Bound;

/// What is noted as receipts come: nanoseconds since the run's zero, of the receipt but for what is said to be
/// intended.
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
    /// That of the debt that was recovered last after it was due.
    pub(super) recovered: Peak,
}

impl Seen {
    /// The same, counted from the begin of the measured load.
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
    seen: Seen,
    pub(super) lost: LostAt,
    pub(super) messages: MessagesAt,
    /// Intended times of debts that were only replayed.
    pub(super) recovered: Span,
    /// Intended times of debts that were received though their message was refused: when, nobody noted.
    pub(super) refused_but_delivered: Span,
    harm: Span,
    ready: Span,
    /// From the first stop of a path to the end of the schedule.
    pub(super) stopped: Span,
    /// The longest latency in each slice of the timeline, in microseconds.
    longest_us: Vec<u64>,
}

impl Moments {
    /// What is known before the debts are looked at.
    pub(super) fn new(seen: Seen, begin: u64, longest_us: Vec<u64>) -> Self {
        Self { seen: seen.since(begin), longest_us, ..Self::default() }
    }

    /// The harm that was done, since the run's zero, and the fault whose healing counts.
    pub(super) fn harmed(&mut self, harm: Span, begin: u64, healed: Option<&FaultTimes>) {
        self.harm = harm.since(begin);
        if let Some((from, to)) = healed.and_then(|fault| fault.heal_begin.zip(fault.healed)) {
            self.ready.cover(nanos(from), nanos(to));
        }
    }
}

impl Settled {
    /// Where in time a figure (by its name without a unit) went wrong that does not keep this bound, which is in
    /// milliseconds if it is a time. `None` where no moment is to blame.
    pub(super) fn went_wrong(&self, figure: &str, value: f64, bound: Bound) -> Option<(Duration, Duration)> {
        let exceeded = bound.is_exceeded_by(value);
        let span = match figure {
            "impact" | "recovery" => self.moments.harm,
            "ready" => self.moments.ready,
            "p50" | "p90" | "p99" | "p999" | "max" => self.slices(figure, bound, exceeded),
            _ if exceeded && figure.starts_with("fan_out_") => self.spreads(bound),
            _ if exceeded => self.too_much(figure),
            _ => self.too_little(figure),
        };
        span.ends().map(|(from, to)| (Duration::from_nanos(from), Duration::from_nanos(to)))
    }

    fn too_much(&self, figure: &str) -> Span {
        let Moments { seen, lost, messages, .. } = &self.moments;
        match figure {
            "lost" | "lost_share" => lost.all.or(messages.unsent),
            "lost_confirmed" => lost.confirmed.or(messages.unsent),
            "lost_handed" => lost.handed.or(messages.unsent),
            "lost_refused" => lost.refused.or(messages.unsent),
            "lost_unknown" => lost.unknown.or(messages.unsent),
            "lost_online" => lost.online.or(messages.unsent),
            "lost_offline" => lost.offline.or(messages.unsent),
            "lost_no_path" => lost.no_path,
            "unsent" | "unsent_debts" => messages.unsent,
            "refused" => messages.refused,
            "unknown" => messages.unknown,
            "recovered" => self.moments.recovered,
            "duplicates" => seen.duplicates,
            "reordered" => seen.reordered,
            "replay_reordered" => seen.replay_reordered,
            "unexpected" => seen.unexpected,
            "corrupted" => seen.corrupted,
            "foreign" => seen.foreign,
            "refused_but_delivered" => self.moments.refused_but_delivered,
            "stopped_paths" => self.moments.stopped,
            _ if figure.starts_with("service_") => seen.service.span(),
            _ if figure.starts_with("recovered_") => seen.recovered.span(),
            _ => Span::default(),
        }
    }

    fn too_little(&self, figure: &str) -> Span {
        let Moments { seen, lost, messages, recovered, .. } = &self.moments;
        match figure {
            "sent" => messages.unsent,
            "acked" => messages.refused.or(messages.unknown).or(messages.unsent),
            "delivered" => lost.all.or(*recovered).or(messages.unsent),
            "recovered" => lost.all.or(seen.late).or(messages.unsent),
            "on_time" => lost.all.or(*recovered).or(seen.late).or(messages.unsent),
            _ => Span::default(),
        }
    }

    /// From the first to the last slice with a message whose recipients were too far apart.
    fn spreads(&self, bound: Bound) -> Span {
        let mut span = Span::default();
        for (i, slice) in self.timeline.iter().enumerate() {
            if slice.spread_max_us.is_some_and(|us| !bound.holds(us as f64 / 1e3)) {
                span.cover(i as u64 * SLICE, (i as u64 + 1) * SLICE);
            }
        }
        span
    }

    /// From the first to the last slice whose latency breaks the bound. If none does, as a slice is less exact than
    /// the whole, the one of the longest latency.
    fn slices(&self, figure: &str, bound: Bound, exceeded: bool) -> Span {
        let us = |i: usize| match figure {
            "p50" => self.timeline[i].p50_us,
            // A slice has no p90, and where that is over the bound, the p99 is.
            "p90" | "p99" => self.timeline[i].p99_us,
            _ => self.moments.longest_us.get(i).copied().filter(|us| *us > 0),
        };
        let breaks = |i: &usize| {
            let ms = us(*i).map(|us| us as f64 / 1e3);
            ms.is_some_and(|ms| !bound.holds(ms) && bound.is_exceeded_by(ms) == exceeded)
        };
        let all = 0..self.timeline.len();
        let mut span = Span::default();
        // The longest of all is one.
        if figure != "max" {
            all.clone().filter(breaks).for_each(|i| span.cover(i as u64 * SLICE, (i as u64 + 1) * SLICE));
        }
        // The first of equals.
        let longest = all.rev().max_by_key(|i| self.moments.longest_us.get(*i));
        if let (Some(i), None, true) = (longest, span.ends(), exceeded) {
            span.cover(i as u64 * SLICE, (i as u64 + 1) * SLICE);
        }
        span
    }
}
