//! Harm that no receipt shows: what was never sent, and what was lost up to the end.

use super::Answer::Handed;
use super::Arrival::{Live, Replay};
use super::stage_for_tests::{begun, fault, ms, plan, send, since};
use super::*;
use scenario::{Bound, Expectation, Whose};

/// Sends a message when it is due, and delivers it to these subscribers a millisecond later.
fn deliver(ledger: &mut Ledger, n: usize, subscribers: &[usize]) {
    send(ledger, n, Handed);
    subscribers.iter().for_each(|s| ledger.received(*s, n, Live, ms(n as u64 * 100 + 1)));
}

/// A run to one subscriber over four seconds in which these messages are not sent.
fn without(unsent: impl Fn(usize) -> bool) -> Ledger {
    let mut ledger = begun(plan(1, 40));
    (0..40).filter(|n| !unsent(*n)).for_each(|n| deliver(&mut ledger, n, &[0]));
    ledger
}

fn times(ledger: &Ledger, faults: &[FaultTimes]) -> (Option<u64>, Option<u64>, bool) {
    let times = ledger.settle(faults, ms(60_000)).times;
    (times.impact_ms, times.recovery_ms, times.not_recovered)
}

/// What is wrong with an expectation, from when to when; `None` if it is met.
fn why(settled: &Settled, figure: &str, bound: Bound) -> Option<(String, Option<(u64, u64)>)> {
    let expectation = Expectation { whose: Whose::All, figure: figure.into(), bound };
    let outcome = judge(settled, &Harness::default(), &[expectation]).outcomes.remove(0);
    assert_eq!(outcome.met, outcome.why.is_none());
    outcome.why.map(|why| (why, outcome.from_ms.zip(outcome.to_ms)))
}

#[test]
fn what_was_never_sent_is_harm_from_when_it_was_due() {
    let kill = fault(1_000, Some(1_500), Some(1_600));
    assert_eq!(times(&without(|n| (10..20).contains(&n)), &[kill]), (Some(900), Some(400), false));
    let healthy = fault(1_000, Some(1_500), Some(1_600));
    assert_eq!(times(&without(|_| false), &[healthy]), (None, None, false));
}

#[test]
fn an_outage_that_lasts_to_the_end_has_no_recovery_and_meets_no_bound_on_a_time() {
    let outage = without(|n| n >= 20).settle(&[fault(2_000, Some(2_500), Some(2_600))], ms(60_000));
    let times = (outage.times.impact_ms, outage.times.recovery_ms, outage.times.not_recovered);
    assert_eq!(times, (Some(1_900), None, true));
    let never = "not well again before the load ended";
    assert_eq!(
        why(&outage, "recovery", Bound::Below(2_000.0)),
        Some((format!("recovery does not exist ({never}), expected less than 2 s"), Some((2_000, 3_900))))
    );
    assert_eq!(
        why(&outage, "impact", Bound::Below(1_000.0)),
        Some(("impact is 1.9 s, expected less than 1 s (from 2.0 s to 3.9 s)".into(), Some((2_000, 3_900))))
    );
    // The outage heals and nobody can send again: half of what was due is not on time.
    let (on_time, _) = why(&outage, "on_time", Bound::AtLeast(0.99)).unwrap();
    assert_eq!(
        on_time,
        "on_time is 0.5 with the 20 debts of unsent messages, expected at least 0.99 (from 2.0 s to 3.9 s)"
    );
}

#[test]
fn where_nothing_was_sent_at_all_shares_are_of_what_would_have_been_owed() {
    let settled = without(|_| true).settle(&[], ms(60_000));
    assert_eq!((settled.messages.sent, settled.debts.owed, settled.times.impact_ms), (0, 0, Some(3_900)));
    let clause = |figure, bound| why(&settled, figure, bound).unwrap().0;
    assert_eq!(
        clause("on_time", Bound::AtLeast(0.99)),
        "on_time is 0 with the 40 debts of unsent messages, expected at least 0.99 (from 0.0 s to 3.9 s)"
    );
    assert_eq!(
        clause("lost_share", Bound::AtMost(0.1)),
        "lost_share is 1 with the 40 debts of unsent messages, expected at most 0.1 (from 0.0 s to 3.9 s)"
    );
    assert_eq!(
        clause("p99", Bound::Below(20.0)),
        "p99 does not exist (nothing was delivered), expected less than 20 ms"
    );
}

#[test]
fn what_was_never_sent_harms_nobody_who_was_away_on_purpose_had_not_come_or_is_out_of_reach() {
    let impact = |ledger: &Ledger| ledger.settle(&[], ms(400)).times.impact_ms;
    // Of ten messages, those until 400 ms are due, and message 2 is missing.
    let missing = |ledger: &mut Ledger| [0, 1, 3, 4].iter().for_each(|n| deliver(ledger, *n, &[0, 1]));
    let mut there = begun(plan(2, 10));
    missing(&mut there);
    assert_eq!(impact(&there), Some(0));
    let mut away = begun(plan(2, 10));
    (0..2).for_each(|s| away.left(s, ms(150)));
    missing(&mut away);
    assert_eq!((impact(&away), away.settle(&[], ms(400)).counts.unsent_debts), (None, 2));
    let mut one_stays = begun(plan(2, 10));
    one_stays.left(0, ms(150));
    missing(&mut one_stays);
    assert_eq!(impact(&one_stays), Some(0));
    let mut late = Ledger::new(plan(1, 10));
    late.begin(ms(0));
    late.subscribed(0, 0, ms(201));
    missing(&mut late);
    assert_eq!(impact(&late), None);
    // Over islands the publisher, which starts on node 0, reaches subscriber 0 alone.
    let mut islands = begun(Plan { crosses_nodes: false, ..plan(2, 10) });
    islands.left(0, ms(150));
    missing(&mut islands);
    assert_eq!(impact(&islands), None);
}

