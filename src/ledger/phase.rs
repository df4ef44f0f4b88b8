//! The phases of a run as its latency sees them: steady, fault, recovery.
//!
//! A slice of the timeline is *fault* if it overlaps some fault from its strike to the start of its healing (to
//! the end of the run if it is never healed). It is *recovery* from the start of a healing on, until the target
//! was ready and a whole slice went by in which something was delivered, nothing was late, and nothing lost or
//! unsent that has a path. Every other is *steady*. A fault that strikes during a recovery is a fault.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::fault_times::FaultTimes;
use super::time::nanos;
use super::timeline::SLICE;

/// What a run was going through.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nothing was broken.
    #[default]
    Steady,
    /// Something was broken and its healing had not begun.
    Fault,
    /// Healing had begun, and the pattern was not yet as before.
    Recovery,
}

impl Phase {
    /// The name of the phase in files and charts.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Steady => "steady",
            Phase::Fault => "fault",
            Phase::Recovery => "recovery",
        }
    }
}

/// The latencies of some slices in a row, all of one phase.
#[derive(Debug, Clone)]
pub struct Interval {
    /// When the interval begins, since the measured load began.
    pub at: Duration,
    /// How long the interval is.
    pub length: Duration,
    /// What the run was going through.
    pub phase: Phase,
    /// First live receipt minus intended send time of the messages that were due in the interval, in microseconds.
    pub latency: Histogram<u64>,
    /// First live receipt minus actual send time of the same messages, in microseconds.
    pub service: Histogram<u64>,
}

/// The phase of each slice. `clean(i)` tells whether everything due in slice `i` came in time.
pub(super) fn phases(slices: usize, faults: &[FaultTimes], clean: impl Fn(usize) -> bool) -> Vec<Phase> {
    let mut phases = vec![Phase::Steady; slices];
    // A leave that ends, and a storm, have a recovery, too.
    for fault in faults {
        let Some(heal_begin) = fault.heal_begin.map(nanos) else { continue };
        let ready = fault.healed.map_or(heal_begin, nanos);
        for (i, phase) in phases.iter_mut().enumerate() {
            let begin = i as u64 * SLICE;
            if begin + SLICE <= heal_begin {
                continue;
            }
            if begin > ready && clean(i) {
                break;
            }
            *phase = Phase::Recovery;
        }
    }
    for fault in faults {
        let from = nanos(fault.begin);
        // Subscribers that join break nothing, so a join is no fault phase.
        let to = match fault.heal_begin {
            Some(heal_begin) => nanos(heal_begin),
            None if fault.deliberate => from,
            None => u64::MAX,
        };
        for (i, phase) in phases.iter_mut().enumerate() {
            let begin = i as u64 * SLICE;
            if begin < to && begin + SLICE > from {
                *phase = Phase::Fault;
            }
        }
    }
    phases
}

/// Neighbouring slices of the same phase, at most `most` together, each stretch as its first slice and the slice after
/// its last.
pub(super) fn stretches(phases: &[Phase], most: usize) -> Vec<(usize, usize)> {
    let mut stretches: Vec<(usize, usize)> = Vec::new();
    for i in 0..phases.len() {
        match stretches.last_mut() {
            Some((from, to)) if phases[*from] == phases[i] && i - *from < most.max(1) => *to = i + 1,
            _ => stretches.push((i, i + 1)),
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::Phase::{Fault, Recovery, Steady};
    use super::*;

    fn fault(begin: u64, heal_begin: Option<u64>, healed: Option<u64>, deliberate: bool) -> FaultTimes {
        let ms = Duration::from_millis;
        let what = "kill broker".into();
        FaultTimes {
            what,
            begin: ms(begin),
            heal_begin: heal_begin.map(ms),
            healed: healed.map(ms),
            deliberate,
            planned: None,
        }
    }

    #[test]
    fn a_recovery_lasts_until_a_slice_is_clean_again() {
        let kill = fault(250, Some(510), Some(530), false);
        // Slices 2 to 6 lose something or deliver it late.
        let clean = |i: usize| !(2..=6).contains(&i);
        let expected = [Steady, Steady, Fault, Fault, Fault, Fault, Recovery, Steady, Steady];
        assert_eq!(phases(9, std::slice::from_ref(&kill), clean), expected);
        // A fault that is never healed lasts to the end; a fault that strikes during a recovery is a fault.
        let forever = fault(250, None, None, false);
        assert_eq!(phases(4, &[forever], clean), [Steady, Steady, Fault, Fault]);
        let again = fault(610, Some(700), Some(700), false);
        let twice = phases(9, &[kill, again], clean);
        assert_eq!(twice, [Steady, Steady, Fault, Fault, Fault, Fault, Fault, Recovery, Steady]);
    }

    #[test]
    fn who_joins_breaks_nothing_and_who_leaves_does() {
        let clean = |_: usize| true;
        assert_eq!(phases(3, &[fault(100, None, Some(120), true)], clean), [Steady; 3]);
        let leave = fault(100, Some(200), Some(201), true);
        assert_eq!(phases(4, &[leave], clean), [Steady, Fault, Recovery, Steady]);
    }

    #[test]
    fn stretches_are_of_one_phase_and_not_too_long() {
        let phases = [Steady, Steady, Steady, Fault, Fault, Steady];
        assert_eq!(stretches(&phases, 2), [(0, 2), (2, 3), (3, 5), (5, 6)]);
        assert_eq!(stretches(&phases, 10), [(0, 3), (3, 5), (5, 6)]);
        assert_eq!(stretches(&[], 10), []);
    }

    #[test]
    fn each_phase_has_the_name_that_files_give_it() {
        assert_eq!([Steady, Fault, Recovery].map(Phase::name), ["steady", "fault", "recovery"]);
    }

    #[test]
    fn a_fault_that_begins_or_heals_between_two_slices_touches_only_its_own() {
        let clean = |_: usize| true;
        let kill = fault(200, Some(400), Some(400), false);
        let expected = [Steady, Steady, Fault, Fault, Recovery, Steady, Steady];
        assert_eq!(phases(7, &[kill], clean), expected);
        // A nanosecond more on either side makes the fault touch one more slice.
        let mut wider = fault(200, Some(400), Some(400), false);
        wider.begin -= Duration::from_nanos(1);
        wider.heal_begin = Some(Duration::from_millis(400) + Duration::from_nanos(1));
        wider.healed = wider.heal_begin;
        assert_eq!(phases(7, &[wider], clean), [Steady, Fault, Fault, Fault, Fault, Steady, Steady]);
    }

    #[test]
    fn a_recovery_needs_the_target_to_be_ready_however_clean_the_slices_are() {
        let slow = fault(100, Some(200), Some(400), false);
        let expected = [Steady, Fault, Recovery, Recovery, Recovery, Steady];
        assert_eq!(phases(6, std::slice::from_ref(&slow), |_| true), expected);
        // A recovery needs clean slices, too, however ready the target is.
        let never = [Steady, Fault, Recovery, Recovery, Recovery, Recovery];
        assert_eq!(phases(6, &[slow], |_| false), never);
        // A target without a time of readiness is ready when its healing begins.
        let unready = fault(100, Some(200), None, false);
        assert_eq!(phases(5, &[unready], |_| true), [Steady, Fault, Recovery, Steady, Steady]);
    }

    #[test]
    fn a_stretch_has_at_least_one_slice() {
        assert_eq!(stretches(&[Steady; 3], 0), [(0, 1), (1, 2), (2, 3)]);
        assert_eq!(stretches(&[Steady; 7], 3), [(0, 3), (3, 6), (6, 7)]);
    }
}
