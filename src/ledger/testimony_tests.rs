//! The testimonies of three messages, at the edges: which receipts, which of many messages, and when.

use super::Answer::{Confirmed, Handed};
use super::Arrival::{Live, Replay};
use super::stage_for_tests::{begun, fault, ms, plan, send};
use super::*;

fn told(ledger: &Ledger, faults: &[FaultTimes]) -> Testimonies {
    ledger.settle(faults, ms(9_000)).testimonies
}

/// For each receipt of a fate: when it came, in microseconds, from which node, and whether by replay.
fn receipts(fate: &Fate) -> Vec<(i64, usize, bool)> {
    fate.receipts.iter().map(|receipt| (receipt.at_us, receipt.node, receipt.replay)).collect()
}

#[test]
fn the_first_receipt_and_the_first_live_one_are_told_and_no_further_copies() {
    let mut ledger = begun(plan(4, 1));
    send(&mut ledger, 0, Handed);
    // One subscriber receives the message twice live; one by replay first and then live; one live first and then by
    // replay; one not at all.
    for at in [3, 4] {
        ledger.received(0, 0, Live, ms(at));
    }
    ledger.received(1, 0, Replay { round: 0 }, ms(5));
    ledger.received(1, 0, Replay { round: 1 }, ms(6));
    ledger.received(1, 0, Live, ms(7));
    ledger.received(2, 0, Live, ms(8));
    ledger.received(2, 0, Replay { round: 0 }, ms(9));
    let lost = told(&ledger, &[]).first_lost.unwrap();
    let all: Vec<_> = lost.fates.iter().map(receipts).collect();
    let expected =
        [vec![(3_000, 0, false)], vec![(5_000, 1, true), (7_000, 1, false)], vec![(8_000, 0, false)], vec![]];
    assert_eq!(all, expected);
    assert_eq!(lost.fates.iter().map(|fate| fate.received).collect::<Vec<_>>(), [true, true, true, false]);
}

#[test]
fn a_message_is_told_with_its_times_its_node_and_its_answer() {
    let mut ledger = begun(plan(2, 9));
    ledger.sent(3, 1, ms(315));
    ledger.answered_at(3, Handed, ms(316));
    ledger.answered_at(3, Confirmed, ms(320));
    ledger.received(0, 3, Live, ms(318));
    let lost = told(&ledger, &[]).first_lost.unwrap();
    assert_eq!((lost.n, lost.node, lost.due_us, lost.sent_us), (3, Some(1), 300_000, Some(315_000)));
    assert_eq!((lost.answer, lost.answered_us), (Some(Confirmed), Some(320_000)));
    let fates: Vec<_> =
        lost.fates.iter().map(|it| (it.subscriber, it.node, it.online, it.has_path)).collect();
    assert_eq!(fates, [(0, 0, true, true), (1, 1, true, true)]);
}

#[test]
fn a_receipt_from_before_the_load_began_has_a_negative_time() {
    let mut ledger = Ledger::new(plan(2, 2));
    (0..2).for_each(|s| ledger.subscribed(s, 0, ms(0)));
    // The load begins later than the receipt came.
    ledger.begin(ms(50));
    ledger.sent(0, 0, ms(20));
    ledger.received(0, 0, Live, ms(30));
    let lost = told(&ledger, &[]).first_lost.unwrap();
    assert_eq!((lost.sent_us, receipts(&lost.fates[0])), (Some(-30_000), vec![(-20_000, 0, false)]));
}

/// A ledger of messages that are received these many milliseconds after they are due.
fn received_after(latencies: &[u64]) -> Ledger {
    let mut ledger = begun(plan(1, latencies.len()));
    for (n, latency) in latencies.iter().enumerate() {
        send(&mut ledger, n, Handed);
        ledger.received(0, n, Live, ms(n as u64 * 100 + latency));
    }
    ledger
}

#[test]
fn the_ordinary_one_is_the_lower_median_of_the_candidates() {
    let ordinary = |latencies: &[u64]| told(&received_after(latencies), &[]).ordinary.map(|it| it.n);
    assert_eq!(ordinary(&[7]), Some(0));
    assert_eq!(ordinary(&[9, 5]), Some(1));
    assert_eq!(ordinary(&[9, 5, 7]), Some(2));
    assert_eq!(ordinary(&[20, 50, 10, 40, 30]), Some(4));
    assert_eq!(ordinary(&[60, 20, 50, 10, 40, 30]), Some(5));
    assert_eq!(ordinary(&[]), None);
}

#[test]
fn an_ordinary_one_was_due_in_a_steady_interval_and_one_of_any_other_only_without_those() {
    // The run is steady until 100 ms, in a fault until 200 ms, in a recovery until 300 ms, and steady again.
    let kill = [fault(100, Some(200), Some(200))];
    let ordinary = |latencies: &[u64]| told(&received_after(latencies), &kill).ordinary.map(|it| it.n);
    // Messages 0 and 3 are the steady ones.
    assert_eq!(ordinary(&[5, 5, 5, 6]), Some(0));
    assert_eq!(ordinary(&[7, 5, 5, 6]), Some(3));
    assert_eq!(ordinary(&[7, 1, 2, 8]), Some(0));
    let always = [fault(0, None, None)];
    let in_a_fault = told(&received_after(&[7, 5, 6]), &always).ordinary.map(|it| it.n);
    assert_eq!(in_a_fault, Some(2), "nothing was steady");
}

#[test]
fn who_has_it_by_replay_alone_makes_no_ordinary_message() {
    let mut ledger = begun(plan(1, 3));
    for n in 0..3 {
        send(&mut ledger, n, Handed);
    }
    ledger.received(0, 0, Replay { round: 0 }, ms(301));
    assert_eq!(told(&ledger, &[]).ordinary, None);
    ledger.received(0, 1, Live, ms(302));
    let told = told(&ledger, &[]);
    assert_eq!((told.ordinary.map(|it| it.n), told.slowest.map(|it| it.n)), (Some(1), Some(1)));
}

#[test]
fn a_message_whose_debts_were_told_paid_before_its_sending_is_ordinary_too() {
    let mut ledger = begun(plan(2, 2));
    ledger.received(0, 0, Live, ms(3));
    ledger.received(0, 1, Live, ms(103));
    ledger.received(1, 1, Live, ms(104));
    send(&mut ledger, 0, Handed);
    assert_eq!(told(&ledger, &[]).ordinary, None, "subscriber 1 has nothing of it");
    send(&mut ledger, 1, Handed);
    assert_eq!(told(&ledger, &[]).ordinary.map(|it| it.n), Some(1));
    ledger.received(1, 0, Live, ms(200));
    // Both messages are candidates now: the slower one took 200 ms, the other 4 ms.
    assert_eq!(told(&ledger, &[]).ordinary.map(|it| it.n), Some(1));
}
