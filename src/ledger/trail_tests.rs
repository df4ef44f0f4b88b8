//! One path, debt by debt: what makes it stopped, and what does not.

use super::*;

const SECOND: u64 = 1_000_000_000;

/// The trail of a path whose debts were lost at these tenths of a second, after a debt that was received.
fn lost(tenths: &[u64]) -> Trail {
    let mut trail = Trail::default();
    trail.received();
    tenths.iter().for_each(|tenth| trail.lost(tenth * SECOND / 10, 0, false));
    trail
}

#[test]
fn three_losses_over_a_second_are_a_stop_and_less_is_none() {
    assert_eq!(lost(&[20, 25, 30]).stopped(0), Some(2 * SECOND));
    assert_eq!(lost(&[20, 30]).stopped(0), None, "two");
    assert_eq!(lost(&[20, 25, 29]).stopped(0), None, "over less than a second");
    assert_eq!(lost(&[20, 21, 22, 23, 30]).stopped(0), Some(2 * SECOND));
    assert_eq!(Trail::default().stopped(0), None);
}

#[test]
fn what_still_brings_something_when_the_last_is_due_has_not_stopped() {
    let trail = lost(&[20, 25, 30]);
    assert_eq!(trail.stopped(3 * SECOND - 1), Some(2 * SECOND));
    assert_eq!(trail.stopped(3 * SECOND), None);
    assert_eq!(trail.stopped(9 * SECOND), None);
}

#[test]
fn twice_as_many_must_be_lost_as_in_any_row_before() {
    let after_two_lost = |tenths: &[u64]| {
        let mut trail = lost(&[1, 2]);
        trail.received();
        tenths.iter().for_each(|tenth| trail.lost(tenth * SECOND / 10, 0, false));
        trail.stopped(0)
    };
    assert_eq!(after_two_lost(&[20, 25, 30]), None);
    assert_eq!(after_two_lost(&[20, 25, 30, 31]), Some(2 * SECOND));
}

#[test]
fn an_excuse_begins_the_row_anew_and_leaves_the_stop_where_it_was() {
    let mut trail = lost(&[20, 25]);
    trail.lost(3 * SECOND, 0, true);
    trail.lost(4 * SECOND, 0, false);
    trail.lost(5 * SECOND, 0, false);
    assert_eq!(trail.stopped(0), None, "two since the excuse");
    trail.lost(6 * SECOND, 0, false);
    assert_eq!(trail.stopped(0), Some(2 * SECOND));
}

#[test]
fn what_was_due_while_losses_were_excused_does_not_count_and_what_was_due_then_does() {
    let from = |from: u64| {
        let mut trail = Trail::default();
        [20, 25, 30].into_iter().for_each(|tenth: u64| trail.lost(tenth * SECOND / 10, from, false));
        trail.stopped(0)
    };
    assert_eq!(from(2 * SECOND), Some(2 * SECOND));
    assert_eq!(from(2 * SECOND + 1), None);
    assert_eq!(from(u64::MAX), None);
}
