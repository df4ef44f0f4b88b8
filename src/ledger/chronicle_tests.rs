//! The course of a run, slice by slice and interval by interval.

use super::Answer::{Confirmed, Handed, Refused, Unknown};
use super::Arrival::{Live, Replay};
use super::Phase::{Fault, Recovery, Steady};
use super::stage_for_tests::{begun, fault, ms, plan, send, since};
use super::*;

#[test]
fn a_slice_counts_who_was_online_when_it_began() {
    let mut ledger = Ledger::new(plan(4, 6));
    ledger.begin(ms(0));
    (0..6).for_each(|n| send(&mut ledger, n, Handed));
    // Some subscribe long before the load began, and some in the middle of it; subscriber 3 never comes.
    ledger.subscribed(0, 0, since(1_000));
    ledger.subscribed(1, 1, ms(150));
    ledger.subscribed(2, 0, ms(200));
    // An absence that begins and ends within a slice shows nowhere.
    ledger.closed(1, ms(210));
    ledger.subscribed(1, 0, ms(290));
    // Subscriber 0 leaves, its connection closes, and it comes back.
    ledger.left(0, ms(300));
    ledger.closed(0, ms(310));
    ledger.subscribed(0, 1, ms(420));
    // This close comes after the last slice.
    ledger.closed(2, ms(501));
    let online: Vec<_> = ledger.settle(&[], ms(9_000)).timeline.iter().map(|slice| slice.online).collect();
    assert_eq!(online, [1, 1, 3, 2, 2, 3].map(Some));
}

#[test]
fn who_is_subscribed_twice_is_online_once() {
    let mut ledger = begun(plan(2, 3));
    (0..3).for_each(|n| send(&mut ledger, n, Handed));
    // The subscriber appears on another node, without a close between.
    ledger.subscribed(0, 1, ms(50));
    ledger.closed(0, ms(150));
    ledger.left(0, ms(160));
    let online: Vec<_> = ledger.settle(&[], ms(9_000)).timeline.iter().map(|slice| slice.online).collect();
    assert_eq!(online, [2, 2, 1].map(Some));
}

#[test]
fn a_slice_has_the_answers_of_the_messages_that_were_due_in_it() {
    // At twenty messages a second there are two in a slice.
    let mut ledger = begun(Plan { rate: 20.0, ..plan(1, 10) });
    (0..9).for_each(|n| ledger.sent(n, 0, ms(n as u64 * 50)));
    let answers = [Confirmed, Handed, Refused, Refused, Unknown, Handed, Refused, Handed];
    for (n, answer) in answers.into_iter().enumerate() {
        ledger.answered(n, answer);
    }
    // Message 8 has no answer, and message 9, answered, was never sent.
    ledger.answered(9, Handed);
    let timeline = ledger.settle(&[], ms(9_000)).timeline;
    let of = |field: fn(&Slice) -> u64| timeline.iter().map(field).collect::<Vec<_>>();
    assert_eq!(of(|slice| slice.acked), [2, 0, 1, 1, 0]);
    assert_eq!(of(|slice| slice.refused), [0, 2, 0, 1, 0]);
    assert_eq!(of(|slice| slice.unknown), [0, 0, 1, 0, 1]);
    assert_eq!(of(|slice| slice.sent), [2, 2, 2, 2, 1]);
}

#[test]
fn the_spread_of_a_slice_is_the_lower_median_and_the_longest_of_its_messages() {
    // At forty messages a second there are four in a slice.
    let mut ledger = begun(Plan { rate: 40.0, ..plan(3, 12) });
    (0..12).for_each(|n| ledger.sent(n, 0, ms(n as u64 * 25)));
    // The spreads in the first slice are 3, 9, 1 and 7 ms; in the second 5 ms, then one recipient, none, and three
    // recipients.
    let receive = |ledger: &mut Ledger, n: usize, after: &[u64]| {
        for (s, after) in after.iter().enumerate() {
            ledger.received(s, n, Live, ms(n as u64 * 25 + after));
        }
    };
    let receipts: [&[u64]; 8] = [&[4, 1], &[1, 10], &[2, 3], &[1, 8], &[1, 6], &[2], &[], &[20, 2, 14]];
    for (n, after) in receipts.into_iter().enumerate() {
        receive(&mut ledger, n, after);
    }
    // A recipient by replay is no live recipient.
    ledger.received(0, 8, Live, ms(201));
    ledger.received(1, 8, Replay { round: 0 }, ms(299));
    let settled = ledger.settle(&[], ms(9_000));
    let spreads: Vec<_> =
        settled.timeline.iter().map(|slice| (slice.spread_p50_us, slice.spread_max_us)).collect();
    let us = |p50, max| (Some(p50), Some(max));
    assert_eq!(spreads, [us(3_000, 9_000), us(5_000, 18_000), (None, None)]);
    assert_eq!((settled.fan_out.len(), settled.widest_us()), (6, Some(18_000)));
}

/// The start and the length of each interval in milliseconds, its phase, and the number of its latencies.
fn intervals(ledger: &Ledger, faults: &[FaultTimes]) -> Vec<(u128, u128, Phase, u64)> {
    let interval = |it: &Interval| (it.at.as_millis(), it.length.as_millis(), it.phase, it.latency.len());
    ledger.settle(faults, ms(900_000)).intervals.iter().map(interval).collect()
}

