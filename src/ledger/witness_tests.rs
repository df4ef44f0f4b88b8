//! Which receipts are kept, and what is told of three messages.

use std::time::Duration;

use super::Answer::{Handed, Refused};
use super::Arrival::{Live, Replay};
use super::witness::Witness;
use super::*;

/// Microseconds from the run's zero until the measured load begins, so that a mistaken zero shows.
const BEGIN: u64 = 5_000_000;

/// A time in microseconds since the measured load began, as the ledger wants it: since the run's zero.
fn us(since_begin: u64) -> Duration {
    Duration::from_micros(BEGIN + since_begin)
}

/// A ledger of a hundred messages a second from one publisher on node 0; subscriber s is on node s mod 2.
fn begun(subscribers: usize, messages: usize, most: usize) -> Ledger {
    let (publishers, nodes, rooms, rate, surges, crosses_nodes) = (1, 2, 1, 100.0, vec![], true);
    let plan = Plan { publishers, subscribers, nodes, rooms, rate, surges, messages, crosses_nodes };
    let mut ledger = Ledger::new(plan.clone());
    ledger.witness = Witness::with_room(&plan, most);
    for s in plan.all_subscribers() {
        ledger.subscribed(s, s % 2, Duration::from_secs(1));
    }
    ledger.begin(us(0));
    ledger
}

/// Sends message n when it is due, and answers it half a millisecond later.
fn send(ledger: &mut Ledger, n: usize, answer: Answer) {
    let due = n as u64 * 10_000;
    ledger.sent(n, 0, us(due));
    ledger.answered_at(n, answer, us(due + 500));
}

/// Tells the ledger that subscriber s received message n this many microseconds after it was due.
fn hear(ledger: &mut Ledger, s: usize, n: usize, late: u64) {
    ledger.received(s, n, Live, us(n as u64 * 10_000 + late));
}

fn told(ledger: &Ledger) -> Testimonies {
    ledger.settle(&[], us(60_000_000)).testimonies
}

/// For each fate: the subscriber, its node, whether it received the message, and when.
fn fates(testimony: &Testimony) -> Vec<(usize, usize, bool, Vec<i64>)> {
    let at = |fate: &Fate| fate.receipts.iter().map(|receipt| receipt.at_us).collect();
    testimony.fates.iter().map(|fate| (fate.subscriber, fate.node, fate.received, at(fate))).collect()
}

#[test]
fn the_first_lost_is_told_with_those_who_have_it() {
    let mut ledger = begun(3, 4, 100);
    for n in 0..4 {
        send(&mut ledger, n, Handed);
    }
    (0..3).for_each(|s| hear(&mut ledger, s, 0, 300));
    // Of the three subscribers only the last lacks messages 2 and 1.
    for n in [2, 1] {
        (0..2).for_each(|s| hear(&mut ledger, s, n, 400 + s as u64));
    }
    let told = told(&ledger);
    let lost = told.first_lost.unwrap();
    assert_eq!((lost.n, lost.node, lost.due_us, lost.sent_us), (1, Some(0), 10_000, Some(10_000)));
    assert_eq!((lost.answer, lost.answered_us), (Some(Handed), Some(10_500)));
    let expected = [(0, 0, true, vec![10_400]), (1, 1, true, vec![10_401]), (2, 0, false, vec![])];
    assert_eq!(fates(&lost), expected);
    assert_eq!(told.ordinary.unwrap().n, 0, "the only one that everybody has");
}

#[test]
fn a_replay_comes_from_the_node_that_is_subscribed_next() {
    let mut ledger = begun(2, 2, 100);
    send(&mut ledger, 0, Handed);
    hear(&mut ledger, 0, 0, 100);
    hear(&mut ledger, 1, 0, 100);
    ledger.closed(1, us(8_000));
    send(&mut ledger, 1, Handed);
    // Node 1 is dead: the next is node 0, and it replays before it says `subscribed`.
    ledger.received(1, 1, Replay { round: 0 }, us(30_000));
    ledger.subscribed(1, 0, us(30_100));
    let told = told(&ledger);
    let lost = told.first_lost.unwrap();
    let replayed = lost.fates.iter().find(|fate| fate.subscriber == 1).unwrap();
    assert_eq!((replayed.node, replayed.online, replayed.receipts[0].node), (1, false, 0));
}

#[test]
fn what_is_refused_or_lost_to_who_left_on_purpose() {
    let mut ledger = begun(2, 3, 100);
    ledger.left(1, us(5_000));
    send(&mut ledger, 1, Handed);
    hear(&mut ledger, 0, 1, 100);
    ledger.subscribed(1, 1, us(15_000));
    let nothing = told(&ledger);
    assert_eq!(nothing.first_lost, None, "nobody was harmed");
    send(&mut ledger, 2, Refused);
    let lost = told(&ledger).first_lost.unwrap();
    assert_eq!((lost.n, lost.answer, lost.fates.len()), (2, Some(Refused), 2));
}

