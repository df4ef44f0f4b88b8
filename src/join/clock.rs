//! How far the clock of an agent is from the reference clock, as an interval that holds the truth.
//!
//! Times are in nanoseconds. An offset is what has to be added to the agent's own time to have the reference clock's. Each
//! round trip, and each message between the two, bounds the offset at one moment. In between the offset changes at a
//! nearly constant rate, which is itself bounded by the same evidence.

/// The greatest rate at which two clocks drift apart, as a share of 1: each may be slewed by 500 ppm.
const MOST_DRIFT: f64 = 0.001;
/// How much the rate itself may change during a run, as a share of 1: 20 ppm for the temperature of two crystals.
const WANDER: f64 = 0.000_02;
/// The least distance between two bounds that say something about the rate, in nanoseconds.
const APART: i64 = 1_000_000_000;

/// A bound of the offset at one moment of the agent's own time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bound {
    at: i64,
    offset: i64,
}

/// Everything that is known of one agent's clock.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    least: Vec<Bound>,
    most: Vec<Bound>,
    /// The least and the greatest rate at which the offset grows, as a share of 1.
    rate: (f64, f64),
}

impl Default for Clock {
    fn default() -> Self {
        Self { least: Vec::new(), most: Vec::new(), rate: (-MOST_DRIFT, MOST_DRIFT) }
    }
}

impl Clock {
    /// The reference clock itself.
    pub(crate) fn reference() -> Self {
        let zero = vec![Bound { at: 0, offset: 0 }];
        Self { least: zero.clone(), most: zero, rate: (0.0, 0.0) }
    }

    /// Records that the reference clock said `there` between `sent` and `received` of the agent's own clock.
    pub(crate) fn round_trip(&mut self, sent: i64, there: i64, received: i64) {
        let at = sent + (received - sent) / 2;
        // The clocks drift apart while the round trip lasts.
        let slack = ((received - sent) as f64 * MOST_DRIFT) as i64 + 1;
        self.at_least(at, there - received - slack);
        self.at_most(at, there - sent + slack);
    }

    /// Records that the offset is at least this at a moment of the agent's own time.
    pub(crate) fn at_least(&mut self, at: i64, offset: i64) {
        self.least.push(Bound { at, offset });
    }

    /// Records that the offset is at most this at a moment of the agent's own time.
    pub(crate) fn at_most(&mut self, at: i64, offset: i64) {
        self.most.push(Bound { at, offset });
    }

    /// Bounds the rate of drift by all that was recorded. To be called once, before the clock is asked.
    pub(crate) fn settle(&mut self) {
        let (mut least, mut most) = (-MOST_DRIFT, MOST_DRIFT);
        for low in &self.least {
            for high in &self.most {
                let apart = high.at - low.at;
                let rate = (high.offset - low.offset) as f64 / apart as f64;
                if apart >= APART {
                    most = most.min(rate);
                } else if apart <= -APART {
                    least = least.max(rate);
                }
            }
        }
        self.rate = ((least - WANDER).max(-MOST_DRIFT), (most + WANDER).min(MOST_DRIFT));
    }

    /// The least and the greatest offset at a moment of the agent's own time; `None` if one of them is unknown, or if the
    /// evidence contradicts itself, as it does when a clock was set while the run lasted.
    pub(crate) fn offset(&self, at: i64) -> Option<(i64, i64)> {
        let (slow, fast) = self.rate;
        let moved = |bound: &Bound, forth: f64, back: f64| {
            let since = (at - bound.at) as f64;
            bound.offset.saturating_add((since * if since >= 0.0 { forth } else { back }).round() as i64)
        };
        let least = self.least.iter().map(|bound| moved(bound, slow, fast)).max()?;
        let most = self.most.iter().map(|bound| moved(bound, fast, slow)).min()?;
        (least <= most && slow <= fast).then_some((least, most))
    }

    /// The rate at which the offset grows, from its least to its greatest value, as a share of 1.
    pub(crate) fn rate(&self) -> (f64, f64) {
        self.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    /// A clock that is `off` nanoseconds behind the reference and loses `ppm` of its time, asked once a second for 20 s over
    /// a way of 80 us there and 120 us back.
    fn asked(off: i64, ppm: f64) -> (Clock, impl Fn(i64) -> i64) {
        let truth = move |own: i64| off + (own as f64 * ppm / 1e6).round() as i64;
        let mut clock = Clock::default();
        for second in 0..20 {
            let sent = second * SECOND;
            let (there, back) = (80_000, 120_000 + second % 3 * 400_000);
            clock.round_trip(sent, sent + there + truth(sent + there), sent + there + back);
        }
        clock.settle();
        (clock, truth)
    }

    #[test]
    fn the_interval_holds_the_truth_and_is_hardly_wider_than_the_shortest_round_trip() {
        for (off, ppm) in [(0, 0.0), (5 * SECOND, 0.0), (-5 * SECOND, 500.0), (7, -500.0), (1, 30.0)] {
            let (clock, truth) = asked(off, ppm);
            for at in (0..200).map(|tenth| tenth * SECOND / 10) {
                let (least, most) = clock.offset(at).unwrap();
                let truth = truth(at);
                assert!(least <= truth && truth <= most, "{off} {ppm} at {at}: {least} {truth} {most}");
                assert!(most - least < 300_000, "{off} {ppm} at {at}: {}", most - least);
            }
        }
    }

    #[test]
    fn messages_alone_bound_a_clock_once_they_went_both_ways() {
        let mut clock = Clock::default();
        clock.at_least(SECOND, -400);
        clock.settle();
        assert_eq!(clock.offset(SECOND), None);
        clock.at_most(SECOND, 900);
        clock.settle();
        assert_eq!(clock.offset(SECOND), Some((-400, 900)));
        // A second later, each of both clocks may have been slewed.
        assert_eq!(clock.offset(2 * SECOND), Some((-1_000_400, 1_000_900)));
    }

    #[test]
    fn a_clock_that_was_set_during_the_run_is_not_believed() {
        let mut clock = Clock::default();
        clock.round_trip(0, 0, 1_000);
        clock.round_trip(10 * SECOND, 15 * SECOND, 10 * SECOND + 1_000);
        clock.settle();
        assert_eq!(clock.offset(5 * SECOND), None);
        assert_eq!(Clock::reference().offset(77), Some((0, 0)));
    }
}
