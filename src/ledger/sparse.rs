//! A histogram of few values: a slice of the timeline has some hundred values, and a whole histogram takes 200 kB.

use std::collections::HashMap;

use hdrhistogram::Histogram;

/// The values, with the number of times that each was recorded.
#[derive(Debug, Default)]
pub(super) struct Sparse(HashMap<u64, u64>);

impl Sparse {
    /// Records one more value. Values that a histogram would not tell apart are to be the same here.
    pub(super) fn record(&mut self, value: u64) {
        *self.0.entry(value).or_default() += 1;
    }

    /// The smallest value that this share of all values does not exceed; `None` if nothing was recorded.
    pub(super) fn quantile(&self, share: f64) -> Option<u64> {
        let mut values: Vec<_> = self.0.iter().collect();
        values.sort_unstable();
        let all: u64 = self.0.values().sum();
        let wanted = ((all as f64 * share).ceil() as u64).max(1);
        let mut so_far = 0;
        values.into_iter().find_map(|(value, count)| {
            so_far += count;
            (so_far >= wanted).then_some(*value)
        })
    }

    /// Adds every value to a histogram.
    pub(super) fn add_to(&self, histogram: &mut Histogram<u64>) {
        for (value, count) in &self.0 {
            histogram.saturating_record_n(*value, *count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_a_value_that_was_recorded() {
        let mut sparse = Sparse::default();
        assert_eq!(sparse.quantile(0.5), None);
        (1..=100).for_each(|value| sparse.record(value));
        assert_eq!([0.0, 0.5, 0.99, 1.0].map(|share| sparse.quantile(share)), [1, 50, 99, 100].map(Some));
    }

    #[test]
    fn a_value_counts_as_often_as_it_was_recorded() {
        let mut sparse = Sparse::default();
        (0..9).for_each(|_| sparse.record(7));
        sparse.record(3);
        assert_eq!([0.1, 0.11, 1.0].map(|share| sparse.quantile(share)), [3, 7, 7].map(Some));
        let mut histogram = crate::micros_histogram();
        sparse.add_to(&mut histogram);
        assert_eq!((histogram.len(), histogram.count_at(7), histogram.count_at(3)), (10, 9, 1));
    }
}
