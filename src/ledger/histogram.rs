//! Histograms of microseconds, all with the same bounds.

use hdrhistogram::Histogram;

/// The longest time that a histogram records, in microseconds: an hour. What takes longer is recorded as an hour.
const LONGEST_US: u64 = 3_600_000_000;

/// An empty histogram of microseconds, with three significant digits and up to an hour. Record with
/// `saturating_record`.
pub fn micros_histogram() -> Histogram<u64> {
    match Histogram::new_with_bounds(1, LONGEST_US, 3) {
        Ok(histogram) => histogram,
        Err(wrong) => unreachable!("the bounds are constants and in order: {wrong}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_microsecond_and_an_hour_fit_and_more_counts_as_an_hour() {
        let mut histogram = micros_histogram();
        assert_eq!((histogram.len(), histogram.sigfig()), (0, 3));
        [0, 1, 1_999, 3_600_000_000, u64::MAX].into_iter().for_each(|us| histogram.saturating_record(us));
        assert_eq!((histogram.len(), histogram.min()), (5, 0));
        assert_eq!(histogram.count_at(1), 1);
        assert_eq!(histogram.count_at(1_999), 1);
        assert!(histogram.max() < 3_605_000_000, "{}", histogram.max());
    }
}
