//! What a receipt changes, at the edges of each rule.

use std::time::Duration;

use super::Answer::Handed;
use super::Arrival::{Live, Replay};
use super::stage_for_tests::{begun, figure, ms, plan, send};
use super::*;
use scenario::Bound;

/// The time at which too little of a figure is blamed, in milliseconds since the load began.
fn lacks(settled: &Settled, name: &str) -> Option<(u128, u128)> {
    let when = settled.went_wrong(figure(name), 0.0, Bound::AtLeast(1.0));
    when.map(|(from, to)| (from.as_millis(), to.as_millis()))
}

/// The time at which too much of a figure is blamed, in milliseconds since the load began.
fn exceeds(settled: &Settled, name: &str) -> Option<(u128, u128)> {
    let when = settled.went_wrong(figure(name), 9.0, Bound::AtMost(1.0));
    when.map(|(from, to)| (from.as_millis(), to.as_millis()))
}

#[test]
fn a_second_after_the_due_time_is_on_time_and_a_nanosecond_more_is_harm() {
    let mut ledger = begun(plan(2, 20));
    send(&mut ledger, 0, Handed);
    ledger.received(0, 0, Live, ms(1_000));
    let one_lost = ledger.settle(&[], ms(0));
    assert_eq!((one_lost.debts.on_time, exceeds(&one_lost, "impact")), (1, Some((0, 0))));
    ledger.received(1, 0, Live, ms(1_000));
    let on_time = ledger.settle(&[], ms(0));
    assert_eq!(
        (on_time.debts.on_time, on_time.times.impact_ms, lacks(&on_time, "recovered")),
        (2, None, None)
    );

    let mut ledger = begun(plan(1, 20));
    send(&mut ledger, 0, Handed);
    ledger.received(0, 0, Live, ms(1_000) + Duration::from_nanos(1));
    let late = ledger.settle(&[], ms(0));
    assert_eq!((late.debts.on_time, late.times.impact_ms, late.debts.delivered), (0, Some(1_000), 1));
    assert_eq!((lacks(&late, "recovered"), exceeds(&late, "impact")), (Some((0, 0)), Some((0, 1_000))));
}

#[test]
fn the_slices_add_up_to_what_was_late_and_what_came_again() {
    let mut ledger = begun(plan(2, 20));
    for n in [0, 7] {
        send(&mut ledger, n, Handed);
        ledger.received(0, n, Live, ms(n as u64 * 100 + 1_000));
        ledger.received(1, n, Live, ms(n as u64 * 100 + 1_001));
    }
    (0..3).for_each(|_| ledger.received(1, 7, Live, ms(2_000)));
    let settled = ledger.settle(&[], ms(9_000));
    let slice = |i: usize| (settled.timeline[i].late, settled.timeline[i].duplicates);
    assert_eq!([0, 1, 7].map(slice), [(Some(1), Some(0)), (Some(0), Some(0)), (Some(1), Some(3))]);
    let sum = |of: fn(&Slice) -> Option<u64>| settled.timeline.iter().filter_map(of).sum::<u64>();
    assert_eq!(sum(|slice| slice.late), settled.debts.delivered - settled.debts.on_time);
    assert_eq!(sum(|slice| slice.duplicates), settled.counts.duplicates);
}

#[test]
fn what_has_no_path_and_comes_late_all_the_same_harms_nobody() {
    let mut ledger = begun(Plan { crosses_nodes: false, ..plan(2, 1) });
    send(&mut ledger, 0, Handed);
    ledger.received(0, 0, Live, ms(1));
    ledger.received(1, 0, Live, ms(5_000));
    let settled = ledger.settle(&[], ms(9_000));
    assert_eq!((settled.debts.delivered, settled.debts.on_time, settled.times.impact_ms), (2, 1, None));
}

#[test]
fn the_harm_of_a_debt_ends_with_its_first_receipt_of_any_kind() {
    let mut ledger = begun(plan(1, 2));
    (0..2).for_each(|n| send(&mut ledger, n, Handed));
    ledger.received(0, 0, Live, ms(1));
    ledger.received(0, 1, Replay { round: 0 }, ms(2_100));
    ledger.received(0, 1, Live, ms(3_100));
    ledger.received(0, 1, Live, ms(4_100));
    let settled = ledger.settle(&[], ms(9_000));
    assert_eq!(
        (settled.times.impact_ms, settled.debts.delivered, settled.counts.duplicates),
        (Some(2_000), 2, 1)
    );
    assert_eq!(settled.longest_us(), Some(3_000_000), "its latency is that of the live receipt");
}

