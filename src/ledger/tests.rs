//! A small literal history for each definition, which shows that the detector detects.

use super::Answer::{Confirmed, Handed, Refused, Unknown};
use super::Arrival::{Live, Replay};
use super::debt::Debt;
use super::fan_out::FanOut;
use super::message::Message;
use super::stage_for_tests::{begun, fault, ms, plan, send, since};
use super::*;
use hdrhistogram::Histogram;

fn settle(ledger: &Ledger) -> Settled {
    let settled = ledger.settle(&[], ms(60_000));
    let debts = &settled.debts;
    assert_eq!(debts.delivered + debts.recovered + debts.lost, debts.owed);
    assert_eq!(
        debts.lost_confirmed + debts.lost_handed + debts.lost_refused + debts.lost_unknown,
        debts.lost
    );
    assert_eq!(debts.lost_online + debts.lost_offline, debts.lost);
    settled
}

#[test]
fn every_debt_is_delivered_recovered_or_lost() {
    let mut ledger = begun(plan(3, 1));
    send(&mut ledger, 0, Handed);
    ledger.received(0, 0, Live, ms(3));
    ledger.received(1, 0, Replay { round: 0 }, ms(40));
    let settled = settle(&ledger);
    let Debts { owed, delivered, recovered, lost, .. } = settled.debts;
    assert_eq!([owed, delivered, recovered, lost], [3, 1, 1, 1]);
    assert_eq!(settled.recovered.len(), 1);
}

#[test]
fn an_answer_is_replaced_by_a_later_one_and_none_is_unknown() {
    let mut ledger = begun(plan(1, 6));
    for (n, answers) in
        [&[Unknown, Confirmed][..], &[Handed], &[Unknown, Refused], &[Unknown], &[]].iter().enumerate()
    {
        ledger.sent(n, 0, ms(n as u64 * 100));
        answers.iter().for_each(|answer| ledger.answered(n, *answer));
    }
    let settled = settle(&ledger);
    let expected = Messages { due: 6, sent: 5, unsent: 1, acked: 2, refused: 1, unknown: 2 };
    assert_eq!(settled.messages, expected);
    let debts = settled.debts;
    let lost = [debts.lost_confirmed, debts.lost_handed, debts.lost_refused, debts.lost_unknown];
    assert_eq!(lost, [1, 1, 1, 2]);
    assert_eq!(settled.counts.unsent_debts, 1);
}

#[test]
fn what_is_not_due_when_the_run_ends_is_not_unsent() {
    let mut ledger = begun(plan(1, 100));
    send(&mut ledger, 0, Handed);
    let messages = ledger.settle(&[], ms(250)).messages;
    assert_eq!((messages.due, messages.unsent), (3, 2));
}

#[test]
fn latency_counts_from_the_intended_time_and_service_from_the_actual_one() {
    let mut ledger = begun(plan(1, 2));
    ledger.sent(1, 0, ms(400));
    ledger.received(0, 1, Live, ms(407));
    let settled = settle(&ledger);
    let us = |histogram: &Histogram<u64>| histogram.value_at_quantile(0.5);
    assert!((307_000..=307_500).contains(&us(&settled.latency)), "{}", us(&settled.latency));
    assert!((7_000..=7_010).contains(&us(&settled.service)), "{}", us(&settled.service));
}

#[test]
fn on_time_is_within_a_second_of_the_intended_time_and_a_share_of_all_that_was_owed() {
    let mut ledger = begun(plan(4, 1));
    send(&mut ledger, 0, Handed);
    ledger.received(0, 0, Live, ms(1_000));
    ledger.received(1, 0, Live, ms(1_001));
    ledger.received(2, 0, Replay { round: 0 }, ms(10));
    let settled = settle(&ledger);
    assert_eq!((settled.debts.on_time, settled.debts.on_time_share()), (1, Some(0.25)));
    assert_eq!(begun(plan(0, 1)).settle(&[], ms(0)).debts.on_time_share(), None);
}

