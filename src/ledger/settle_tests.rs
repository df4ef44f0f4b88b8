//! The end of a run: several rooms and publishers, the messages that are due when it ends, and faults in any order.

use super::Answer::{Confirmed, Handed, Refused};
use super::Arrival::{Live, Replay};
use super::stage_for_tests::{begun, fault, figure, ms, plan, send};
use super::*;
use scenario::Bound;

#[test]
fn a_debt_finds_its_message_in_any_room_of_any_publisher() {
    // Subscribers 0 and 1 are in room 0, 2 and 3 in room 1; those with an even number are on node 0. Messages 0 to 2
    // are of room 0, messages 3 to 5 of room 1, and so on.
    let mut ledger = begun(Plan { publishers: 3, rooms: 2, ..plan(4, 24) });
    for n in 0..24 {
        send(&mut ledger, n, if n == 10 { Refused } else { Confirmed });
        let listeners = if [0, 1, 2, 6, 7, 8, 12, 13, 14, 18, 19, 20].contains(&n) { [0, 1] } else { [2, 3] };
        for s in listeners {
            match (n, s) {
                (7, 1) | (16, 2) => {}
                (13, 0) => ledger.received(s, n, Replay { round: 0 }, ms(1_310)),
                _ => ledger.received(s, n, Live, ms(n as u64 * 100 + 1)),
            }
        }
    }
    let settled = ledger.settle(&[], ms(9_000));
    let debts = settled.debts;
    assert_eq!([debts.owed, debts.delivered, debts.recovered, debts.lost], [48, 45, 1, 2]);
    assert_eq!(
        (debts.lost_confirmed, settled.counts.refused_but_delivered, settled.counts.unexpected),
        (2, 2, 0)
    );
    let nonzero = |field: fn(&Slice) -> u64| {
        let slices = settled.timeline.iter().enumerate().map(|(i, slice)| (i, field(slice)));
        slices.filter(|(_, count)| *count > 0).collect::<Vec<_>>()
    };
    assert_eq!(nonzero(|slice| slice.lost), [(7, 1), (16, 1)]);
    assert_eq!(nonzero(|slice| slice.recovered), [(13, 1)]);
    let by_node = [7, 16, 8].map(|i| settled.timeline[i].lost_by_node.clone());
    assert_eq!(by_node, [vec![0, 1], vec![1, 0], vec![]]);
    let when = |name| {
        let when = settled.went_wrong(figure(name), 9.0, Bound::AtMost(0.0));
        when.map(|(from, to)| (from.as_millis(), to.as_millis()))
    };
    assert_eq!(when("refused_but_delivered"), Some((1_000, 1_000)));
    assert_eq!((when("recovered"), when("lost")), (Some((1_300, 1_300)), Some((700, 1_600))));
    let lost = settled.testimonies.first_lost.map(|lost| (lost.n, lost.fates.len()));
    assert_eq!(lost, Some((7, 2)));
}

#[test]
fn the_timeline_reaches_to_the_last_message_that_was_due_or_sent_or_received() {
    let slices = |ledger: &Ledger, ended| ledger.settle(&[], ms(ended)).timeline.len();
    let mut ledger = begun(plan(1, 40));
    assert_eq!(slices(&ledger, 0), 1, "message 0 is due");
    assert_eq!(slices(&ledger, 399), 4);
    assert_eq!(slices(&ledger, 400), 5);
    assert_eq!(slices(&ledger, 60_000), 40);
    // Message 9 is sent before it is due.
    ledger.sent(9, 0, ms(100));
    assert_eq!(slices(&ledger, 250), 10);
    ledger.received(0, 9, Live, ms(1_250));
    assert_eq!(slices(&ledger, 250), 13);
}

#[test]
fn who_first_subscribed_when_an_unsent_message_was_due_would_have_been_owed_it() {
    let unsent_debts = |subscribed| {
        let mut ledger = Ledger::new(plan(1, 3));
        ledger.begin(ms(0));
        ledger.subscribed(0, 0, ms(subscribed));
        ledger.settle(&[], ms(100)).counts.unsent_debts
    };
    // Messages 0 and 1 are due by the end.
    assert_eq!([unsent_debts(0), unsent_debts(1), unsent_debts(100), unsent_debts(101)], [2, 1, 1, 0]);
}

#[test]
fn the_last_start_of_a_healing_is_the_one_that_counts() {
    let mut ledger = begun(plan(1, 40));
    (0..40).for_each(|n| send(&mut ledger, n, Handed));
    for n in (0..40).filter(|n| *n != 30) {
        ledger.received(0, n, Live, ms(n as u64 * 100 + 1));
    }
    let times = |faults: &[FaultTimes]| {
        let settled = ledger.settle(faults, ms(9_000));
        (settled.times.recovery_ms, settled.times.ready_ms)
    };
    let early = fault(500, Some(1_000), Some(1_200));
    let late = fault(700, Some(2_500), Some(2_600));
    assert_eq!(times(&[early.clone(), late.clone()]), (Some(500), Some(100)));
    assert_eq!(times(&[late, early.clone()]), (Some(500), Some(100)));
    // A storm heals by itself: it has an end, and its healing never starts.
    assert_eq!(times(&[early, fault(2_000, None, Some(2_100))]), (Some(2_000), Some(200)));
    assert_eq!(times(&[fault(2_000, None, Some(2_100))]), (None, None));
}

#[test]
fn milliseconds_are_rounded_to_the_nearest() {
    let ready = |nanos| {
        let healed = std::time::Duration::from_millis(100) + std::time::Duration::from_nanos(nanos);
        let fault = FaultTimes { healed: Some(healed), ..fault(0, Some(100), None) };
        begun(plan(1, 1)).settle(&[fault], ms(0)).times.ready_ms
    };
    assert_eq!([ready(0), ready(499_999), ready(500_000)], [Some(0), Some(0), Some(1)]);
    assert_eq!([ready(1_499_999), ready(1_500_000), ready(7_000_000)], [Some(1), Some(2), Some(7)]);
}

#[test]
fn lost_to_who_was_away_or_offline_or_refused_is_no_sign_of_a_stop() {
    // Everything from message 20 on is lost, each time with another excuse.
    let stopped = |excuse: fn(&mut Ledger), refused: bool| {
        let mut ledger = begun(plan(1, 60));
        for n in 0..60 {
            if n == 20 {
                excuse(&mut ledger);
            }
            send(&mut ledger, n, if refused && n >= 20 { Refused } else { Handed });
            if n < 20 {
                ledger.received(0, n, Live, ms(n as u64 * 100 + 1));
            }
        }
        ledger.settle(&[], ms(9_000)).stopped_paths.len()
    };
    assert_eq!(stopped(|_| {}, false), 1);
    assert_eq!(stopped(|ledger| ledger.closed(0, ms(1_950)), false), 0);
    assert_eq!(stopped(|ledger| ledger.left(0, ms(1_950)), false), 0);
    assert_eq!(stopped(|_| {}, true), 0);
}
