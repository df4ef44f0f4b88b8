//! The run in slices of 100 ms, for charts.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::histogram::micros_histogram;
use super::sparse::Sparse;

/// How long a slice is, in nanoseconds.
pub(super) const SLICE: u64 = 100_000_000;
/// The most slices of a timeline: no run lasts longer than a day, and a receipt with a later time is not worth the
/// memory.
const MOST_SLICES: usize = 864_000;

/// A slice of 100 ms. Messages and debts belong to it by their intended send time, receipts by the time of the receipt.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Slice {
    /// When the slice begins, in milliseconds since the measured load began.
    pub at_ms: u64,
    /// Number of messages due in this slice that were sent, at whatever time.
    pub sent: u64,
    /// Number of messages of this slice that were acknowledged: confirmed or handed.
    #[serde(default)]
    pub acked: u64,
    /// Number of messages of this slice that were refused.
    #[serde(default)]
    pub refused: u64,
    /// Number of messages of this slice that were answered with `unknown`, or never.
    #[serde(default)]
    pub unknown: u64,
    /// Number of debts of this slice's messages that were delivered live, at whatever time.
    pub delivered: u64,
    /// Number of the delivered ones that came more than a second after their intended send time; `null` where nobody
    /// counted.
    #[serde(default)]
    pub late: Option<u64>,
    /// Number of receipts of this slice's messages by subscribers that had them already; `null` where nobody counted.
    #[serde(default)]
    pub duplicates: Option<u64>,
    /// Number of receipts that came within this slice: live and replayed, first and again.
    pub received: u64,
    /// Number of debts of this slice's messages that were received by replay only.
    #[serde(default)]
    pub recovered: u64,
    /// Number of debts of this slice's messages that were lost.
    pub lost: u64,
    /// Number of lost debts by the node of their subscriber when the message was sent, node 0 first; absent if nothing
    /// was lost. Of a subscriber without a connection it is the node that it had last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost_by_node: Vec<u64>,
    /// Number of subscribers online when the slice began; `null` where nobody counted.
    #[serde(default)]
    pub online: Option<u64>,
    /// The median latency of this slice's debts that were delivered live, in microseconds.
    pub p50_us: Option<u64>,
    /// The 99th percentile of the latency of this slice's debts that were delivered live, in microseconds.
    pub p99_us: Option<u64>,
    /// The longest latency of this slice's debts that were delivered live, in microseconds.
    #[serde(default)]
    pub max_us: Option<u64>,
    /// The median, over this slice's messages with at least two live recipients, of the time from the first of them to
    /// the last, in microseconds.
    #[serde(default)]
    pub spread_p50_us: Option<u64>,
    /// The longest time from the first live recipient of a message of this slice to its last, in microseconds.
    #[serde(default)]
    pub spread_max_us: Option<u64>,
}

/// What a slice gathers while the run lasts.
#[derive(Debug, Default)]
struct Gathered {
    sent: u64,
    late: u64,
    duplicates: u64,
    latency: Sparse,
    /// The latency from the actual send time, for the phases alone: no slice shows it.
    service: Sparse,
    /// The true longest latency: a quantile, rounded up to its bucket's end, is never shown above it.
    longest_us: u64,
}

/// Gathers slices. The slices of the load are made beforehand; receipts of the drain add theirs.
#[derive(Debug)]
pub(super) struct Timeline {
    load: Vec<Gathered>,
    received: Vec<u64>,
}

/// The number of the slice that holds a time since the load began, in nanoseconds.
pub(super) fn slice_of(since_begin: u64) -> usize {
    usize::try_from(since_begin / SLICE).unwrap_or(usize::MAX)
}

impl Timeline {
    /// Makes the timeline of a load whose last message is due at this time; `None` for a load without messages.
    pub(super) fn new(last_due: Option<u64>) -> Self {
        let slices = last_due.map_or(0, |due| slice_of(due) + 1);
        // There is room for a drain of ten seconds, so that a receipt seldom allocates.
        Self {
            load: std::iter::repeat_with(Gathered::default).take(slices).collect(),
            received: Vec::with_capacity(slices + 100),
        }
    }