#[test]
fn a_further_copy_is_a_duplicate_and_the_overlap_of_a_replay_is_none() {
    let mut ledger = begun(plan(1, 3));
    (0..3).for_each(|n| send(&mut ledger, n, Handed));
    for n in [0, 0, 0] {
        ledger.received(0, n, Live, ms(300));
    }
    assert_eq!(settle(&ledger).counts.duplicates, 2, "live");
    for n in [0, 1, 1] {
        ledger.received(0, n, Replay { round: 0 }, ms(400));
    }
    assert_eq!(settle(&ledger).counts.duplicates, 3, "again within one replay");
    ledger.received(0, 1, Replay { round: 1 }, ms(500));
    ledger.received(0, 1, Live, ms(600));
    let settled = settle(&ledger);
    assert_eq!(settled.counts.duplicates, 3, "another replay, and live after a replay");
    assert_eq!((settled.debts.delivered, settled.debts.recovered, settled.debts.lost), (2, 0, 1));
}

#[test]
fn order_is_judged_by_publisher_and_within_live_or_one_replay() {
    let mut ledger = begun(Plan { publishers: 2, ..plan(1, 8) });
    (0..8).for_each(|n| send(&mut ledger, n, Handed));
    // Messages with even numbers are publisher 0's. Message 4 comes before 2; 0 and 2 come again; 1 after 4 is another
    // publisher's.
    for n in [0, 4, 2, 2, 0, 1, 6] {
        ledger.received(0, n, Live, ms(800));
    }
    assert_eq!(settle(&ledger).counts.reordered, 1);
    for (n, round) in [(3, 0), (7, 0), (5, 0), (0, 0), (5, 0), (3, 1), (5, 1)] {
        ledger.received(0, n, Replay { round }, ms(900));
    }
    let settled = settle(&ledger);
    assert_eq!((settled.counts.reordered, settled.counts.replay_reordered), (1, 1));
}

#[test]
fn lost_splits_by_presence_at_the_actual_sending() {
    let mut ledger = begun(plan(1, 5));
    ledger.closed(0, ms(100));
    ledger.subscribed(0, 1, ms(250));
    ledger.sent(0, 0, ms(99));
    ledger.sent(1, 0, ms(100));
    ledger.sent(2, 0, ms(249));
    // Message 3 was intended while the subscriber was away, and was sent once it was back.
    ledger.sent(3, 0, ms(250));
    let debts = settle(&ledger).debts;
    assert_eq!((debts.lost_online, debts.lost_offline), (2, 2));
}

#[test]
fn what_was_sent_before_the_first_subscribed_is_not_owed() {
    let mut ledger = Ledger::new(plan(1, 3));
    ledger.begin(ms(0));
    (0..3).for_each(|n| send(&mut ledger, n, Handed));
    ledger.received(0, 0, Live, ms(50));
    // The subscription is told late: message 1 was sent at that very moment.
    ledger.subscribed(0, 0, ms(100));
    assert_eq!(ledger.outstanding(), 2);
    ledger.received(0, 0, Live, ms(150));
    ledger.received(0, 1, Live, ms(160));
    let settled = settle(&ledger);
    assert_eq!((settled.debts.owed, settled.debts.delivered, settled.debts.lost), (2, 1, 1));
    assert_eq!((settled.counts.unexpected, settled.counts.duplicates, settled.latency.len()), (0, 0, 1));
}

#[test]
fn a_debt_without_a_path_is_never_waited_for_and_never_harmed() {
    let mut ledger = begun(Plan { crosses_nodes: false, ..plan(4, 2) });
    send(&mut ledger, 0, Handed);
    send(&mut ledger, 1, Refused);
    assert_eq!(ledger.outstanding(), 4, "two of four subscribers are on the publisher's node");
    for n in [0, 1] {
        ledger.received(0, n, Live, ms(110));
        ledger.received(2, n, Live, ms(110));
    }
    assert_eq!(ledger.outstanding(), 0);
    assert_eq!(ledger.progress(ms(9_000)).missing, 0);
    let settled = settle(&ledger);
    let debts = settled.debts;
    assert_eq!([debts.lost, debts.lost_no_path, debts.lost_handed, debts.lost_refused], [4, 4, 4, 0]);
    assert_eq!((settled.times.impact_ms, settled.counts.refused_but_delivered), (None, 2));
}