#[test]
fn a_slice_with_unsent_messages_is_not_clean() {
    // Of fifty messages a second, five in each slice, one of each is missing while the recovery lasts.
    let mut ledger = begun(Plan { rate: 50.0, ..plan(1, 50) });
    for n in (0..50).filter(|n| !(10..30).contains(n) || n % 5 != 0) {
        ledger.sent(n, 0, ms(n as u64 * 20));
        ledger.answered(n, Handed);
        ledger.received(0, n, Live, ms(n as u64 * 20 + 1));
    }
    let settled = ledger.settle(&[fault(100, Some(200), Some(210))], ms(60_000));
    let recovery = settled.intervals.iter().find(|interval| interval.phase == Phase::Recovery).unwrap();
    assert_eq!((recovery.at, recovery.length), (since(200), since(400)));
}

#[test]
fn what_is_lost_evenly_to_the_end_is_no_recovery_however_short_the_load() {
    for messages in [20, 40] {
        let mut islands = begun(plan(2, messages));
        (0..messages).for_each(|n| deliver(&mut islands, n, &[0]));
        let kill = fault(500, Some(1_000), Some(1_100));
        assert_eq!(times(&islands, &[kill]), (Some((messages as u64 - 1) * 100), None, true));
        // Without a healing there is nothing of which it did not recover.
        assert_eq!(times(&islands, &[]), (Some((messages as u64 - 1) * 100), None, false));
    }
}

#[test]
fn a_path_without_a_way_does_not_keep_a_run_from_recovering() {
    let mut local = begun(Plan { crosses_nodes: false, ..plan(2, 40) });
    (0..40).for_each(|n| deliver(&mut local, n, if n == 12 { &[] } else { &[0] }));
    assert_eq!(times(&local, &[fault(500, Some(1_000), None)]), (Some(0), Some(200), false));
}

#[test]
fn the_last_messages_are_those_of_the_last_100_ms_and_the_last_over_each_path() {
    let heal = || fault(0, Some(10), Some(20));
    let lost = |plan: Plan, lost: usize| {
        let mut ledger = begun(plan.clone());
        for n in 0..plan.messages {
            let due = plan.due(n) + ms(0);
            ledger.sent(n, plan.publisher_node(plan.publisher(n)), due);
            for s in plan.all_subscribers().filter(|s| plan.subscriber_room(*s) == plan.room(n) && n != lost)
            {
                ledger.received(s, n, Live, due + since(1));
            }
        }
        ledger.settle(&[heal()], ms(60_000)).times.not_recovered
    };
    let lost_at = |plan: fn() -> Plan, these: [usize; 2]| these.map(|n| lost(plan(), n));
    // Of 200 messages a second, the last is due at 1.995 s, and the last 20 after 1.895 s.
    assert_eq!(lost_at(|| Plan { rate: 200.0, ..plan(1, 400) }, [379, 380]), [false, true]);
    // Of ten messages a second, the last alone.
    assert_eq!(lost_at(|| plan(1, 40), [38, 39]), [false, true]);
    // Three publishers and two rooms take six messages to get round, which is 600 ms.
    let rooms = || Plan { publishers: 3, rooms: 2, ..plan(4, 40) };
    assert_eq!(lost_at(rooms, [33, 34]), [false, true]);
    // Twenty publishers take two seconds: what was due a second before the last one is not among the last.
    assert_eq!(lost_at(|| Plan { publishers: 20, ..plan(1, 40) }, [29, 30]), [false, true]);
    // A load of less than a round is its own end.
    assert_eq!(lost_at(|| Plan { publishers: 20, ..plan(1, 5) }, [0, 4]), [true, true]);
}

#[test]
fn late_to_the_very_end_is_no_recovery_and_late_before_is_one() {
    let late = |which: fn(usize) -> bool| {
        let mut ledger = begun(plan(1, 40));
        for n in 0..40 {
            send(&mut ledger, n, Handed);
            let after = if which(n) { 1_500 } else { 5 };
            ledger.received(0, n, Replay { round: 0 }, ms(n as u64 * 100 + after));
        }
        times(&ledger, &[fault(500, Some(1_000), None)])
    };
    assert_eq!(late(|n| (10..30).contains(&n)), (Some(3_400), Some(3_400), false));
    assert_eq!(late(|n| n >= 10), (Some(4_400), None, true));
}

#[test]
fn a_healing_that_began_after_the_last_message_was_due_was_seen_by_none() {
    let mut ledger = begun(plan(1, 40));
    (0..40).for_each(|n| deliver(&mut ledger, n, if n == 12 { &[] } else { &[0] }));
    let at = |heal: u64| ledger.settle(&[fault(500, Some(heal), None)], ms(60_000));
    assert_eq!(at(3_900).times.recovery_ms, Some(0));
    let unseen = at(3_901);
    assert_eq!((unseen.times.recovery_ms, unseen.times.not_recovered), (None, false));
    assert_eq!(
        why(&unseen, "recovery", Bound::Below(2_000.0)).map(|(why, _)| why).as_deref(),
        Some(
            "recovery does not exist (no message was due after the last healing began), expected less than 2 s"
        )
    );
}
