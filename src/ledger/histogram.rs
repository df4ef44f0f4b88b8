//! Histograms of microseconds, all with the same bounds.

use hdrhistogram::Histogram;

/// An hour: what takes longer is recorded as an hour.
const LONGEST_US: u64 = 3_600_000_000;

/// An empty histogram of microseconds: three significant digits, up to an hour. Record with
/// `saturating_record`.
pub fn micros_histogram() -> Histogram<u64> {
    match Histogram::new_with_bounds(1, LONGEST_US, 3) {
        Ok(histogram) => histogram,
        Err(wrong) => unreachable!("the bounds are constants and in order: {wrong}"),
    }
}
