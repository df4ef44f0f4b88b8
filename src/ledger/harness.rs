//! The harness's own health: a verdict is worth what its evidence is worth.

use hdrhistogram::Histogram;

use super::figure::Figure;
use super::histogram::micros_histogram;

/// How the harness itself did.
#[derive(Debug, Clone)]
pub struct Harness {
    /// The time from the later of the intended time and the moment when the connection was usable to the hand-over for
    /// writing, in microseconds.
    pub publish_delay: Histogram<u64>,
    /// How late the receivers' loop ran, in microseconds.
    pub loop_lag: Histogram<u64>,
    /// How often a queue of the harness overflowed.
    pub overruns: u64,
    /// What makes the run inconclusive, a clause for each problem: `subscriber 3 could not connect within 60 s`.
    pub problems: Vec<String>,
    /// What a reader should know though it changes nothing, a clause for each note: `2 probe messages were lost`.
    pub notes: Vec<String>,
    /// Processes that died without being asked to, a clause for each: `node 0 died unasked: exit code 1`.
    pub deaths: Vec<String>,
    /// Whether a process that dies unasked is a violation, as it is for a server that is none of ours; otherwise it is
    /// a note.
    pub deaths_violate: bool,
}

impl Harness {
    /// A figure of the harness by its name without a unit (`publish_delay_p99`, `loop_lag_max`); `None` for a name that
    /// belongs to the pattern's figures, and where nothing was measured.
    pub fn figure(&self, name: &str) -> Option<Figure> {
        match name.rsplit_once('_')? {
            ("publish_delay", word) => Figure::quantile(&self.publish_delay, word, None),
            ("loop_lag", word) => Figure::quantile(&self.loop_lag, word, None),
            _ => None,
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
            deaths: vec![],
            deaths_violate: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_is_of_its_own_histogram_and_only_where_something_was_measured() {
        let mut harness = Harness::default();
        assert_eq!((harness.figure("publish_delay_p99"), harness.figure("loop_lag_max")), (None, None));
        harness.publish_delay.saturating_record(250);
        harness.loop_lag.saturating_record(1_500);
        assert_eq!(harness.figure("publish_delay_p99"), Some(Figure::Millis(0.25)));
        assert_eq!(harness.figure("loop_lag_max"), Some(Figure::Millis(1.5)));
        assert_eq!(
            [harness.figure("service_max"), harness.figure("max"), harness.figure("loop_lag_p42")],
            [None; 3]
        );
    }
}
