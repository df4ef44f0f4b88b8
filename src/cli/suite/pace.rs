//! How long a suite takes: what its scenarios ask for, corrected by what those took that are done.

use std::time::Duration;

use lab::BenchOptions;

/// What a run takes beside its own times: to start, connect, probe and stop.
const BESIDE: Duration = Duration::from_secs(3);
/// What a run with a broker that boots for seconds takes more.
const SLOW_BROKER: Duration = Duration::from_secs(6);
/// The width of the bar, in letters.
const BAR: usize = 24;

/// About how long a bench takes, without what nobody knows before: how far a search goes, and how long things heal.
pub(super) fn expected(options: &BenchOptions) -> Duration {
    let subjects = options.subjects.iter().filter(|subject| subject.applies(&options.scenario).is_ok());
    let each = |variation: &scenario::Variation| {
        let load = &variation.scenario.load;
        load.warm_up + load.duration + load.drain / 2 + BESIDE
    };
    let transports = u32::try_from(options.scenario.load.transports.len()).unwrap_or(1);
    let once: Duration = options.variations.iter().map(each).sum();
    subjects
        .map(|subject| {
            let slow = if subject.keeps_history() { SLOW_BROKER } else { Duration::ZERO };
            (once + slow) * options.runs * transports
        })
        .sum()
}

/// How a suite stands in time.
pub(super) struct Pace {
    expected: Vec<Duration>,
    took: Vec<Option<Duration>>,
}

impl Pace {
    /// The pace of a suite whose scenarios are expected to take so long.
    pub(super) fn new(expected: Vec<Duration>) -> Self {
        Self { took: vec![None; expected.len()], expected }
    }

    /// Records how long a scenario took.
    pub(super) fn took(&mut self, place: usize, time: Duration) {
        self.took[place] = Some(time);
    }

    /// Records that a scenario is complete already, and says nothing about the pace.
    pub(super) fn skipped(&mut self, place: usize) {
        self.expected[place] = Duration::ZERO;
    }

    /// The time that is left, from this place on.
    fn left(&self, place: usize) -> Duration {
        let known = |(expected, took): (&Duration, &Option<Duration>)| took.map(|took| (*expected, took));
        let (asked, took) = self
            .expected
            .iter()
            .zip(&self.took)
            .filter_map(known)
            .fold((Duration::ZERO, Duration::ZERO), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        let rate = if asked.is_zero() { 1.0 } else { took.as_secs_f64() / asked.as_secs_f64() };
        self.expected[place..].iter().sum::<Duration>().mul_f64(rate)
    }

    /// The line before a scenario: `[######------] 3 of 7, about 9 min left`.
    pub(super) fn line(&self, place: usize, of: usize) -> String {
        let full = (BAR * place).checked_div(of).unwrap_or(0);
        let bar = "#".repeat(full) + &"-".repeat(BAR - full);
        format!("[{bar}] {} of {of}, {} left", place + 1, about(self.left(place)))
    }
}

/// A time in words, as exact as it is known.
fn about(time: Duration) -> String {
    match time.as_secs() {
        0..50 => "less than a minute".into(),
        50..90 => "about a minute".into(),
        seconds => format!("about {} min", (seconds + 30) / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_slower_than_expected_makes_the_rest_slower() {
        let mut pace = Pace::new([60, 60, 120].map(Duration::from_secs).to_vec());
        assert_eq!(pace.line(0, 3), "[------------------------] 1 of 3, about 4 min left");
        pace.took(0, Duration::from_secs(120));
        assert_eq!(pace.line(1, 3), "[########----------------] 2 of 3, about 6 min left");
        pace.skipped(1);
        assert_eq!(pace.left(2), Duration::from_secs(240));
        assert_eq!(about(Duration::from_secs(20)), "less than a minute");
        assert_eq!(about(Duration::from_secs(61)), "about a minute");
    }
}
