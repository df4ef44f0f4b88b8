//! How long after a fault some observer had a wrong list.
//!
//! A fault that takes clients from their places, once (a node that dies or stops, a storm, subscribers that leave or
//! join), is counted from its strike, and its healing is one more such moment. Any other fault keeps nodes from telling
//! each other while it holds, and is counted from the end of its healing.

use scenario::{Action, Target};

use super::fault_times::FaultTimes;
use super::harm::whole_ms;
use super::time::nanos;

/// How much earlier than its recorded moment a fault may be seen. A strike is recorded just before it is made, by
/// another task than those that see it.
const EARLY: u64 = 20_000_000;
/// The most stretches of time that are kept. Full: the last one grows, so that nothing wrong is forgotten.
const MOST_STRETCHES: usize = 4_096;

/// The stretches of time in which some observer had a wrong list, in nanoseconds since the run's zero.
#[derive(Debug, Default)]
pub(super) struct WrongTimes {
    over: Vec<(u64, u64)>,
    since: Option<u64>,
}

/// When all lists were right after the faults.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Settling {
    /// The longest time that it took after a fault, in milliseconds; `None` without a fault, or if it never came to that.
    pub(super) ms: Option<u64>,
    /// Whether there was a fault and some list was wrong until the end.
    pub(super) never: bool,
}

/// A moment at which a fault disturbs something: from when a wrong list is its doing, and from when its time counts.
type Disturbance = (u64, u64);

