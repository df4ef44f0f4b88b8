//! Histograms of microseconds, all with the same bounds.

use hdrhistogram::{Counter, Histogram};

/// An hour: what takes longer is recorded as an hour.
const LONGEST_US: u64 = 3_600_000_000;

/// An empty histogram of microseconds: three significant digits, up to an hour. Record with
/// `saturating_record`.
pub fn micros_histogram() -> Histogram<u64> {
    histogram(LONGEST_US, 3)
}

/// A small one (1.5 kB), for one slice of the timeline: to about 6 %, up to a minute.
pub(super) fn slice_histogram() -> Histogram<u32> {
    histogram(60_000_000, 1)
}

fn histogram<C: Counter>(longest: u64, digits: u8) -> Histogram<C> {
    match Histogram::new_with_bounds(1, longest, digits) {
        Ok(histogram) => histogram,
        Err(wrong) => unreachable!("the bounds are constants and in order: {wrong}"),
    }
}
