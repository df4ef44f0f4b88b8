//! Latency as tables and sentences show it: of the steady phase, and with the interval that is known where the load
//! generator itself was late.
//!
//! While something is broken, messages wait for seconds. The median of a whole run then lies on a cliff between the two
//! kinds of message, and jumps from one run to the next by a factor of ten. What waited has figures of its own: the
//! share on time, and the longest latency.

use super::RunReport;
use super::numbers::span;
use ledger::Phase;
use scenario::Quantile;

/// A latency of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ShownLatency {
    /// From the intended send time, in microseconds: never too low.
    intended_us: u64,
    /// From the actual send time, in microseconds: never too high. `None` where nobody measured it.
    actual_us: Option<u64>,
    /// Whether the load generator was so late that the two may differ by much.
    limited: bool,
}

impl ShownLatency {
    /// The latency from the intended send time, in microseconds.
    pub(super) fn intended_us(self) -> u64 {
        self.intended_us
    }

    /// The latency from the actual send time, in microseconds; `None` where nobody measured it.
    pub(super) fn actual_us(self) -> Option<u64> {
        self.actual_us
    }

    /// The latency in a sentence: `0.52 ms`, or `0.42-0.52 ms`, whose unit is said once where both ends have the same.
    pub(super) fn words(self) -> String {
        let text = self.text(span);
        let Some((from, to)) = text.split_once('-') else { return text };
        match (from.rsplit_once(' '), to.rsplit_once(' ')) {
            (Some((number, one)), Some((_, other))) if one == other => format!("{number}-{to}"),
            _ => text,
        }
    }

    /// The latency as text: `0.52`, or `0.42-0.52` if the load generator was late and one can see it, or `≤0.52` if
    /// the lower bound is not known.
    pub(super) fn text(self, number: impl Fn(u64) -> String) -> String {
        let intended = number(self.intended_us);
        match self.actual_us.map(number) {
            _ if !self.limited => intended,
            Some(actual) if actual == intended => intended,
            Some(actual) => format!("{actual}-{intended}"),
            None => format!("≤{intended}"),
        }
    }
}

/// Whether the latency that is shown is of a part of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// The whole run, in which nothing was broken.
    Undisturbed,
    /// The time in which nothing was broken and nothing recovered.
    SteadyPhase,
    /// The whole run, because no part of it was steady, or nobody looked.
    Everything,
}

/// The part of the run of which the latency is shown.
pub(super) fn extent(run: &RunReport) -> Extent {
    let other = run.phases_us.keys().any(|phase| *phase != Phase::Steady);
    match (run.phases_us.contains_key(&Phase::Steady), other || !run.faults.is_empty()) {
        (_, false) => Extent::Undisturbed,
        (true, true) => Extent::SteadyPhase,
        (false, true) => Extent::Everything,
    }
}

/// A quantile of the latency, of the steady phase if the run has one.
pub(super) fn steady(run: &RunReport, quantile: Quantile) -> Option<ShownLatency> {
    let steady = run.phases_us.get(&Phase::Steady).filter(|_| extent(run) == Extent::SteadyPhase);
    let Some(intended_us) = steady.map(|us| us.at(quantile)) else { return whole(run, quantile) };
    let actual_us = run.phases_service_us.get(&Phase::Steady).map(|us| us.at(quantile));
    Some(ShownLatency { intended_us, actual_us, limited: run.harness_limited })
}

/// A quantile of the latency of the whole run.
pub(super) fn whole(run: &RunReport, quantile: Quantile) -> Option<ShownLatency> {
    Some(ShownLatency {
        intended_us: run.latency_us?.at(quantile),
        actual_us: run.service_us.map(|us| us.at(quantile)),
        limited: run.harness_limited,
    })
}

#[cfg(test)]
mod tests {
    use super::super::numbers::millis;
    use super::super::sample::{amqp, quantiles, run_with};
    use super::*;

    fn median(run: &RunReport) -> Option<String> {
        steady(run, Quantile::P50).map(|latency| latency.text(millis))
    }

    #[test]
    fn the_interval_from_the_actual_send_to_the_intended_stands_where_it_can_be_seen() {
        let run = |actual, limited| {
            run_with(|run| {
                (run.latency_us, run.harness_limited) = (quantiles(520, 1_400, 5_000), limited);
                run.service_us = actual;
            })
        };
        assert_eq!(median(&run(quantiles(420, 1_300, 4_900), true)).as_deref(), Some("0.42-0.52"));
        assert_eq!(median(&run(quantiles(420, 1_300, 4_900), false)).as_deref(), Some("0.52"));
        assert_eq!(median(&run(quantiles(519, 1_300, 4_900), true)).as_deref(), Some("0.52"));
        assert_eq!(median(&run(None, true)).as_deref(), Some("≤0.52"));
    }

    #[test]
    fn in_a_sentence_the_unit_is_said_once_unless_the_ends_differ_in_it() {
        let words = |actual_us, limited| {
            ShownLatency { intended_us: 1_520_000, actual_us: Some(actual_us), limited }.words()
        };
        assert_eq!(words(1_100_000, true), "1.1-1.5 s");
        assert_eq!(words(420_000, true), "420 ms-1.5 s");
        assert_eq!(words(420_000, false), "1.5 s");
    }

    #[test]
    fn the_latency_of_a_run_with_a_fault_is_that_of_its_steady_phase() {
        let mut run = amqp();
        assert_eq!((extent(&run), median(&run).as_deref()), (Extent::Everything, Some("2.2")));
        run.phases_us = [
            (Phase::Steady, quantiles(840, 1_900, 3_000).unwrap()),
            (Phase::Fault, quantiles(6_000_000, 11_000_000, 12_100_000).unwrap()),
        ]
        .into();
        assert_eq!((extent(&run), median(&run).as_deref()), (Extent::SteadyPhase, Some("0.84")));
        run.harness_limited = true;
        assert_eq!(median(&run).as_deref(), Some("≤0.84"), "an older report does not know the lower bound");
        run.phases_service_us = [(Phase::Steady, quantiles(610, 1_500, 2_500).unwrap())].into();
        assert_eq!(median(&run).as_deref(), Some("0.61-0.84"));
        run.harness_limited = false;
        assert_eq!(median(&run).as_deref(), Some("0.84"));
        run.phases_us.remove(&Phase::Steady);
        assert_eq!(extent(&run), Extent::Everything);
        assert_eq!(extent(&run_with(|_| {})), Extent::Undisturbed);
    }
}
