//! The quantiles of a distribution, as a report has them.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use ledger::{Interval, Phase, Slice, micros_histogram};
use scenario::Quantile;

/// A distribution of microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Quantiles {
    /// The median, in microseconds.
    pub p50: u64,
    /// The 90th percentile, in microseconds.
    pub p90: u64,
    /// The 99th percentile, in microseconds.
    pub p99: u64,
    /// The 99.9th percentile, in microseconds.
    pub p999: u64,
    /// The largest value, in microseconds. It is exact for the latency and the fan-out of one run; elsewhere it is rounded
    /// to three digits.
    pub max: u64,
}

impl Quantiles {
    /// The quantiles of a histogram; `None` if nothing was recorded in it.
    pub fn of(histogram: &Histogram<u64>) -> Option<Self> {
        let at = |quantile: Quantile| histogram.value_at_quantile(quantile.fraction());
        let quantiles = || Self {
            p50: at(Quantile::P50),
            p90: at(Quantile::P90),
            p99: at(Quantile::P99),
            p999: at(Quantile::P999),
            max: histogram.max(),
        };
        (!histogram.is_empty()).then(quantiles)
    }

    /// The value of this quantile, in microseconds.
    pub fn at(self, quantile: Quantile) -> u64 {
        match quantile {
            Quantile::P50 => self.p50,
            Quantile::P90 => self.p90,
            Quantile::P99 => self.p99,
            Quantile::P999 => self.p999,
            Quantile::Max => self.max,
        }
    }

    /// The quantiles, none of them over `largest`, where that is known exactly: the end of a histogram's last bucket is
    /// up to a thousandth beyond it.
    pub fn at_most(self, largest: Option<u64>) -> Self {
        let capped = |us: u64| us.min(largest.unwrap_or(u64::MAX));
        let Self { p50, p90, p99, p999, max } = self;
        Self { p50: capped(p50), p90: capped(p90), p99: capped(p99), p999: capped(p999), max: capped(max) }
    }
}

/// The latency of each phase in which something was delivered.
pub(super) fn by_phase(intervals: &[Interval], timeline: &[Slice]) -> BTreeMap<Phase, Quantiles> {
    let mut phases: BTreeMap<Phase, (Histogram<u64>, Option<u64>)> = BTreeMap::new();
    for interval in intervals {
        let (latency, longest) = phases.entry(interval.phase).or_insert_with(|| (micros_histogram(), None));
        // All histograms have the same bounds, so adding them cannot fail.
        let _ = latency.add(&interval.latency);
        let end = interval.at + interval.length;
        let within = |slice: &&Slice| (interval.at..end).contains(&Duration::from_millis(slice.at_ms));
        *longest = timeline.iter().filter(within).filter_map(|slice| slice.max_us).max().max(*longest);
    }
    let quantiles = |(phase, (latency, longest)): (&Phase, &(Histogram<u64>, Option<u64>))| {
        Some((*phase, Quantiles::of(latency)?.at_most(*longest)))
    };
    phases.iter().filter_map(quantiles).collect()
}

/// The quantiles of latency from the actual send time by phase.
pub(super) fn service_by_phase(intervals: &[Interval]) -> BTreeMap<Phase, Quantiles> {
    let mut phases: BTreeMap<Phase, Histogram<u64>> = BTreeMap::new();
    for interval in intervals {
        // All histograms have the same bounds, so adding them cannot fail.
        let _ = phases.entry(interval.phase).or_insert_with(micros_histogram).add(&interval.service);
    }
    phases.iter().filter_map(|(phase, service)| Some((*phase, Quantiles::of(service)?))).collect()
}
