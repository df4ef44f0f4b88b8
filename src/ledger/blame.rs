//! Which moments are to blame for a figure that does not keep its bound.

use std::time::Duration;

use super::moments::Moments;
use super::settled::Settled;
use super::span::Span;
use super::timeline::SLICE;
use scenario::Bound;

impl Settled {
    /// Where in time a figure that does not keep this bound went wrong. The figure goes by its name without a unit, and
    /// the bound is in milliseconds if the figure is a time. `None` where no moment is to blame.
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

    /// The span from the first to the last slice with a message whose recipients were too far apart.
    fn spreads(&self, bound: Bound) -> Span {
        let mut span = Span::default();
        for (i, slice) in self.timeline.iter().enumerate() {
            if slice.spread_max_us.is_some_and(|us| !bound.holds(us as f64 / 1e3)) {
                span.cover(i as u64 * SLICE, (i as u64 + 1) * SLICE);
            }
        }
        span
    }

    /// The span from the first to the last slice whose latency breaks the bound. If none does, because a slice is less
    /// exact than the whole, it is the slice of the longest latency.
    fn slices(&self, figure: &str, bound: Bound, exceeded: bool) -> Span {
        let us = |i: usize| match figure {
            "p50" => self.timeline[i].p50_us,
            // A slice has no p90, and where the p90 is over the bound, the p99 is too.
            "p90" | "p99" => self.timeline[i].p99_us,
            _ => self.moments.longest_us.get(i).copied().filter(|us| *us > 0),
        };
        let breaks = |i: &usize| {
            let ms = us(*i).map(|us| us as f64 / 1e3);
            ms.is_some_and(|ms| !bound.holds(ms) && bound.is_exceeded_by(ms) == exceeded)
        };
        let all = 0..self.timeline.len();
        let mut span = Span::default();
        // The longest latency of all is in one slice alone, so no span is gathered for it.
        if figure != "max" {
            all.clone().filter(breaks).for_each(|i| span.cover(i as u64 * SLICE, (i as u64 + 1) * SLICE));
        }
        // Of slices with an equally long latency, the first is taken.
        let longest = all.rev().max_by_key(|i| self.moments.longest_us.get(*i));
        if let (Some(i), None, true) = (longest, span.ends(), exceeded) {
            span.cover(i as u64 * SLICE, (i as u64 + 1) * SLICE);
        }
        span
    }
}
