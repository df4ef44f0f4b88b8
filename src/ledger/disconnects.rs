//! Connections that the load did not end itself: how, how often and when; and which of them a fault explains.
//!
//! A fault explains every such end from the moment at which it strikes until a second after it was healed; one that is
//! never healed explains all that come after it. That clients leave or join on purpose and that the load asks for more
//! explain none.

use std::collections::BTreeMap;
use std::time::Duration;

use super::fault_times::FaultTimes;
use super::span::Span;
use super::time::nanos;
use scenario::Action;

/// How long after its healing a fault still explains that connections end.
const GRACE: Duration = Duration::from_secs(1);
/// The most different ways to end that are told apart, because a server can make up any number of reasons.
const KINDS: usize = 20;
/// The name of all further ways.
const OTHER: &str = "a connection ended in yet another way";
/// The most moments that are kept for each way. Beyond them, an end is counted at the last of them.
const MOMENTS: usize = 10_000;

/// One way in which connections ended that nothing explains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disconnect {
    /// What happened, in a clause: `a server closed a connection with 4001: heartbeat`.
    pub why: String,
    /// Number of connections that ended so.
    pub times: u64,
    /// From the first to the last of them, in nanoseconds since the measured load began.
    pub(super) at: Span,
}

impl Disconnect {
    /// What happened, with the number of times where it is not once.
    pub fn clause(&self) -> String {
        match self.times {
            1 => self.why.clone(),
            times => format!("{} ({} times)", self.why, super::grouped(times)),
        }
    }
}

/// The connections that the load did not end itself.
#[derive(Debug, Default)]
pub(super) struct Disconnects(BTreeMap<String, Vec<(u64, u64)>>);

impl Disconnects {
    /// Records that a connection ended in this way, in nanoseconds since the run's zero.
    pub(super) fn record(&mut self, why: &str, at: u64) {
        let known = self.0.contains_key(why) || self.0.len() < KINDS;
        let moments = self.0.entry(if known { why } else { OTHER }.to_owned()).or_default();
        let full = moments.len() == MOMENTS;
        match moments.last_mut().filter(|_| full) {
            Some((_, times)) => *times += 1,
            None => moments.push((at, 1)),
        }
    }

    /// Number of connections that ended before the measured load began.
    pub(super) fn before(&self, begin: u64) -> u64 {
        let early = |moments: &Vec<(u64, u64)>| {
            moments.iter().filter(|(at, _)| *at < begin).map(|(_, times)| times).sum::<u64>()
        };
        self.0.values().map(early).sum()
    }

    /// The ends since the measured load began that no fault explains, the most frequent first.
    pub(super) fn unexplained(&self, begin: u64, faults: &[FaultTimes]) -> Vec<Disconnect> {
        let excuses: Vec<_> = faults.iter().filter_map(excuse).collect();
        let of = |(why, moments): (&String, &Vec<(u64, u64)>)| {
            let mut found = Disconnect { why: why.clone(), times: 0, at: Span::default() };
            for (at, times) in moments {
                let Some(at) = at.checked_sub(begin) else { continue };
                if !excuses.iter().any(|(from, to)| (*from..=*to).contains(&at)) {
                    found.times += times;
                    found.at.include(at);
                }
            }
            (found.times > 0).then_some(found)
        };
        let mut found: Vec<_> = self.0.iter().filter_map(of).collect();
        found.sort_by_key(|disconnect| std::cmp::Reverse(disconnect.times));
        found
    }
}

/// From when to when a fault explains that connections end, in nanoseconds since the measured load began.
fn excuse(fault: &FaultTimes) -> Option<(u64, u64)> {
    let surge = fault.planned.as_ref().is_some_and(|fault| matches!(fault.action, Action::Surge(_)));
    let until = fault.healed.map_or(u64::MAX, |healed| nanos(healed.saturating_add(GRACE)));
    (!surge && !fault.deliberate).then(|| (nanos(fault.begin), until))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: u64 = 5_000_000_000;

    fn fault(begin: u64, healed: Option<u64>, deliberate: bool) -> FaultTimes {
        let second = Duration::from_secs;
        let healed = healed.map(second);
        FaultTimes {
            what: "kill broker".into(),
            begin: second(begin),
            heal_begin: healed,
            healed,
            deliberate,
            planned: None,
        }
    }

    fn ended(seconds: &[u64]) -> Disconnects {
        let mut disconnects = Disconnects::default();
        seconds.iter().for_each(|at| disconnects.record("cut", BEGIN + at * 1_000_000_000));
        disconnects
    }

    fn times(disconnects: &Disconnects, faults: &[FaultTimes]) -> u64 {
        disconnects.unexplained(BEGIN, faults).iter().map(|disconnect| disconnect.times).sum()
    }

    #[test]
    fn a_fault_explains_what_ends_until_a_second_after_its_healing() {
        let disconnects = ended(&[1, 2, 4, 5, 6, 9]);
        assert_eq!(times(&disconnects, &[]), 6);
        assert_eq!(times(&disconnects, &[fault(2, Some(4), false)]), 3, "1, 6 and 9 are left");
        assert_eq!(times(&disconnects, &[fault(2, None, false)]), 1, "never healed");
        assert_eq!(times(&disconnects, &[fault(2, Some(4), true)]), 6, "who leaves breaks nothing");
    }

    #[test]
    fn what_ends_before_the_load_is_counted_apart() {
        let mut disconnects = ended(&[0, 1]);
        disconnects.record("reset", BEGIN - 1);
        assert_eq!((disconnects.before(BEGIN), times(&disconnects, &[])), (1, 2));
    }

    #[test]
    fn the_most_frequent_way_stands_first_and_the_ways_and_moments_are_bounded() {
        let mut disconnects = ended(&[1]);
        (0..40).for_each(|kind| disconnects.record(&format!("way {kind}"), BEGIN));
        (0..2 * MOMENTS).for_each(|_| disconnects.record("way 3", BEGIN));
        let found = disconnects.unexplained(BEGIN, &[]);
        assert_eq!((found.len(), &*found[0].clause()), (KINDS + 1, "way 3 (20,001 times)"));
        assert_eq!((&*found[1].why, found[1].times), (OTHER, 21));
        assert_eq!(disconnects.0["way 3"].len(), MOMENTS);
    }
}
