//! Answers that contradict each other, and what came before the load: both are notes.

use super::Answer::{self, Confirmed, Handed, Refused, Unknown};
use super::Arrival::Live;
use super::stage_for_tests::{begun, ms, plan, send};
use super::*;

/// A run of one message with these answers, which nobody receives.
fn answered(answers: &[Answer]) -> Settled {
    let mut ledger = begun(plan(1, 1));
    ledger.sent(0, 0, ms(0));
    answers.iter().for_each(|answer| ledger.answered(0, *answer));
    assert_eq!(ledger.unanswered(), 0);
    ledger.settle(&[], ms(9_000))
}

fn lost(settled: &Settled) -> [u64; 4] {
    let Debts { lost_confirmed, lost_handed, lost_refused, lost_unknown, .. } = settled.debts;
    [lost_confirmed, lost_handed, lost_refused, lost_unknown]
}

fn notes(settled: &Settled) -> Vec<String> {
    judge(settled, &Harness::default(), &[]).reasons.notes
}

#[test]
fn an_acknowledgement_is_never_taken_back_and_the_contradiction_is_a_note() {
    let unknown = "a message was answered with `unknown` after it had been acknowledged";
    let refused = "a message was refused after it had been acknowledged";
    let acked = "a message was acknowledged after it had been refused";
    let (confirmed, handed) = ([1, 0, 0, 0], [0, 1, 0, 0]);
    for (answers, expected, note) in [
        (&[Confirmed, Unknown][..], confirmed, Some(unknown)),
        (&[Confirmed, Refused], confirmed, Some(refused)),
        (&[Confirmed, Handed], confirmed, None),
        (&[Handed, Confirmed], confirmed, None),
        (&[Handed, Unknown], handed, Some(unknown)),
        (&[Handed, Refused, Unknown, Unknown], handed, Some(refused)),
        (&[Refused, Handed], handed, Some(acked)),
        (&[Unknown, Confirmed], confirmed, None),
        (&[Unknown, Refused], [0, 0, 1, 0], None),
        (&[Confirmed, Confirmed], confirmed, None),
    ] {
        let settled = answered(answers);
        assert_eq!(lost(&settled), expected, "{answers:?}");
        let acked = u64::from(expected[0] + expected[1] > 0);
        assert_eq!(settled.messages.acked, acked, "{answers:?}");
        assert_eq!(notes(&settled), Vec::from_iter(note), "{answers:?}");
    }
}

#[test]
fn each_message_contradicts_itself_once_and_all_are_told_together() {
    let mut ledger = begun(plan(1, 3));
    for n in 0..3 {
        send(&mut ledger, n, Confirmed);
        ledger.received(0, n, Live, ms(n as u64 * 100 + 1));
    }
    for n in [0, 0, 2] {
        ledger.answered(n, Unknown);
    }
    let settled = ledger.settle(&[], ms(9_000));
    assert_eq!(settled.contradictions, Contradictions { unknown_after_ack: 2, ..Contradictions::default() });
    assert_eq!(notes(&settled), ["2 messages were answered with `unknown` after they had been acknowledged"]);
}

#[test]
fn the_time_of_an_answer_is_of_the_one_that_holds() {
    let mut ledger = begun(plan(1, 1));
    ledger.sent(0, 0, ms(0));
    ledger.answered_at(0, Confirmed, ms(3));
    ledger.answered_at(0, Unknown, ms(800));
    let told = ledger.settle(&[], ms(9_000)).testimonies.first_lost.unwrap();
    assert_eq!((told.answer, told.answered_us), (Some(Confirmed), Some(3_000)));
}

#[test]
fn what_comes_before_the_load_is_noted_and_counts_nowhere() {
    let mut ledger = Ledger::new(plan(2, 2));
    (0..2).for_each(|s| ledger.subscribed(s, s, std::time::Duration::from_millis(100)));
    // Nobody knows yet when the load begins.
    ledger.corrupted(0, ms(0));
    ledger.begin(ms(50));
    let just_before = ms(50) - std::time::Duration::from_nanos(1);
    ledger.corrupted(1, just_before);
    ledger.foreign(0, just_before);
    ledger.unexpected(1, just_before);
    // A message of the load that nobody has sent.
    ledger.received(0, 1, Live, just_before);
    let before = BeforeLoad { unexpected: 2, corrupted: 2, foreign: 1 };
    let settled = ledger.settle(&[], ms(0));
    assert_eq!((settled.before, settled.counts), (before, Counts::default()));
    let judgement = judge(&settled, &Harness::default(), &[]);
    assert_eq!(
        judgement.reasons.notes,
        [
            "before the load, 2 receipts were corrupted",
            "before the load, 2 receipts were unexpected: never sent, or not to that room",
            "before the load, a receipt came from another run",
        ]
    );
    // The load begins with its very moment.
    ledger.corrupted(0, ms(50));
    ledger.foreign(0, ms(50));
    ledger.unexpected(0, ms(50));
    let settled = ledger.settle(&[], ms(0));
    let Counts { unexpected, corrupted, foreign, .. } = settled.counts;
    assert_eq!(([unexpected, corrupted, foreign], settled.before), ([1, 1, 1], before));
    ledger.corrupted_rehearsal();
    let settled = ledger.settle(&[], ms(0));
    assert_eq!((settled.counts.corrupted, settled.before.corrupted), (1, 3), "it may come late");
}
