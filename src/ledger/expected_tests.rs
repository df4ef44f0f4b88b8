//! One expectation, in words: unsent debts, figures that do not exist, and the times where it went wrong.

use super::Answer::{Confirmed, Handed};
use super::Arrival::Live;
use super::stage_for_tests::{begun, ms, plan, send};
use super::*;
use scenario::{Bound, Expectation, Whose};

fn outcome(settled: &Settled, figure: &str, bound: Bound) -> Outcome {
    let expectation = Expectation { whose: Whose::All, figure: figure.into(), bound };
    judge(settled, &Harness::default(), &[expectation]).outcomes.remove(0)
}

/// What is wrong, as a clause; empty if the bound holds.
fn why(settled: &Settled, figure: &str, bound: Bound) -> String {
    outcome(settled, figure, bound).why.unwrap_or_default()
}

/// A run of ten messages to two subscribers. The last two are never sent, so four debts are missing; message 3 is lost
/// to one subscriber.
fn unsent() -> Settled {
    let mut ledger = begun(plan(2, 10));
    for n in 0..8 {
        send(&mut ledger, n, Confirmed);
        for s in (0..2).filter(|s| (n, *s) != (3, 1)) {
            ledger.received(s, n, Live, ms(n as u64 * 100 + 10));
        }
    }
    ledger.settle(&[], ms(5_000))
}

#[test]
fn shares_count_the_debts_of_unsent_messages_above_and_below_the_line() {
    let settled = unsent();
    // One debt is lost and 4 are unsent, of 16 owed and 4 unsent debts; 15 of the same 20 are on time.
    let lost = outcome(&settled, "lost_share", Bound::AtMost(0.2));
    assert_eq!((lost.value, lost.met), (Some(0.25), false));
    assert_eq!(
        lost.why.as_deref(),
        Some(
            "lost_share is 0.25 with the 4 debts of unsent messages, expected at most 0.2 (from 0.3 s to 0.9 s)"
        )
    );
    assert!(outcome(&settled, "lost_share", Bound::Equal(0.25)).met);
    let on_time = outcome(&settled, "on_time", Bound::AtLeast(0.9));
    assert_eq!((on_time.value, on_time.met), (Some(0.75), false));
    assert_eq!(
        on_time.why.as_deref(),
        Some(
            "on_time is 0.75 with the 4 debts of unsent messages, expected at least 0.9 (from 0.3 s to 0.9 s)"
        )
    );
    assert!(outcome(&settled, "on_time", Bound::Equal(0.75)).met);
}

#[test]
fn unsent_debts_that_do_not_change_a_share_are_not_named() {
    let mut ledger = begun(plan(2, 4));
    (0..2).for_each(|n| send(&mut ledger, n, Confirmed));
    let settled = ledger.settle(&[], ms(5_000));
    assert_eq!((settled.debts.owed, settled.debts.lost, settled.counts.unsent_debts), (4, 4, 4));
    for (figure, bound, expected) in [
        ("on_time", Bound::AtLeast(0.9), "on_time is 0, expected at least 0.9 (from 0.0 s to 0.3 s)"),
        ("lost_share", Bound::AtMost(0.2), "lost_share is 1, expected at most 0.2 (from 0.0 s to 0.3 s)"),
    ] {
        assert_eq!(why(&settled, figure, bound), expected);
    }
}

#[test]
fn every_kind_of_loss_counts_unsent_debts_but_for_the_missing_paths() {
    let settled = unsent();
    for (figure, count) in [
        ("lost", 5.0),
        ("lost_confirmed", 5.0),
        ("lost_online", 5.0),
        ("lost_handed", 4.0),
        ("lost_refused", 4.0),
        ("lost_unknown", 4.0),
        ("lost_offline", 4.0),
        ("lost_no_path", 0.0),
        ("unsent_debts", 4.0),
        ("unsent", 2.0),
        ("sent", 8.0),
        ("owed", 16.0),
        ("delivered", 15.0),
        ("duplicates", 0.0),
    ] {
        assert!(outcome(&settled, figure, Bound::Equal(count)).met, "{figure}");
    }
}

#[test]
fn a_figure_that_does_not_exist_says_what_is_missing() {
    let empty = begun(plan(1, 0)).settle(&[], ms(0));
    let missing = |figure: &str| {
        let why = why(&empty, figure, Bound::AtMost(1.0));
        why.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(why, _)| why.to_owned())
    };
    let cases = [
        ("on_time", "nothing was owed"),
        ("lost_share", "nothing was owed"),
        ("ready_ms", "no fault was healed"),
        ("recovered_p99_ms", "nothing was replayed"),
        ("publish_delay_p50_us", "nothing was published"),
        ("loop_lag_p99", "it was not measured"),
        ("p99_ms", "nothing was delivered"),
        ("service_max", "nothing was delivered"),
        ("fan_out_p50", "nothing was delivered"),
    ];
    for (figure, expected) in cases {
        assert_eq!(missing(figure).as_deref(), Some(expected), "{figure}");
    }
    assert_eq!(
        why(&empty, "recovery", Bound::Above(2.0)),
        "recovery does not exist (no debt was harmed), expected more than 2 ms"
    );
    let harmed = unsent();
    assert_eq!(
        why(&harmed, "recovery", Bound::Equal(0.0)),
        "recovery does not exist (no fault was healed), expected 0 ms"
    );
}

#[test]
fn a_moment_is_named_as_one_and_a_stretch_from_end_to_end() {
    let mut ledger = begun(plan(1, 20));
    (0..20).for_each(|n| send(&mut ledger, n, Handed));
    for n in (0..20).filter(|n| *n != 12) {
        ledger.received(0, n, Live, ms(n as u64 * 100 + 1));
    }
    ledger.corrupted(0, ms(510));
    ledger.corrupted(0, ms(590));
    let settled = ledger.settle(&[], ms(5_000));
    assert_eq!(why(&settled, "lost", Bound::Equal(0.0)), "lost is 1, expected 0 (at 1.2 s)");
    let corrupted = outcome(&settled, "corrupted", Bound::Equal(0.0));
    assert_eq!(corrupted.why.as_deref(), Some("corrupted is 2, expected 0 (from 0.5 s to 0.6 s)"));
    assert_eq!((corrupted.from_ms, corrupted.to_ms), (Some(510), Some(590)));
    assert_eq!(why(&settled, "owed", Bound::Above(20.0)), "owed is 20, expected more than 20");
    assert_eq!(why(&settled, "owed", Bound::Below(20.0)), "owed is 20, expected less than 20");
    assert_eq!(why(&settled, "owed", Bound::Between(1.0, 2.0)), "owed is 20, expected 1 to 2");
}
