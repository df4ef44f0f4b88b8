//! The harness's own health: a verdict is worth what its evidence is worth.

use hdrhistogram::Histogram;

use super::micros_histogram;

/// How the harness itself did.
#[derive(Debug, Clone)]
pub struct Harness {
    /// From the later of intended time and connection usable to the hand-over for writing, in microseconds.
    pub publish_delay: Histogram<u64>,
    /// How late the receivers' loop ran, in microseconds.
    pub loop_lag: Histogram<u64>,
    /// How often a queue of the harness overflowed.
    pub overruns: u64,
    /// What makes the run inconclusive, a clause each: `subscriber 3 could not connect within 60 s`.
    pub problems: Vec<String>,
    /// What a reader should know though it changes nothing, a clause each: `2 probe messages were lost`.
    pub notes: Vec<String>,
}

impl Default for Harness {
    /// Nothing measured, nothing wrong.
    fn default() -> Self {
        let (publish_delay, loop_lag) = (micros_histogram(), micros_histogram());
        Self { publish_delay, loop_lag, overruns: 0, problems: Vec::new(), notes: Vec::new() }
    }
}