/// A run of ten messages a second, all received at once.
fn calm(messages: usize) -> Ledger {
    let mut ledger = begun(plan(1, messages));
    for n in 0..messages {
        send(&mut ledger, n, Handed);
        ledger.received(0, n, Live, ms(n as u64 * 100 + 1));
    }
    ledger
}

#[test]
fn an_interval_is_a_second_in_a_run_of_two_minutes_and_two_seconds_in_a_longer_one() {
    let two_minutes = intervals(&calm(1_200), &[]);
    assert_eq!(two_minutes.len(), 120);
    assert_eq!(two_minutes[0], (0, 1_000, Steady, 10));
    assert_eq!(two_minutes[119], (119_000, 1_000, Steady, 10));
    let longer = intervals(&calm(1_201), &[]);
    assert_eq!(longer.len(), 61);
    assert_eq!(longer[0], (0, 2_000, Steady, 20));
    assert_eq!(longer[59], (118_000, 2_000, Steady, 20));
    assert_eq!(longer[60], (120_000, 100, Steady, 1));
    let three = intervals(&calm(2_401), &[]);
    assert_eq!((three.len(), three[0], three[80]), (81, (0, 3_000, Steady, 30), (240_000, 100, Steady, 1)));
}

#[test]
fn a_run_without_a_message_has_no_interval_and_one_that_ends_early_none_after_its_last() {
    assert_eq!(intervals(&begun(plan(1, 50)), &[]), []);
    let mut ledger = begun(plan(1, 50));
    (0..13).for_each(|n| send(&mut ledger, n, Handed));
    // This message is received long after the last slice of the load.
    ledger.received(0, 0, Live, ms(30_000));
    assert_eq!(intervals(&ledger, &[]), [(0, 1_000, Steady, 1), (1_000, 300, Steady, 0)]);
}

/// The end of the recovery, in milliseconds. The fault of this run lasts from 500 ms to 1 s, and `fares` says what
/// becomes of message 11, which is due after 1.1 s; all others are received at once by both subscribers.
fn recovered_at(crosses_nodes: bool, fares: impl Fn(&mut Ledger)) -> u128 {
    let mut ledger = begun(Plan { crosses_nodes, ..plan(2, 20) });
    for n in 0..20 {
        if n == 11 {
            fares(&mut ledger);
            continue;
        }
        send(&mut ledger, n, Handed);
        (0..2).for_each(|s| ledger.received(s, n, Live, ms(n as u64 * 100 + 1)));
    }
    let intervals = intervals(&ledger, &[fault(500, Some(1_000), Some(1_000))]);
    let [steady, fault, recovery, again] = intervals[..] else { panic!("{intervals:?}") };
    assert_eq!((steady.0, steady.1, steady.2), (0, 500, Steady));
    assert_eq!((fault.0, fault.1, fault.2), (500, 500, Fault));
    assert_eq!((recovery.0, recovery.2, again.2), (1_000, Recovery, Steady));
    assert_eq!(again.0 + again.1, 2_000);
    again.0
}

#[test]
fn a_recovery_ends_with_the_first_slice_in_which_all_came_in_time() {
    let receive = |ledger: &mut Ledger, s, at| {
        send(ledger, 11, Handed);
        ledger.received(s, 11, Live, ms(at));
    };
    assert_eq!(recovered_at(true, |ledger| (0..2).for_each(|s| receive(ledger, s, 1_101))), 1_100);
    assert_eq!(
        recovered_at(true, |ledger| (0..2).for_each(|s| receive(ledger, s, 2_100))),
        1_100,
        "in a second"
    );
    assert_eq!(recovered_at(true, |ledger| (0..2).for_each(|s| receive(ledger, s, 2_101))), 1_200, "late");
    assert_eq!(recovered_at(true, |ledger| receive(ledger, 0, 1_101)), 1_200, "lost to one of them");
    assert_eq!(recovered_at(true, |_| {}), 1_200, "nothing was sent, so nothing is proved");
    assert_eq!(recovered_at(true, |ledger| send(ledger, 11, Handed)), 1_200, "lost");
    let replayed = |ledger: &mut Ledger| {
        receive(ledger, 0, 1_101);
        ledger.received(1, 11, Replay { round: 0 }, ms(1_110));
    };
    assert_eq!(recovered_at(true, replayed), 1_200, "only replayed to one of them");
}

#[test]
fn what_harms_nobody_does_not_prolong_a_recovery() {
    // Subscriber 1 is on another node than the publisher.
    let local = |ledger: &mut Ledger| {
        send(ledger, 11, Handed);
        ledger.received(0, 11, Live, ms(1_101));
    };
    assert_eq!(recovered_at(false, local), 1_100, "no path");
    let away = |replay: bool| {
        move |ledger: &mut Ledger| {
            ledger.left(1, ms(1_050));
            send(ledger, 11, Handed);
            ledger.received(0, 11, Live, ms(1_101));
            if replay {
                ledger.received(1, 11, Replay { round: 0 }, ms(1_140));
            }
            ledger.subscribed(1, 1, ms(1_150));
        }
    };
    assert_eq!(recovered_at(true, away(false)), 1_100, "lost to who was away on purpose");
    assert_eq!(recovered_at(true, away(true)), 1_100, "and replayed to it");
}
