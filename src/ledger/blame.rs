//! Which moments are to blame for a figure that does not keep its bound.

use std::time::Duration;

use super::moments::Moments;
use super::settled::Settled;
use super::span::Span;
use super::timeline::SLICE;
use scenario::{Bound, Count, Distribution, Figure, Quantile, Share, Time};

impl Settled {
    /// From the first harmed intended send time to the end of the last harm; `None` if nobody was harmed.
    pub(super) fn harmed(&self) -> Option<(Duration, Duration)> {
        times(self.moments.harm)
    }

    /// Where in time a figure that does not keep this bound went wrong. The bound is in milliseconds if the figure is a
    /// time. `None` where no moment is to blame.
    pub(super) fn went_wrong(
        &self,
        figure: Figure,
        value: f64,
        bound: Bound,
    ) -> Option<(Duration, Duration)> {
        let moments = &self.moments;
        let exceeded = bound.is_exceeded_by(value);
        let span = match figure {
            Figure::Time(Time::Impact | Time::Recovery) => moments.harm,
            Figure::Time(Time::Ready) => moments.ready,
            Figure::Quantile(Distribution::Latency, quantile) => self.slices(quantile, bound, exceeded),
            Figure::Quantile(of, _) if exceeded => match of {
                Distribution::FanOut => self.spreads(bound),
                Distribution::Service => moments.service.span(),
                Distribution::Recovered => moments.recovered.span(),
                Distribution::Latency | Distribution::PublishDelay | Distribution::LoopLag => Span::default(),
            },
            Figure::Count(count) if exceeded => self.too_many(count),
            Figure::Share(Share::LostShare) if exceeded => self.too_many(Count::Lost),
            Figure::Count(count) => self.too_few(count),
            Figure::Share(Share::OnTime) if !exceeded => self.too_few(Count::Delivered).or(moments.late),
            Figure::Share(_) | Figure::Quantile(..) => Span::default(),
            Figure::Presence(_) | Figure::Traffic(_) | Figure::Cost(_) => Span::default(),
        };
        times(span)
    }

    /// The moments of what was counted, and of the unsent messages where their debts count, too.
    fn too_many(&self, count: Count) -> Span {
        let at = &self.moments.at;
        if count == Count::UnsentDebts || Figure::Count(count).counts_unsent() {
            at[count].or(at[Count::Unsent])
        } else {
            at[count]
        }
    }

    /// The moments of what went another way than the one that is counted.
    fn too_few(&self, count: Count) -> Span {
        let Moments { at, late, .. } = &self.moments;
        match count {
            Count::Sent => at[Count::Unsent],
            Count::Acked => at[Count::Refused].or(at[Count::Unknown]).or(at[Count::Unsent]),
            Count::Delivered => at[Count::Lost].or(at[Count::Recovered]).or(at[Count::Unsent]),
            Count::Recovered => at[Count::Lost].or(*late).or(at[Count::Unsent]),
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
    fn slices(&self, quantile: Quantile, bound: Bound, exceeded: bool) -> Span {
        let us = |i: usize| match quantile {
            Quantile::P50 => self.timeline[i].p50_us,
            // A slice has no p90, and where the p90 is over the bound, the p99 is too.
            Quantile::P90 | Quantile::P99 => self.timeline[i].p99_us,
            Quantile::P999 | Quantile::Max => self.moments.longest_us.get(i).copied().filter(|us| *us > 0),
        };
        let breaks = |i: &usize| {
            let ms = us(*i).map(|us| us as f64 / 1e3);
            ms.is_some_and(|ms| !bound.holds(ms) && bound.is_exceeded_by(ms) == exceeded)
        };
        let all = 0..self.timeline.len();
        let mut span = Span::default();
        // The longest latency of all is in one slice alone, so no span is gathered for it.
        if quantile != Quantile::Max {
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

/// The ends of a span of nanoseconds.
fn times(span: Span) -> Option<(Duration, Duration)> {
    span.ends().map(|(from, to)| (Duration::from_nanos(from), Duration::from_nanos(to)))
}
