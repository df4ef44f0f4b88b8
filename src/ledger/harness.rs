//! The harness's own health: a verdict is worth what its evidence is worth.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::figure_value::quantile_us;
use super::histogram::micros_histogram;
use scenario::{Distribution, Quantile};

/// How the harness itself did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Harness {
    /// The time from the later of the intended time and the moment when the connection was usable to the hand-over for
    /// writing, in microseconds.
    #[serde(with = "counted")]
    pub publish_delay: Histogram<u64>,
    /// How late the receivers' loop ran, in microseconds.
    #[serde(with = "counted")]
    pub loop_lag: Histogram<u64>,
    /// How often a queue of the harness overflowed.
    pub overruns: u64,
    /// What makes the run inconclusive, a clause for each problem: `subscriber 3 could not connect within 60 s`.
    pub problems: Vec<String>,
    /// What a reader should know though it changes nothing, a clause for each note: `2 probe messages were lost`.
    pub notes: Vec<String>,
    /// What somebody's server did that violates, whatever was expected, a clause for each: `node 0 died unasked at 2.1 s`.
    pub violations: Vec<String>,
    /// What a server did or said that may be the cause of a violation, a clause for each, the likeliest first.
    pub causes: Vec<String>,
    /// Whether frames held texts of the run and could not be taken apart. What did not come may then be in them, so that
    /// a silent path says nothing about the server.
    pub misread: bool,
}

/// Writes a histogram as its values, each with how often it was recorded, and reads it back.
mod counted {
    use hdrhistogram::Histogram;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::histogram::micros_histogram;

    pub(super) fn serialize<S: Serializer>(histogram: &Histogram<u64>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(
            histogram.iter_recorded().map(|step| (step.value_iterated_to(), step.count_at_value())),
        )
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Histogram<u64>, D::Error> {
        let mut histogram = micros_histogram();
        for (value, times) in Vec::<(u64, u64)>::deserialize(from)? {
            histogram.saturating_record_n(value, times);
        }
        Ok(histogram)
    }
}

impl Harness {
    /// A quantile of what the harness measured of itself, in microseconds; `None` for a distribution of the pattern, and
    /// where nothing was measured.
    pub fn quantile_us(&self, of: Distribution, quantile: Quantile) -> Option<u64> {
        match of {
            Distribution::PublishDelay => quantile_us(&self.publish_delay, quantile, None),
            Distribution::LoopLag => quantile_us(&self.loop_lag, quantile, None),
            Distribution::Latency | Distribution::Service => None,
            Distribution::Recovered | Distribution::FanOut => None,
        }
    }
}

impl Default for Harness {
    /// A harness that has measured nothing, and with which nothing is wrong.
    fn default() -> Self {
        let (publish_delay, loop_lag) = (micros_histogram(), micros_histogram());
        Self {
            publish_delay,
            loop_lag,
            overruns: 0,
            problems: vec![],
            notes: vec![],
            violations: vec![],
            causes: vec![],
            misread: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_is_of_its_own_histogram_and_only_where_something_was_measured() {
        let mut harness = Harness::default();
        let (delay, lag) = (Distribution::PublishDelay, Distribution::LoopLag);
        assert_eq!([delay, lag].map(|of| harness.quantile_us(of, Quantile::Max)), [None; 2]);
        harness.publish_delay.saturating_record(250);
        harness.loop_lag.saturating_record(1_500);
        assert_eq!(harness.quantile_us(delay, Quantile::P99), Some(250));
        assert_eq!(harness.quantile_us(lag, Quantile::Max), Some(1_500));
        let of_the_pattern = [Distribution::Service, Distribution::Latency, Distribution::FanOut];
        assert_eq!(of_the_pattern.map(|of| harness.quantile_us(of, Quantile::Max)), [None; 3]);
    }
}