#[test]
fn a_path_is_judged_by_the_nodes_at_the_first_sending() {
    let mut ledger = begun(Plan { crosses_nodes: false, ..plan(1, 4) });
    ledger.sent(0, 0, ms(0));
    ledger.closed(0, ms(50));
    ledger.sent(1, 1, ms(100));
    ledger.sent(1, 0, ms(150));
    ledger.sent(2, 1, ms(200));
    assert_eq!(ledger.outstanding(), 1, "offline, and last known on node 0");
    // The change is told late: the subscriber was on node 1 when message 2 was sent.
    ledger.subscribed(0, 1, ms(180));
    assert_eq!(ledger.outstanding(), 2);
    assert_eq!(settle(&ledger).debts.lost_no_path, 1);
}

#[test]
fn a_receipt_told_before_its_sending_counts_all_the_same() {
    let mut ledger = begun(plan(1, 3));
    ledger.received(0, 1, Live, ms(101));
    ledger.received(0, 1, Live, ms(102));
    ledger.received(0, 0, Live, ms(103));
    assert_eq!((ledger.progress(ms(0)).delivered, ledger.outstanding()), (0, 0));
    (0..3).for_each(|n| send(&mut ledger, n, Handed));
    assert_eq!(ledger.outstanding(), 1);
    let settled = settle(&ledger);
    assert_eq!((settled.debts.delivered, settled.counts.duplicates, settled.counts.reordered), (2, 1, 1));
    assert_eq!((settled.counts.unexpected, settled.latency.len()), (0, 2));
}

#[test]
fn what_was_never_sent_is_unexpected() {
    let mut ledger = begun(plan(1, 3));
    ledger.received(0, 1, Live, ms(101));
    ledger.received(0, 1, Replay { round: 0 }, ms(102));
    ledger.received(0, 99, Live, ms(103));
    ledger.unexpected(0, ms(104));
    ledger.unexpected(0, ms(104));
    ledger.corrupted(0, ms(105));
    ledger.foreign(0, ms(106));
    ledger.foreign(0, ms(106));
    let settled = settle(&ledger);
    assert_eq!((settled.counts.unexpected, settled.counts.corrupted, settled.counts.foreign), (5, 1, 2));
    assert_eq!((settled.debts.owed, settled.counts.duplicates, settled.latency.len()), (0, 0, 0));
}

#[test]
fn impact_runs_from_the_first_harmed_intended_time_to_the_last_harms_end() {
    let mut ledger = begun(plan(1, 40));
    (0..40).for_each(|n| send(&mut ledger, n, Handed));
    let late = |n| (10..20).contains(&n);
    for n in (0..40).filter(|n| !late(*n) && *n != 25) {
        ledger.received(0, n, Live, ms(n as u64 * 100 + 5));
    }
    // Messages 10 to 19 come late, together; message 25 never comes.
    for n in (0..40).filter(|n| late(*n)) {
        ledger.received(0, n, Live, ms(3_000));
    }
    let kill = fault(1_000, Some(2_700), Some(2_731));
    let never = fault(500, None, None);
    let settled = ledger.settle(&[kill.clone(), never.clone()], ms(60_000));
    assert_eq!(settled.times.impact_ms, Some(2_000), "from 1.0 s to 3.0 s");
    assert_eq!((settled.times.recovery_ms, settled.times.ready_ms), (Some(300), Some(31)));
    let unhealed = ledger.settle(std::slice::from_ref(&never), ms(60_000));
    assert_eq!((unhealed.times.recovery_ms, unhealed.times.ready_ms), (None, None));
    let later = FaultTimes { heal_begin: Some(since(3_500)), healed: None, ..kill };
    let later = ledger.settle(&[later], ms(60_000));
    assert_eq!((later.times.recovery_ms, later.times.ready_ms), (Some(0), None), "not below 0");
}