    pub(super) fn sent(&mut self, due: u64) {
        if let Some(slice) = self.load.get_mut(slice_of(due)) {
            slice.sent += 1;
        }
    }

    /// Records a debt that was delivered live. `rounded_us` and `service_us` are the latencies from the intended and from
    /// the actual send time, as [`micros_histogram`] rounds them down.
    pub(super) fn delivered(&mut self, due: u64, latency_us: u64, rounded_us: u64, service_us: u64) {
        if let Some(slice) = self.load.get_mut(slice_of(due)) {
            slice.latency.record(rounded_us);
            slice.service.record(service_us);
            slice.longest_us = slice.longest_us.max(latency_us);
        }
    }

    /// Counts a debt that was delivered live, but not on time.
    pub(super) fn late(&mut self, due: u64) {
        if let Some(slice) = self.load.get_mut(slice_of(due)) {
            slice.late += 1;
        }
    }

    /// Counts a receipt of what the subscriber had already.
    pub(super) fn duplicate(&mut self, due: u64) {
        if let Some(slice) = self.load.get_mut(slice_of(due)) {
            slice.duplicates += 1;
        }
    }

    pub(super) fn received(&mut self, since_begin: u64) {
        let slice = slice_of(since_begin);
        if slice >= self.received.len() && slice < MOST_SLICES {
            self.received.resize(slice + 1, 0);
        }
        if let Some(received) = self.received.get_mut(slice) {
            *received += 1;
        }
    }

    /// The longest latency of each slice of the load, in microseconds.
    pub(super) fn longest_us(&self) -> Vec<u64> {
        self.load.iter().map(|slice| slice.longest_us).collect()
    }

    /// Adds the latencies of one slice to a histogram.
    pub(super) fn add_to(&self, slice: usize, histogram: &mut Histogram<u64>) {
        if let Some(slice) = self.load.get(slice) {
            slice.latency.add_to(histogram);
        }
    }

    /// Adds the latencies of one slice from the actual send time to a histogram.
    pub(super) fn add_service_to(&self, slice: usize, histogram: &mut Histogram<u64>) {
        if let Some(slice) = self.load.get(slice) {
            slice.service.add_to(histogram);
        }
    }

    /// Number of slices that the load has.
    pub(super) fn len(&self) -> usize {
        self.load.len()
    }

    /// The 99th percentile of a slice so far, in microseconds; `None` if nothing of the slice was delivered. Latencies
    /// that `scale` does not tell apart are the same here.
    pub(super) fn p99_us(&self, slice: usize, scale: &Histogram<u64>) -> Option<u64> {
        let load = self.load.get(slice)?;
        Some(scale.highest_equivalent(load.latency.quantile(0.99)?).min(load.longest_us))
    }

    /// The slices as far as the run got: to the last message due or sent, or the last receipt.
    pub(super) fn slices(&self, due_slices: usize) -> Vec<Slice> {
        let mut latency = micros_histogram();
        let slice = |i: usize| {
            let load = self.load.get(i);
            latency.reset();
            self.add_to(i, &mut latency);
            let longest = load.map_or(0, |load| load.longest_us);
            let quantile = |q| (!latency.is_empty()).then(|| latency.value_at_quantile(q).min(longest));
            Slice {
                at_ms: i as u64 * (SLICE / 1_000_000),
                sent: load.map_or(0, |load| load.sent),
                delivered: latency.len(),
                late: Some(load.map_or(0, |load| load.late)),
                duplicates: Some(load.map_or(0, |load| load.duplicates)),
                received: self.received.get(i).copied().unwrap_or(0),
                p50_us: quantile(0.5),
                p99_us: quantile(0.99),
                max_us: (!latency.is_empty()).then_some(longest),
                ..Slice::default()
            }
        };
        let sent_slices = self.load.iter().rposition(|load| load.sent > 0).map_or(0, |last| last + 1);
        (0..due_slices.max(sent_slices).max(self.received.len())).map(slice).collect()
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
