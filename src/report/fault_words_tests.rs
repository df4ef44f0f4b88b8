//! What the report adds to the words of a fault: how long it held, and what to say of a fault that is not known.

use super::super::sample::{fault, untold};
use super::*;

/// The words for a fault while it lasts, when it never ends, and when it ends.
fn words(lines: &str) -> [String; 3] {
    words_of(|heal_begin_ms| fault(lines, 1_000, heal_begin_ms))
}

fn words_of(fault: impl Fn(Option<u64>) -> FaultReport) -> [String; 3] {
    let healed = fault(Some(5_969));
    let meanwhile = |fault| meanwhile(&[fault]).unwrap();
    [meanwhile(&healed), meanwhile(&fault(None)), end_of(&healed)]
}

#[test]
fn what_lasted_says_how_long_and_what_did_not_end_or_was_over_at_once_is_a_moment() {
    let broker =
        ["while the broker was away (5.0 s)", "after the broker was killed", "the broker's restart began"];
    assert_eq!(words("kill = 'broker'"), broker);
    let storm = "after the clients of node 1 dropped and came back at once";
    assert_eq!(words("storm = 'node 1'"), [storm, storm, "the clients of node 1 had dropped"]);
}

#[test]
fn what_is_unknown_is_quoted() {
    let other = ["during `melt link 0` (5.0 s)", "after `melt link 0`", "the healing of `melt link 0` began"];
    assert_eq!(words_of(|heal| untold("melt link 0", 1_000, heal)), other);
    assert_eq!(meanwhile(&[]), None);
}

#[test]
fn repetitions_are_counted() {
    let three = [0, 9, 18].map(|at| fault("cut = 'node 1 <-> broker'", at, Some(at + 3)));
    assert_eq!(meanwhile(&three.iter().collect::<Vec<_>>()).as_deref(), Some("during the 3 faults"));
    let two = [fault("stop = 'node 0'", 0, Some(9)), fault("stop = 'node 1'", 9, Some(18))];
    assert_eq!(meanwhile(&[&two[0], &two[1]]).as_deref(), Some("during the 2 faults"));
}

#[test]
fn a_fault_of_another_version_is_taken_for_one_that_breaks_something() {
    let is = |fault: FaultReport| (is_deliberate(&fault), breaks(&fault), is_silent_split(&fault));
    assert_eq!(is(fault("leave = '50%'", 0, None)), (true, false, false));
    assert_eq!(is(fault("partition = ['node 0']", 0, None)), (false, true, true));
    assert_eq!(is(untold("leave", 0, None)), (false, true, false));
}
