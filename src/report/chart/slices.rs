//! The slices of the runs as a picture shows them: several become one point where there are too many for its width.

use super::axis::{Axis, seconds};
use crate::RunReport;
use ledger::Slice;

/// The most points over time: more are no longer told apart.
const MOST_POINTS: usize = 300;
/// The length of a slice in milliseconds, for runs with a single slice.
const SLICE_MS: u64 = 100;

/// A span of time that all runs of a report have in common: a whole number of slices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grain {
    /// Number of slices that make one point.
    pub(super) slices: usize,
    /// The length of a slice, in milliseconds.
    pub(super) slice_ms: u64,
}

/// A point over time: a slice, or several together.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Point {
    /// The sums of the counts, and the highest value of each latency; of `online` the lowest value.
    pub(super) slice: Slice,
    /// The end of the point, in milliseconds since the measured load began.
    pub(super) until_ms: u64,
}

impl Grain {
    /// The finest grain that these runs allow.
    pub(super) fn of(runs: &[RunReport]) -> Self {
        let most = runs.iter().map(|run| run.timeline.len()).max().unwrap_or(0);
        let round = [1, 2, 5].into_iter();
        let mut steps = (0..).flat_map(|decade| round.clone().map(move |part| part * 10usize.pow(decade)));
        let slices = steps.find(|step| most.div_ceil(*step) <= MOST_POINTS).unwrap_or(1);
        let begins = runs.iter().find_map(|run| run.timeline.get(..2));
        let slice_ms = begins.map_or(SLICE_MS, |two| two[1].at_ms.saturating_sub(two[0].at_ms).max(1));
        Self { slices, slice_ms }
    }

    /// The length of a point, in milliseconds.
    pub(super) fn ms(self) -> u64 {
        self.slice_ms.saturating_mul(self.slices as u64)
    }

    /// The length of a point in words: `100 ms`, `2 s`.
    pub(super) fn words(self) -> String {
        match self.ms() {
            ms @ 0..1_000 => format!("{ms} ms"),
            ms => seconds(ms),
        }
    }

    /// The sentence that a caption adds if slices are put together; `how` says in which way.
    pub(super) fn told(self, how: &str) -> String {
        if self.slices == 1 {
            return String::new();
        }
        format!(" Each point stands for {} slices of {} ms: {how}.", self.slices, self.slice_ms)
    }

    /// The points of a run.
    pub(super) fn points(self, run: &RunReport) -> Vec<Point> {
        let whole = |slices: &[Slice]| {
            let mut point = Point::default();
            for (i, slice) in slices.iter().enumerate() {
                point.add(slice, i == 0, self.slice_ms);
            }
            point
        };
        run.timeline.chunks(self.slices.max(1)).map(whole).collect()
    }

    /// The axis of time for all of the runs.
    pub(super) fn axis(self, runs: &[RunReport]) -> Axis {
        let ends = runs.iter().flat_map(|run| {
            let slices = run.timeline.last().map(|slice| slice.at_ms.saturating_add(self.slice_ms));
            let healed = run.faults.iter().filter_map(|fault| fault.healed_ms);
            slices.into_iter().chain(healed)
        });
        let end = ends.max().unwrap_or(0);
        Axis::linear("seconds since the load began", end as f64 / 1_000.0, 7)
    }
}

impl Point {
    fn add(&mut self, slice: &Slice, first: bool, slice_ms: u64) {
        let sum = &mut self.slice;
        if first {
            sum.at_ms = slice.at_ms;
        }
        sum.delivered += slice.delivered;
        // What nobody counted in one of the slices has no sum.
        let plus = |sum: Option<u64>, more: Option<u64>| if first { more } else { Some(sum? + more?) };
        sum.late = plus(sum.late, slice.late);
        sum.duplicates = plus(sum.duplicates, slice.duplicates);
        sum.recovered += slice.recovered;
        sum.lost += slice.lost;
        if sum.lost_by_node.len() < slice.lost_by_node.len() {
            sum.lost_by_node.resize(slice.lost_by_node.len(), 0);
        }
        sum.lost_by_node.iter_mut().zip(&slice.lost_by_node).for_each(|(sum, lost)| *sum += lost);
        sum.online = sum.online.into_iter().chain(slice.online).min();
        // `None` is less than any value, so that a missing value never wins.
        sum.p50_us = sum.p50_us.max(slice.p50_us);
        sum.p99_us = sum.p99_us.max(slice.p99_us);
        sum.max_us = sum.max_us.max(slice.max_us);
        sum.spread_p50_us = sum.spread_p50_us.max(slice.spread_p50_us);
        sum.spread_max_us = sum.spread_max_us.max(slice.spread_max_us);
        self.until_ms = slice.at_ms.saturating_add(slice_ms);
    }

    /// When the point starts, in seconds since the measured load began.
    pub(super) fn from(&self) -> f64 {
        self.slice.at_ms as f64 / 1_000.0
    }

    /// The end of the point, in seconds.
    pub(super) fn to(&self) -> f64 {
        self.until_ms as f64 / 1_000.0
    }

    /// The middle of the point, in seconds.
    pub(super) fn middle(&self) -> f64 {
        f64::midpoint(self.from(), self.to())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::run_with;

    #[test]
    fn an_hour_is_put_together_and_a_peak_stays_a_peak() {
        let slice =
            |i: u64| Slice { at_ms: i * 100, lost: 1, max_us: (i == 777).then_some(9), ..Slice::default() };
        let run = run_with(|run| run.timeline = (0..6_000).map(slice).collect());
        let runs = [run];
        let grain = Grain::of(&runs);
        assert_eq!((grain.slices, grain.words().as_str()), (20, "2 s"));
        let points = grain.points(&runs[0]);
        assert_eq!(points.len(), 300);
        assert_eq!(points.iter().map(|point| point.slice.lost).sum::<u64>(), 6_000);
        assert_eq!((points[38].slice.max_us, points[39].slice.max_us), (Some(9), None));
        assert_eq!((points[299].slice.at_ms, points[299].until_ms), (598_000, 600_000));
    }
}