impl WrongTimes {
    /// Records whether some list is wrong from a moment on.
    pub(super) fn record(&mut self, wrong: bool, at: u64) {
        match (self.since, wrong) {
            (None, true) => self.since = Some(at),
            (Some(since), false) => {
                self.since = None;
                let is_full = self.over.len() >= MOST_STRETCHES;
                match self.over.last_mut() {
                    Some((_, end)) if is_full => *end = at,
                    _ if at > since => self.over.push((since, at)),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// When all lists were right after these faults, of a load that began at this moment.
    pub(super) fn settling(&self, begin: u64, faults: &[FaultTimes]) -> Settling {
        let mut moments: Vec<Disturbance> = faults.iter().flat_map(disturbances).collect();
        moments.sort_unstable();
        if moments.is_empty() {
            return Settling::default();
        }
        if self.since.is_some() {
            return Settling { ms: None, never: true };
        }
        let longest = self.over.iter().filter_map(|(from, to)| {
            let from = (from + EARLY).saturating_sub(begin);
            // What was wrong before the first fault is its doing, too, if it lasted until then.
            let earlier = moments.partition_point(|(moment, _)| *moment <= from).saturating_sub(1);
            let (_, count_from) = moments.get(earlier)?;
            Some(to.saturating_sub(begin).saturating_sub(*count_from))
        });
        Settling { ms: Some(whole_ms(longest.max().unwrap_or(0))), never: false }
    }
}

/// The moments at which a fault disturbs something, in nanoseconds since the load began.
fn disturbances(fault: &FaultTimes) -> Vec<Disturbance> {
    let (begin, heal_begin) = (nanos(fault.begin), fault.heal_begin.map(nanos));
    let moves = fault.planned.as_ref().is_none_or(|planned| {
        let of_nodes = matches!(planned.target, Target::Node(_) | Target::AllNodes | Target::AnyNode);
        match planned.action {
            Action::Kill | Action::Stop => of_nodes,
            Action::Storm | Action::Leave | Action::Join => true,
            _ => false,
        }
    });
    match moves {
        true => [Some(begin), heal_begin].into_iter().flatten().map(|at| (at, at)).collect(),
        false => vec![(begin, fault.healed.map(nanos).or(heal_begin).unwrap_or(begin))],
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use scenario::Fault;

    use super::*;

    const MS: u64 = 1_000_000;
    /// When the load of these tests began.
    const BEGIN: u64 = 500 * MS;

    fn fault(action: Action, target: Target, [begin, heal, healed]: [u64; 3]) -> FaultTimes {
        let ms = Duration::from_millis;
        let planned = Fault { at: ms(begin), duration: None, action, target };
        FaultTimes {
            what: "it".into(),
            begin: ms(begin),
            heal_begin: Some(ms(heal)),
            healed: Some(ms(healed)),
            deliberate: false,
            planned: Some(planned),
        }
    }

    fn kill() -> FaultTimes {
        fault(Action::Kill, Target::Node(1), [5_000, 9_000, 9_400])
    }

    /// Wrong from each of these moments since the load began to the next one.
    fn wrong(stretches: &[(u64, u64)]) -> WrongTimes {
        let mut times = WrongTimes::default();
        for (from, to) in stretches {
            times.record(true, BEGIN + from * MS);
            times.record(false, BEGIN + to * MS);
        }
        times
    }

    fn ms(times: &WrongTimes, faults: &[FaultTimes]) -> Option<u64> {
        let Settling { ms, never } = times.settling(BEGIN, faults);
        assert!(!never);
        ms
    }

    #[test]
    fn a_killed_node_counts_from_the_kill_and_its_return_by_itself() {
        assert_eq!(ms(&wrong(&[]), &[kill()]), Some(0));
        // What was wrong before the fault is not its doing.
        assert_eq!(ms(&wrong(&[(1_000, 1_200), (5_000, 5_700), (6_000, 6_250)]), &[kill()]), Some(1_250));
        assert_eq!(ms(&wrong(&[(5_000, 5_300), (9_100, 9_450)]), &[kill()]), Some(450));
        assert_eq!(
            ms(&wrong(&[(5_000, 9_600)]), &[kill()]),
            Some(4_600),
            "a return does not set the clock back"
        );
        // The client saw it before the strike was written down.
        assert_eq!(ms(&wrong(&[(4_990, 5_300)]), &[kill()]), Some(300));
    }

    #[test]
    fn what_keeps_nodes_apart_counts_from_the_end_of_its_healing() {
        let partition = fault(Action::Partition, Target::Groups(vec![]), [5_000, 9_000, 9_400]);
        assert_eq!(ms(&wrong(&[(8_000, 10_000)]), std::slice::from_ref(&partition)), Some(600));
        assert_eq!(ms(&wrong(&[(6_000, 7_000)]), std::slice::from_ref(&partition)), Some(0));
        assert_eq!(ms(&wrong(&[(11_000, 11_500)]), &[partition]), Some(2_100));
        let broker = fault(Action::Kill, Target::Broker, [5_000, 9_000, 9_400]);
        assert_eq!(ms(&wrong(&[(8_000, 10_000)]), &[broker]), Some(600));
    }

    #[test]
    fn each_fault_answers_for_what_was_wrong_until_the_next_and_the_longest_counts() {
        let storm = fault(Action::Storm, Target::AllNodes, [12_000, 12_000, 13_000]);
        let times = wrong(&[(5_000, 5_100), (12_000, 12_800), (13_000, 13_200)]);
        assert_eq!(ms(&times, &[storm, kill()]), Some(1_200));
    }

    #[test]
    fn without_a_fault_there_is_nothing_to_settle_and_what_stays_wrong_never_settles() {
        assert_eq!(wrong(&[(1_000, 2_000)]).settling(BEGIN, &[]), Settling::default());
        let mut times = wrong(&[(5_000, 5_100)]);
        times.record(true, BEGIN + 6_000 * MS);
        assert_eq!(times.settling(BEGIN, &[kill()]), Settling { ms: None, never: true });
        assert_eq!(times.settling(BEGIN, &[]), Settling::default());
    }

    #[test]
    fn full_it_forgets_nothing_that_was_wrong() {
        let mut times = WrongTimes::default();
        for i in 0..MOST_STRETCHES as u64 + 10 {
            times.record(true, BEGIN + (5_000 + 2 * i) * MS);
            times.record(false, BEGIN + (5_001 + 2 * i) * MS);
        }
        assert_eq!(times.over.len(), MOST_STRETCHES);
        let end = 5_001 + 2 * (MOST_STRETCHES as u64 + 9);
        assert_eq!(
            ms(&times, &[fault(Action::Kill, Target::Node(0), [5_000, 5_000, 5_000])]),
            Some(end - 5_000)
        );
    }
}