#[test]
fn the_harm_of_a_lost_debt_ends_at_its_intended_time() {
    let mut ledger = begun(plan(1, 4));
    (0..4).for_each(|n| send(&mut ledger, n, Handed));
    ledger.received(0, 1, Replay { round: 0 }, ms(900));
    ledger.received(0, 3, Live, ms(301));
    let heal = fault(0, Some(50), None);
    let settled = ledger.settle(&[heal], ms(60_000));
    assert_eq!((settled.times.impact_ms, settled.times.recovery_ms), (Some(200), Some(150)));
}

#[test]
fn without_harm_there_is_neither_impact_nor_recovery() {
    let mut ledger = begun(plan(1, 1));
    send(&mut ledger, 0, Handed);
    ledger.received(0, 0, Replay { round: 0 }, ms(5));
    ledger.received(0, 0, Live, ms(2_000));
    let heal = fault(0, Some(50), Some(60));
    let settled = ledger.settle(&[heal], ms(60_000));
    assert_eq!(
        (settled.times.impact_ms, settled.times.recovery_ms, settled.times.ready_ms),
        (None, None, Some(10))
    );
    assert_eq!(
        (settled.debts.on_time, settled.debts.delivered),
        (0, 1),
        "first received in time, but not live"
    );
}

#[test]
fn the_timeline_is_by_intended_time_but_for_what_was_received() {
    let mut ledger = begun(Plan { rate: 20.0, ..plan(2, 6) });
    for n in 0..6 {
        ledger.sent(n, 0, ms(n as u64 * 50));
        ledger.received(0, n, Live, ms(n as u64 * 50 + 420));
    }
    ledger.received(1, 5, Live, ms(255));
    ledger.received(1, 5, Live, ms(256));
    let timeline = settle(&ledger).timeline;
    let of = |field: fn(&Slice) -> u64| timeline.iter().map(field).collect::<Vec<_>>();
    assert_eq!(of(|slice| slice.at_ms), [0, 100, 200, 300, 400, 500, 600]);
    assert_eq!(of(|slice| slice.sent), [2, 2, 2, 0, 0, 0, 0]);
    assert_eq!(of(|slice| slice.delivered), [2, 2, 3, 0, 0, 0, 0]);
    assert_eq!(of(|slice| slice.lost), [2, 2, 1, 0, 0, 0, 0]);
    assert_eq!(of(|slice| slice.received), [0, 0, 2, 0, 2, 2, 2]);
    let p99 = timeline[2].p99_us.unwrap();
    assert!((420_000..=446_000).contains(&p99), "{p99} is not 420 ms to 6 %");
    assert_eq!((timeline[3].p50_us, timeline[3].p99_us), (None, None));
}

#[test]
fn progress_tells_what_is_owed_for_more_than_a_second() {
    let mut ledger = begun(plan(2, 30));
    for n in 0..20 {
        send(&mut ledger, n, if n < 4 { Refused } else { Handed });
        ledger.received(0, n, Live, ms(n as u64 * 100 + 1));
    }
    let progress = ledger.progress(ms(2_000));
    let expected = Progress {
        due: 21,
        sent: 20,
        acked: 16,
        refused: 4,
        unknown: 0,
        owed: 40,
        delivered: 20,
        recovered: 0,
        missing: 10,
    };
    assert_eq!(progress, expected);
    assert_eq!(ledger.outstanding(), 20);
    ledger.received(1, 3, Replay { round: 0 }, ms(2_000));
    assert_eq!((ledger.progress(ms(2_000)).missing, ledger.outstanding()), (9, 19));
}

