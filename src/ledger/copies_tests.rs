//! The border between replay and live: what a subscriber gets although it holds it, and what comes in the wrong place.

use super::Answer::Handed;
use super::Arrival::{self, Live, Replay};
use super::stage_for_tests::{begun, figure, ms, plan, send};
use super::*;
use scenario::Bound;

/// A run of one publisher's ten messages to one subscriber, who receives these, 10 ms apart from 1.0 s on. `None` is a new
/// connection.
fn receiving(receipts: &[Option<(usize, Arrival)>]) -> Settled {
    let mut ledger = begun(plan(1, 10));
    (0..10).for_each(|n| send(&mut ledger, n, Handed));
    for (i, receipt) in receipts.iter().enumerate() {
        match receipt {
            Some((n, arrival)) => ledger.received(0, *n, *arrival, ms(1_000 + i as u64 * 10)),
            None => ledger.connected(0),
        }
    }
    ledger.settle(&[], ms(9_000))
}

fn live(n: usize) -> Option<(usize, Arrival)> {
    Some((n, Live))
}

fn replay(n: usize, round: u32) -> Option<(usize, Arrival)> {
    Some((n, Replay { round }))
}

/// Duplicates, held again, live again, by replay after live.
fn counts(settled: &Settled) -> [u64; 4] {
    let Counts { duplicates, held_again, live_again, replay_after_live, .. } = settled.counts;
    [duplicates, held_again, live_again, replay_after_live]
}

/// When too much of a figure was counted, in milliseconds since the load began.
fn when(settled: &Settled, name: &str) -> Option<(u128, u128)> {
    let when = settled.went_wrong(figure(name), 9.0, Bound::AtMost(0.0));
    when.map(|(from, to)| (from.as_millis(), to.as_millis()))
}

#[test]
fn a_clean_replay_brings_what_was_missed_once_and_before_the_rest() {
    let clean = receiving(&[live(0), None, replay(1, 1), replay(2, 1), live(3), None, replay(4, 2), live(5)]);
    assert_eq!(counts(&clean), [0; 4]);
}

#[test]
fn the_overlap_of_each_replay_is_held_again() {
    let overlap = receiving(&[
        live(0),
        live(1),
        None,
        replay(0, 1),
        replay(1, 1),
        replay(2, 1),
        None,
        replay(0, 2),
        replay(2, 2),
        replay(3, 2),
        replay(3, 2),
    ]);
    assert_eq!(counts(&overlap), [1, 4, 0, 0], "again within one replay is a duplicate");
    assert_eq!(when(&overlap, "held_again"), Some((1_030, 1_080)));
}

#[test]
fn a_replayed_message_that_comes_live_too_is_live_again_and_delivered() {
    let again = receiving(&[None, replay(0, 1), replay(1, 1), live(0), live(1), live(1), live(2), live(2)]);
    assert_eq!(counts(&again), [2, 0, 2, 0], "a further live copy is a duplicate");
    assert_eq!(when(&again, "live_again"), Some((1_030, 1_040)));
    assert_eq!((again.debts.delivered, again.debts.recovered, again.recovered.len()), (3, 0, 0));
}

#[test]
fn an_older_message_by_replay_after_a_newer_live_one_is_in_the_wrong_place() {
    let late =
        receiving(&[None, live(5), replay(3, 1), replay(4, 1), replay(6, 1), replay(3, 1), replay(4, 1)]);
    assert_eq!(counts(&late), [2, 0, 0, 2]);
    assert_eq!(when(&late, "replay_after_live"), Some((1_020, 1_030)));
    // The live one came over another connection; what is held and comes in the wrong place is both.
    let reconnected = receiving(&[live(5), None, replay(3, 1), live(6), replay(5, 1)]);
    assert_eq!(counts(&reconnected), [0, 1, 0, 1]);
    assert_eq!(when(&reconnected, "replay_after_live"), Some((1_040, 1_040)));
}

#[test]
fn the_order_of_replay_and_live_is_that_of_one_publisher() {
    let mut ledger = begun(Plan { publishers: 2, ..plan(1, 10) });
    (0..10).for_each(|n| send(&mut ledger, n, Handed));
    // Messages with an odd number are publisher 1's.
    for (n, arrival) in [(6, Live), (3, Replay { round: 1 }), (4, Replay { round: 1 })] {
        ledger.received(0, n, arrival, ms(1_000));
    }
    assert_eq!(ledger.settle(&[], ms(9_000)).counts.replay_after_live, 1);
}

#[test]
fn a_receipt_that_was_told_before_its_sending_is_counted_for_what_it_was() {
    let mut ledger = begun(plan(1, 10));
    ledger.received(0, 3, Live, ms(400));
    ledger.received(0, 2, Replay { round: 1 }, ms(410));
    ledger.received(0, 2, Live, ms(420));
    ledger.received(0, 3, Replay { round: 1 }, ms(430));
    (0..10).for_each(|n| send(&mut ledger, n, Handed));
    assert_eq!(counts(&ledger.settle(&[], ms(9_000))), [0, 1, 1, 1]);
}

#[test]
fn what_is_recovered_is_as_late_as_its_first_replay() {
    let settled = receiving(&[None, replay(2, 1), replay(9, 1), None, replay(2, 2), replay(9, 2), live(9)]);
    assert_eq!((settled.debts.recovered, settled.recovered.len()), (1, 1));
    // Message 2 was due after 200 ms, and came after 1,010 ms.
    assert_eq!(settled.recovered.max() / 1_000, 810);
    assert_eq!(when(&settled, "recovered_max"), Some((200, 200)));
}
