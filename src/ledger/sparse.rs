//! A histogram of few values: a slice of the timeline has some hundred, and a whole histogram is 200 kB.

use std::collections::HashMap;

use hdrhistogram::Histogram;

/// How often each value was recorded.
#[derive(Debug, Default)]
pub(super) struct Sparse(HashMap<u64, u64>);

impl Sparse {
    /// One more. Values that a histogram would not tell apart are to be the same here.
    pub(super) fn record(&mut self, value: u64) {
        *self.0.entry(value).or_default() += 1;
    }

    /// Adds every value to a histogram.
    pub(super) fn add_to(&self, histogram: &mut Histogram<u64>) {
        for (value, count) in &self.0 {
            histogram.saturating_record_n(*value, *count);
        }
    }
}
