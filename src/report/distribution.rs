//! Whole distributions in the report, so that those of several runs or machines can be added exactly.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use ledger::{Harness, Interval, Phase, Settled, micros_histogram};

/// A histogram of microseconds as HdrHistogram's logs write it: its V2 form, deflated, in base64. Any
/// implementation of HdrHistogram reads it, and adds several exactly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Encoded(String);

impl Encoded {
    /// Encodes a histogram; `None` if nothing was recorded in it.
    pub fn of(histogram: &Histogram<u64>) -> Option<Self> {
        let mut bytes = Vec::new();
        // The histogram has its usual bounds and is written into memory, so nothing can fail.
        let encoded = V2DeflateSerializer::new().serialize(histogram, &mut bytes);
        (!histogram.is_empty() && encoded.is_ok()).then(|| Self(STANDARD.encode(bytes)))
    }

    /// The text of the encoded histogram.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Decodes the histogram; `None` if the text is not one.
    pub fn decode(&self) -> Option<Histogram<u64>> {
        let bytes = STANDARD.decode(&self.0).ok()?;
        let read: Histogram<u64> = Deserializer::new().deserialize(&mut bytes.as_slice()).ok()?;
        // The histogram gets the bounds that all of ours have, so that it can be added to any of them.
        let mut histogram = micros_histogram();
        histogram.add(read).ok()?;
        Some(histogram)
    }
}

/// The distributions behind the quantiles; what does not exist is `null`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Distributions {
    /// The distribution behind `latency_us`, in microseconds.
    pub latency: Option<Encoded>,
    /// The distribution behind `service_us`, in microseconds.
    pub service: Option<Encoded>,
    /// The distribution behind `recovered_us`, in microseconds.
    pub recovered: Option<Encoded>,
    /// The distribution behind `fan_out_us`, in microseconds.
    pub fan_out: Option<Encoded>,
    /// The distribution behind `publish_delay_us`, in microseconds.
    pub publish_delay: Option<Encoded>,
}

impl Distributions {
    /// The distributions of a run.
    pub fn new(settled: &Settled, harness: &Harness) -> Self {
        Self {
            latency: Encoded::of(&settled.latency),
            service: Encoded::of(&settled.service),
            recovered: Encoded::of(&settled.recovered),
            fan_out: Encoded::of(&settled.fan_out),
            publish_delay: Encoded::of(&harness.publish_delay),
        }
    }
}

/// One point of a percentile curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PercentilePoint {
    /// The percentile, 0 to 100.
    pub percentile: f64,
    /// The value of the distribution at this percentile, in microseconds.
    pub value_us: u64,
    /// Number of values at or below this one.
    pub count: u64,
}

/// The percentile curves: five points a halving of the distance to 100%, as HdrHistogram's own plots have.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Percentiles {
    /// Latency of debts delivered live, from the intended send time, in microseconds.
    pub latency: Vec<PercentilePoint>,
    /// Latency of debts delivered live, from the actual send time, in microseconds: what a test that waits for its own
    /// messages would have shown.
    pub service: Vec<PercentilePoint>,
    /// The time from a message's first live recipient to its last, in microseconds.
    #[serde(default)]
    pub fan_out: Vec<PercentilePoint>,
}

impl Percentiles {
    /// The percentile curves of a run.
    pub fn new(settled: &Settled) -> Self {
        Self {
            latency: curve(&settled.latency, settled.longest_us()),
            service: curve(&settled.service, settled.longest_us()),
            fan_out: curve(&settled.fan_out, settled.widest_us()),
        }
    }
}

/// The points of a percentile curve, none of them over `largest` where that is known. A histogram in which nothing was
/// recorded has no points.
pub fn curve(histogram: &Histogram<u64>, largest: Option<u64>) -> Vec<PercentilePoint> {
    if histogram.is_empty() {
        return Vec::new();
    }
    let largest = largest.unwrap_or(u64::MAX).min(histogram.max());
    let mut count = 0;
    let point = |step: hdrhistogram::iterators::IterationValue<u64>| {
        count += step.count_since_last_iteration();
        PercentilePoint {
            percentile: step.percentile(),
            value_us: step.value_iterated_to().min(largest),
            count,
        }
    };
    histogram.iter_quantiles(5).map(point).collect()
}

/// The latencies of a stretch of the run within one phase. The intervals of a run together hold its whole latency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IntervalReport {
    /// When the stretch starts, in milliseconds since the measured load began. Messages belong to it by their intended
    /// send time.
    pub at_ms: u64,
    /// How long the stretch is, in milliseconds.
    pub length_ms: u64,
    /// The phase that the run was in.
    pub phase: Phase,
    /// The latency of debts delivered live, from the intended send time, in microseconds; `null` if no message that was due
    /// in the stretch was delivered live.
    pub latency: Option<Encoded>,
}

impl From<&Interval> for IntervalReport {
    fn from(interval: &Interval) -> Self {
        let ms = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            at_ms: ms(interval.at),
            length_ms: ms(interval.length),
            phase: interval.phase,
            latency: Encoded::of(&interval.latency),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_read_back_and_adds_exactly() {
        let mut one = micros_histogram();
        let mut both = micros_histogram();
        for value in [1, 1, 250, 4_321, 3_000_000] {
            one.saturating_record(value);
            both.saturating_record_n(value, 2);
        }
        let encoded = Encoded::of(&one).unwrap();
        assert!(encoded.as_str().starts_with("HISTFAAA"), "{encoded:?}");
        let mut read = encoded.decode().unwrap();
        assert_eq!(read, one);
        read.add(encoded.decode().unwrap()).unwrap();
        assert_eq!(read, both);
        assert_eq!(Encoded::of(&micros_histogram()), None);
        assert_eq!(Encoded("HISTFAAA".into()).decode(), None);
    }

    #[test]
    fn a_curve_ends_at_the_largest_value_and_counts_all() {
        let mut histogram = micros_histogram();
        (1..=1_000).for_each(|value| histogram.saturating_record(value));
        let points = curve(&histogram, None);
        let last = points.last().unwrap();
        assert_eq!((last.percentile, last.value_us, last.count), (100.0, 1_000, 1_000));
        assert!(points.is_sorted_by_key(|point| point.count));
        assert_eq!(curve(&micros_histogram(), None), []);
        // The end of the last bucket is beyond the largest value, where that is known.
        let capped = curve(&histogram, Some(900));
        assert_eq!(capped.iter().map(|point| point.value_us).max(), Some(900));
        assert_eq!(capped.last().unwrap().count, 1_000);
        // The first point at or above the median has half of the values at or below it.
        let half = points.iter().find(|point| point.percentile >= 50.0).unwrap();
        assert_eq!((half.value_us, half.count), (500, 500));
    }

    #[test]
    fn an_interval_is_told_in_milliseconds() {
        let mut latency = micros_histogram();
        latency.saturating_record(350);
        let (at, length) = (std::time::Duration::from_millis(1_500), std::time::Duration::from_secs(2));
        let interval = Interval { at, length, phase: Phase::Fault, latency, service: micros_histogram() };
        let told = IntervalReport::from(&interval);
        assert_eq!((told.at_ms, told.length_ms, told.phase), (1_500, 2_000, Phase::Fault));
        assert_eq!(told.latency.unwrap().decode().unwrap(), interval.latency);
    }
}