#[test]
fn the_latest_slices_are_those_that_are_over() {
    let mut ledger = begun(plan(1, 10));
    let late = ledger.latest_p99_us(ms(0), 4);
    assert_eq!(late, [None; 0]);
    for n in 0..3 {
        send(&mut ledger, n, Handed);
    }
    ledger.received(0, 0, Live, ms(2));
    ledger.received(0, 2, Live, ms(207));
    assert_eq!(ledger.latest_p99_us(ms(299), 4), [Some(2_000), None]);
    assert_eq!(ledger.latest_p99_us(ms(350), 2), [None, Some(7_000)]);
    ledger.received(0, 1, Live, ms(370));
    assert_eq!(ledger.latest_p99_us(ms(380), 2), [Some(270_000), Some(7_000)]);
    // The timeline has no slices after the load's last.
    assert_eq!(ledger.latest_p99_us(ms(9_000), 4), [None; 4]);
}

#[test]
fn every_figure_has_its_name_and_no_other_name_is_a_figure() {
    let mut ledger = begun(plan(2, 3));
    send(&mut ledger, 0, Handed);
    send(&mut ledger, 2, Handed);
    ledger.received(0, 0, Live, ms(2_500));
    (0..2).for_each(|s| ledger.received(s, 2, Live, ms(201)));
    let heal = fault(0, Some(150), Some(250));
    let settled = ledger.settle(std::slice::from_ref(&heal), ms(60_000));
    ledger.received(0, 1, Replay { round: 0 }, ms(2_600));
    ledger.received(1, 0, Live, ms(2_610));
    let mut harness = Harness::default();
    harness.publish_delay.saturating_record(1);
    harness.loop_lag.saturating_record(1);
    send(&mut ledger, 1, Handed);
    let mut replayed = ledger.settle(std::slice::from_ref(&heal), ms(60_000));
    let nodes = Some(PartCost::default());
    replayed.cost = Some(RunCost { nodes, ..RunCost::default() }.over(2));
    replayed.traffic = Some(TrafficFigures::default().over(2));
    replayed.presence = Some(PresenceFigures { settled_ms: Some(1), ..PresenceFigures::default() });
    for name in scenario::figure_names() {
        let of_harness = match scenario::Figure::named(&name) {
            Some((scenario::Figure::Quantile(of, quantile), _)) => harness.quantile_us(of, quantile),
            _ => None,
        };
        let of_run = replayed.figure(&name);
        assert!(of_run.is_some() != of_harness.is_some(), "{name}");
    }
    assert_eq!(settled.figure("latency_us"), None);
    assert_eq!(settled.figure("lost"), Some(FigureValue::Count(1)));
    assert_eq!(settled.figure("on_time"), Some(FigureValue::Share { part: 2, whole: 4 }));
    assert_eq!(settled.figure("recovery_ms"), Some(FigureValue::Millis(2_350)));
    let Some(FigureValue::Micros(max)) = settled.figure("max_ms") else { panic!("no maximum") };
    assert!((2_500_000..2_502_500).contains(&max), "{max}");
}

#[test]
fn two_hundred_subscribers_and_a_hundred_thousand_messages_are_twenty_megabytes() {
    let ledger = Ledger::new(Plan { rate: 1_000.0, ..plan(200, 100_000) });
    let debts: usize = ledger.subscribers.iter().map(|s| s.debts.capacity() * size_of::<Debt>()).sum();
    assert_eq!(debts, 20_000_000);
    let messages =
        ledger.messages.capacity() * size_of::<Message>() + ledger.unpaid.capacity() * size_of::<u32>();
    assert!(messages <= 2_000_000, "{messages} bytes for the messages");
    let fan_out = ledger.fan_out.capacity() * size_of::<FanOut>();
    assert!(fan_out <= 1_200_000, "{fan_out} bytes for the first and last recipients");
}