#[test]
fn the_slowest_is_told_with_everybody_even_when_it_was_paid_long_ago() {
    let mut ledger = begun(2, 200, 1_000);
    for n in 0..200 {
        send(&mut ledger, n, Handed);
        let late = if n == 77 { 9_000 } else { 200 + n as u64 % 7 };
        (0..2).for_each(|s| hear(&mut ledger, s, n, late + s as u64));
    }
    let told = told(&ledger);
    let slowest = told.slowest.unwrap();
    assert_eq!(slowest.n, 77);
    assert_eq!(fates(&slowest), [(0, 0, true, vec![779_000]), (1, 1, true, vec![779_001])]);
    assert_eq!(told.first_lost, None);
    // The ordinary message is the median of the candidates: 3 of 0 to 6 microseconds more than 200, and one for the
    // second subscriber.
    let ordinary = told.ordinary.unwrap();
    let latest = ordinary.fates[1].receipts[0].at_us - ordinary.due_us;
    assert_eq!(latest, 204);
    assert_eq!(told.unwitnessed, 0);
}

#[test]
fn an_ordinary_one_is_of_a_steady_phase() {
    let mut ledger = begun(1, 100, 1_000);
    for n in 0..100 {
        send(&mut ledger, n, Handed);
        // Most messages go slowly, while something is broken.
        hear(&mut ledger, 0, n, if n < 70 { 5_000 } else { 300 });
    }
    let fault = FaultTimes {
        what: "slow".into(),
        begin: Duration::ZERO,
        heal_begin: Some(Duration::from_millis(700)),
        healed: Some(Duration::from_millis(700)),
        deliberate: false,
        planned: None,
    };
    let ordinary = ledger.settle(&[fault], us(60_000_000)).testimonies.ordinary.unwrap();
    assert!(ordinary.n >= 80, "{}", ordinary.n);
}

#[test]
fn the_room_is_bounded_the_newest_go_and_are_counted() {
    let mut ledger = begun(3, 50, 8);
    for n in 0..50 {
        send(&mut ledger, n, Handed);
        // Two of the three debts of each message are paid: no message is ever fully paid.
        (0..2).for_each(|s| hear(&mut ledger, s, n, 100 + n as u64));
    }
    assert_eq!(ledger.witness.receipts(3).count(), 2, "the earliest are kept");
    assert_eq!(ledger.witness.receipts(4).count(), 0);
    let told = told(&ledger);
    assert_eq!(told.unwitnessed, 46);
    assert_eq!(fates(told.first_lost.as_ref().unwrap())[1].3, [101 - 1], "and whole");
    // Of the slowest message no receipt was kept but the slowest.
    let slowest = told.slowest.unwrap();
    assert_eq!((slowest.n, slowest.fates[0].receipts.len(), slowest.fates[1].receipts.len()), (49, 1, 0));
    assert!(slowest.fates[1].received);
}

#[test]
fn room_is_made_by_what_is_paid() {
    let mut ledger = begun(3, 1_000, 12);
    for n in 0..1_000 {
        send(&mut ledger, n, Handed);
        (0..3).for_each(|s| hear(&mut ledger, s, n, 100));
    }
    assert_eq!(told(&ledger).unwitnessed, 0);
}

#[test]
fn replays_and_receipts_before_their_sending_are_witnessed() {
    let mut ledger = begun(2, 2, 100);
    hear(&mut ledger, 1, 0, 50);
    send(&mut ledger, 0, Handed);
    ledger.closed(0, us(100));
    ledger.subscribed(0, 1, us(40_000));
    ledger.received(0, 0, Replay { round: 2 }, us(41_000));
    let slowest = told(&ledger).slowest.unwrap();
    assert_eq!(fates(&slowest), [(0, 0, true, vec![41_000]), (1, 1, true, vec![50])]);
    assert_eq!(slowest.fates[0].receipts[0], Receipt { at_us: 41_000, node: 1, replay: true });
}

#[test]
fn two_words_a_message_and_a_bounded_room() {
    let mut ledger = begun(200, 1_000, 65_536);
    for n in 0..1_000 {
        send(&mut ledger, n, Handed);
        (1..200).for_each(|s| hear(&mut ledger, s, n, 100));
    }
    let (messages, receipts) = ledger.witness.size();
    assert_eq!(messages, 16_000);
    assert!(receipts <= 65_536 * 24, "{receipts}");
}