#[test]
fn a_debt_is_recovered_once_until_it_is_delivered() {
    let mut ledger = begun(plan(1, 3));
    (0..3).for_each(|n| send(&mut ledger, n, Handed));
    for n in [0, 1, 2, 2] {
        ledger.received(0, n, Replay { round: 0 }, ms(400));
    }
    ledger.received(0, 2, Replay { round: 1 }, ms(500));
    assert_eq!(ledger.progress(ms(0)).recovered, 3);
    ledger.received(0, 1, Live, ms(600));
    let progress = ledger.progress(ms(0));
    assert_eq!((progress.recovered, progress.delivered), (2, 1));
    let settled = ledger.settle(&[], ms(9_000));
    assert_eq!((settled.debts.recovered, settled.debts.delivered, settled.counts.duplicates), (2, 1, 1));
    assert_eq!((settled.recovered.len(), settled.latency.len()), (2, 1), "what came live is not recovered");
    assert_eq!(settled.recovered.max() / 1_000, 400);
}

#[test]
fn disorder_is_counted_where_it_was_live_or_in_a_replay() {
    let mut ledger = begun(plan(1, 6));
    (0..6).for_each(|n| send(&mut ledger, n, Handed));
    for n in [3, 2, 1] {
        ledger.received(0, n, Live, ms(700 + n as u64));
    }
    for n in [5, 4, 0] {
        ledger.received(0, n, Replay { round: 0 }, ms(800 + n as u64));
    }
    // The next replay begins anew.
    for n in [0, 4, 5] {
        ledger.received(0, n, Replay { round: 1 }, ms(900 + n as u64));
    }
    let settled = ledger.settle(&[], ms(9_000));
    assert_eq!(
        (settled.counts.reordered, settled.counts.replay_reordered, settled.counts.duplicates),
        (2, 2, 0)
    );
    assert_eq!(exceeds(&settled, "reordered"), Some((701, 702)));
    assert_eq!(exceeds(&settled, "replay_reordered"), Some((800, 804)));
}

#[test]
fn the_longest_service_is_of_a_first_live_receipt_and_the_longest_recovery_of_a_first_replay() {
    let mut ledger = begun(plan(1, 20));
    (0..20).for_each(|n| send(&mut ledger, n, Handed));
    // Message 5 takes 900 ms when received live, message 7 takes 500 ms by replay.
    ledger.received(0, 5, Live, ms(1_400));
    ledger.received(0, 7, Replay { round: 0 }, ms(1_200));
    // Longer latencies that count neither as live nor as recovered: a second copy, a replay of what is there, and a
    // replay after that.
    ledger.received(0, 3, Live, ms(301));
    ledger.received(0, 3, Live, ms(8_000));
    ledger.received(0, 3, Replay { round: 1 }, ms(8_100));
    ledger.received(0, 7, Replay { round: 2 }, ms(8_200));
    let settled = ledger.settle(&[], ms(9_000));
    assert_eq!(exceeds(&settled, "service_max"), Some((500, 500)));
    assert_eq!(exceeds(&settled, "recovered_max"), Some((700, 700)));
}

#[test]
fn before_the_load_begins_nothing_is_due() {
    let ledger = Ledger::new(plan(1, 3));
    assert_eq!(ledger.progress(Duration::from_secs(900)).due, 0);
    let settled = ledger.settle(&[], Duration::from_secs(900));
    assert_eq!((settled.messages.due, settled.messages.unsent, settled.timeline.len()), (0, 0, 0));
}

#[test]
fn a_message_of_another_room_is_unexpected_whether_it_was_sent_or_not() {
    // Subscriber 0 is in room 0, as are messages 0 and 2.
    let mut ledger = begun(Plan { rooms: 2, nodes: 1, ..plan(1, 4) });
    ledger.received(0, 1, Live, ms(50));
    assert_eq!(ledger.settle(&[], ms(0)).counts.unexpected, 1);
    send(&mut ledger, 1, Handed);
    ledger.received(0, 1, Live, ms(150));
    send(&mut ledger, 2, Handed);
    ledger.received(0, 2, Live, ms(250));
    let settled = ledger.settle(&[], ms(9_000));
    assert_eq!((settled.counts.unexpected, settled.debts.owed, settled.debts.delivered), (2, 1, 1));
    assert_eq!(exceeds(&settled, "unexpected"), Some((50, 150)));
}

#[test]
fn when_too_many_receipts_wait_for_their_sending_the_next_is_unexpected_at_once() {
    let mut ledger = begun(Plan { rate: 100_000.0, ..plan(1, 65_538) });
    (0..65_536).for_each(|n| ledger.received(0, n, Live, ms(1)));
    // There is no room for this receipt, not even when its sending is told; the receipts of what was sent before need
    // none.
    ledger.received(0, 65_536, Live, ms(2));
    ledger.sent(65_536, 0, ms(0));
    assert_eq!((ledger.progress(ms(0)).delivered, ledger.outstanding()), (0, 1));
    ledger.sent(65_537, 0, ms(0));
    ledger.received(0, 65_537, Live, ms(3));
    let settled = ledger.settle(&[], ms(0));
    assert_eq!((settled.counts.unexpected, settled.debts.delivered, settled.debts.lost), (65_537, 1, 1));
}