#[test]
fn who_is_away_on_purpose_is_owed_everything_and_harmed_by_nothing() {
    let mut ledger = begun(plan(3, 4));
    for s in [0, 1] {
        ledger.left(s, ms(50));
        ledger.closed(s, ms(60));
    }
    for n in 0..4 {
        ledger.sent(n, 0, ms(n as u64 * 100));
        ledger.answered(n, Confirmed);
        ledger.received(2, n, Live, ms(n as u64 * 100 + 1));
    }
    // Both subscribers have message 0; subscriber 0 comes back to a replay of what it missed, late; subscriber 1 misses
    // messages 1 and 2.
    ledger.received(0, 0, Live, ms(1));
    ledger.received(1, 0, Live, ms(1));
    for n in [1, 2] {
        ledger.received(0, n, Replay { round: 2 }, ms(5_000));
    }
    ledger.subscribed(0, 0, ms(250));
    ledger.subscribed(1, 1, ms(250));
    ledger.received(0, 3, Live, ms(301));
    ledger.received(1, 3, Live, ms(301));
    let settled = settle(&ledger);
    let Debts { owed, delivered, recovered, lost, lost_offline, lost_confirmed, .. } = settled.debts;
    assert_eq!([owed, delivered, recovered, lost], [12, 8, 2, 2]);
    assert_eq!([lost_offline, lost_confirmed], [2, 2]);
    assert_eq!((settled.times.impact_ms, settled.times.recovery_ms), (None, None));
}

#[test]
fn what_is_lost_before_one_leaves_or_after_one_is_back_is_harm_as_ever() {
    let mut ledger = begun(plan(1, 14));
    // The messages are due after 0 and 100 ms. The subscriber leaves when the first cannot be on time any more, and the
    // second can.
    ledger.sent(0, 0, ms(0));
    ledger.sent(1, 0, ms(100));
    let comes = |ledger: &mut Ledger, n: usize| {
        ledger.sent(n, 0, ms(n as u64 * 100));
        ledger.received(0, n, Live, ms(n as u64 * 100 + 1));
    };
    (2..=10).for_each(|n| comes(&mut ledger, n));
    ledger.left(0, ms(1_050));
    ledger.sent(11, 0, ms(1_100));
    ledger.subscribed(0, 0, ms(1_150));
    let harm = |ledger: &Ledger, faults: &[FaultTimes]| {
        let settled = ledger.settle(faults, ms(1_150));
        (settled.times.impact_ms, settled.times.recovery_ms, settled.times.ready_ms)
    };
    // A leave heals nothing, so there is no recovery.
    let mut leave = FaultTimes { deliberate: true, ..fault(1_050, Some(1_150), Some(1_151)) };
    assert_eq!(harm(&ledger, std::slice::from_ref(&leave)), (Some(0), None, None));
    ledger.sent(12, 0, ms(1_200));
    comes(&mut ledger, 13);
    assert_eq!(harm(&ledger, std::slice::from_ref(&leave)), (Some(1_200), None, None));
    let debts = settle(&ledger).debts;
    assert_eq!((debts.lost_online, debts.lost_offline), (3, 1));
    // A fault that was healed before the leave ended is the one to recover from.
    let kill = FaultTimes { heal_begin: Some(since(1_120)), deliberate: false, ..leave.clone() };
    leave.heal_begin = Some(since(1_300));
    assert_eq!(harm(&ledger, &[kill, leave]), (Some(1_200), Some(80), Some(31)));
}

#[test]
fn who_joins_later_would_not_have_been_owed_what_was_due_before_and_never_sent() {
    let mut ledger = begun(plan(1, 3));
    let late = Plan { subscribers: 2, ..plan(1, 3) };
    let mut other = Ledger::new(late);
    other.subscribed(0, 0, since(1_000));
    other.begin(ms(0));
    other.subscribed(1, 1, ms(150));
    ledger.sent(0, 0, ms(0));
    other.sent(0, 0, ms(0));
    // Of messages 1 and 2, due after 100 and 200 ms, the second subscriber would have been owed the last.
    assert_eq!((settle(&ledger).counts.unsent_debts, settle(&other).counts.unsent_debts), (2, 3));
}
