//! Whose receipts are kept, and when they are let go.

use super::*;
use crate::stage_for_tests::plan;

/// A witness of this many subscribers and messages, with room for `most` receipts.
fn witness(subscribers: usize, messages: usize, most: usize) -> Witness {
    Witness::with_room(&plan(subscribers, messages), most)
}

/// When the kept receipts of a message came.
fn kept(witness: &Witness, n: usize) -> Vec<u64> {
    witness.receipts(n).map(|receipt| receipt.at).collect()
}

/// Gives the witness a live receipt of a message by a subscriber, `late` after it was due; the receipt comes at ten
/// times that.
fn hear(witness: &mut Witness, n: usize, s: usize, late: u64) {
    witness.heard(n, s, late * 10, late, false);
}

#[test]
fn ordinary_messages_are_spread_over_the_load_and_take_half_of_the_room() {
    let stretches = |subscribers, messages, most| {
        let witness = witness(subscribers, messages, most);
        (witness.stretch, witness.ordinary.len())
    };
    // Of room for 100 receipts, ordinary messages get 50: with five receipts each they are ten messages.
    assert_eq!(stretches(5, 95, 100), (10, 10));
    assert_eq!(stretches(1, 960, 65_536), (20, 48), "48 at the most");
    assert_eq!(stretches(900, 30, 100), (30, 1), "one at the least");
    assert_eq!(stretches(0, 96, 1_000), (2, 48));
    assert_eq!(stretches(1, 0, 100), (1, 0));
}

#[test]
fn an_answer_is_known_by_its_last_time() {
    let mut witness = witness(1, 3, 10);
    assert_eq!(witness.answer_of(1), None);
    witness.answered(1, 70);
    witness.answered(1, 90);
    witness.answered(9, 80);
    assert_eq!([0, 1, 2, 9].map(|n| witness.answer_of(n)), [None, Some(90), None, None]);
}

#[test]
fn the_slowest_is_the_first_of_the_latest_live_ones() {
    let mut witness = witness(2, 4, 10);
    assert_eq!(witness.slowest(), None);
    witness.heard(0, 0, 9_000, 900, true);
    assert_eq!(witness.slowest(), None, "a replay is no live receipt");
    hear(&mut witness, 1, 0, 30);
    hear(&mut witness, 2, 1, 30);
    hear(&mut witness, 3, 0, 29);
    let slowest = witness.slowest().map(|it| (it.n, it.late, it.receipt.s, it.receipt.at));
    assert_eq!(slowest, Some((1, 30, 0, 300)));
    hear(&mut witness, 2, 0, 31);
    assert_eq!(witness.slowest().map(|it| (it.n, it.late)), Some((2, 31)));
}

#[test]
fn what_is_not_paid_is_kept_whoever_is_slower() {
    let mut witness = witness(3, 10, 20);
    for (n, late) in [(1, 5), (2, 6), (3, 7)] {
        (0..2).for_each(|s| hear(&mut witness, n, s, late + s as u64));
    }
    assert_eq!([1, 2, 3].map(|n| kept(&witness, n)), [[50, 60], [60, 70], [70, 80]]);
    assert_eq!((kept(&witness, 4), witness.given_up()), (vec![], 0));
}

#[test]
fn what_is_paid_is_let_go_unless_it_is_ordinary_or_the_slowest() {
    // Two stretches of five messages each.
    let mut witness = witness(1, 10, 4);
    assert_eq!((witness.stretch, witness.ordinary.len()), (5, 2));
    for (n, late) in [(0, 3), (1, 2), (2, 9), (3, 8), (7, 1), (8, 1)] {
        hear(&mut witness, n, 0, late);
        witness.paid(n);
        witness.paid(n);
    }
    // Messages 0 and 7 are the first of their stretches, and message 2 is the slowest.
    assert_eq!(witness.ordinary().collect::<Vec<_>>(), [0, 7]);
    let all = |witness: &Witness| (0..10).filter(|n| !kept(witness, *n).is_empty()).collect::<Vec<_>>();
    assert_eq!(all(&witness), [0, 2, 7]);
    // A slower message takes the place of the slowest, which is let go because it is paid and not ordinary.
    hear(&mut witness, 9, 0, 10);
    assert_eq!(all(&witness), [0, 7, 9]);
    // Of a message that was let go nothing more is kept.
    hear(&mut witness, 2, 0, 4);
    assert_eq!((kept(&witness, 2), witness.given_up()), (vec![], 0));
}

#[test]
fn the_slowest_stays_if_it_is_not_paid_or_is_ordinary() {
    let mut witness = witness(2, 10, 20);
    assert_eq!(witness.stretch, 2);
    // First the slowest message is paid and ordinary; then the slowest is not paid; then a slower one comes.
    hear(&mut witness, 0, 0, 5);
    witness.paid(0);
    hear(&mut witness, 3, 0, 6);
    // A payment of another message does not pay the slowest.
    hear(&mut witness, 6, 0, 1);
    witness.paid(6);
    hear(&mut witness, 5, 0, 7);
    assert_eq!([0, 3, 5].map(|n| kept(&witness, n)), [[50], [60], [70]]);
    // Message 2 takes its stretch's place, so that message 3, which is paid now and no longer the slowest, is let go.
    witness.paid(2);
    witness.paid(3);
    assert_eq!([0, 3, 5].map(|n| kept(&witness, n)), [vec![50], vec![], vec![70]]);
    // The slowest message is received again, by another of its subscribers: both of its receipts stay.
    witness.paid(4);
    hear(&mut witness, 5, 1, 8);
    witness.paid(5);
    hear(&mut witness, 7, 0, 2);
    assert_eq!([5, 7].map(|n| kept(&witness, n)), [vec![70, 80], vec![20]]);
}

#[test]
fn an_ordinary_one_stays_wherever_in_the_load_it_is() {
    let mut witness = witness(2, 10, 20);
    (0..2).for_each(|s| hear(&mut witness, 4, s, 5 + s as u64));
    witness.paid(4);
    hear(&mut witness, 9, 0, 7);
    assert_eq!([4, 9].map(|n| kept(&witness, n)), [vec![50, 60], vec![70]]);
}

#[test]
fn who_finds_no_room_is_given_up_and_makes_room() {
    let mut witness = witness(3, 10, 4);
    for (n, late) in [(0, 1), (1, 2)] {
        (0..2).for_each(|s| hear(&mut witness, n, s, late + s as u64));
    }
    assert_eq!((kept(&witness, 0), kept(&witness, 1)), (vec![10, 20], vec![20, 30]));
    hear(&mut witness, 1, 2, 4);
    assert_eq!((kept(&witness, 1), witness.given_up()), (vec![], 1), "it had the newest");
    // The two places of the closed message are free again, and no more than those.
    (0..3).for_each(|s| hear(&mut witness, 2, s, 5 + s as u64));
    assert_eq!((kept(&witness, 2), witness.given_up()), (vec![], 2));
    hear(&mut witness, 3, 0, 1);
    hear(&mut witness, 4, 1, 1);
    assert_eq!([0, 3, 4].map(|n| kept(&witness, n)), [vec![10, 20], vec![10], vec![10]]);
    assert_eq!((witness.kept.len(), witness.given_up()), (4, 2));
}
