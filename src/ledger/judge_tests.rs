//! Each rule of the verdict, with a run that breaks it and one that does not.

use std::time::Duration;

use super::*;
use crate::ledger::{Answer, Arrival, Ledger, Messages, Plan};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Ten messages to two subscribers: `sent` of them sent, all but `lost` debts received after 10 ms.
fn run(sent: usize, lost: usize) -> Settled {
    let plan = Plan {
        publishers: 1,
        subscribers: 2,
        nodes: 1,
        rooms: 1,
        rate: 10.0,
        surges: vec![],
        messages: 10,
        crosses_nodes: true,
    };
    let mut ledger = Ledger::new(plan);
    ledger.begin(ms(0));
    (0..2).for_each(|s| ledger.subscribed(s, 0, ms(0)));
    for n in 0..sent {
        let at = n as u64 * 100;
        ledger.sent(n, 0, ms(at));
        ledger.answered(n, Answer::Confirmed);
        for s in (0..2).filter(|s| n * 2 + s >= lost) {
            ledger.received(s, n, Arrival::Live, ms(at + 10));
        }
    }
    ledger.settle(&[], ms(5_000))
}

fn late(us: u64) -> Histogram<u64> {
    let mut histogram = crate::ledger::micros_histogram();
    histogram.saturating_record(us);
    histogram
}

fn expect(figure: &str, bound: Bound) -> Vec<Expectation> {
    vec![Expectation { pattern: None, figure: figure.into(), bound }]
}

fn judged(settled: &Settled, figure: &str, bound: Bound) -> (Verdict, Vec<String>) {
    let judgement = judge(settled, &Harness::default(), &expect(figure, bound));
    (judgement.verdict, judgement.why)
}

#[test]
fn a_run_without_fault_is_valid_and_has_nothing_to_say() {
    let expectations = [
        expect("lost", Bound::Equal(0.0)),
        expect("on_time", Bound::AtLeast(1.0)),
        expect("p99_ms", Bound::Below(11.0)),
        expect("delivered", Bound::Above(19.0)),
    ];
    let judgement = judge(&run(10, 0), &Harness::default(), &expectations.concat());
    assert_eq!(judgement, Judgement { verdict: Verdict::Valid, why: vec![], harness_limited: false });
}

#[test]
fn a_violation_names_figure_value_and_bound() {
    let cases = [
        ("lost", Bound::Equal(0.0), "lost is 3, expected 0"),
        ("lost_confirmed", Bound::AtMost(2.0), "lost_confirmed is 3, expected at most 2"),
        ("on_time", Bound::AtLeast(0.9), "on_time is 0.85, expected at least 0.9"),
        ("delivered", Bound::Above(17.0), "delivered is 17, expected more than 17"),
        ("max_ms", Bound::Below(10.0), "max_ms is 10.007, expected less than 10"),
        ("impact_ms", Bound::AtMost(99.0), "impact_ms is 100, expected at most 99"),
        ("losses", Bound::AtMost(99.0), "`losses` is not a figure of a run, expected at most 99"),
    ];
    for (figure, bound, why) in cases {
        assert_eq!(judged(&run(10, 3), figure, bound), (Verdict::Violated, vec![why.to_owned()]));
    }
}

#[test]
fn a_bound_on_what_does_not_exist_is_violated_but_for_the_harm_that_was_not_done() {
    let violated = |settled: &Settled, figure, why: &str| {
        assert_eq!(judged(settled, figure, Bound::AtMost(5.0)), (Verdict::Violated, vec![why.to_owned()]));
    };
    violated(&run(10, 20), "p99_ms", "p99_ms does not exist (nothing was delivered), expected at most 5");
    violated(
        &run(10, 3),
        "recovery_ms",
        "recovery_ms does not exist (no fault was healed), expected at most 5",
    );
    violated(&run(10, 0), "ready_ms", "ready_ms does not exist (no fault was healed), expected at most 5");
    for figure in ["impact_ms", "recovery_ms"] {
        assert_eq!(judged(&run(10, 0), figure, Bound::AtMost(5.0)).0, Verdict::Valid, "{figure}");
        let (verdict, why) = judged(&run(10, 0), figure, Bound::AtLeast(5.0));
        assert_eq!(verdict, Verdict::Violated);
        assert_eq!(why, [format!("{figure} does not exist (no debt was harmed), expected at least 5")]);
    }
}

#[test]
fn unsent_messages_count_as_failed_in_every_expectation_on_loss() {
    let settled = run(8, 1);
    assert_eq!((settled.debts.lost, settled.unsent_debts), (1, 4));
    let (verdict, why) = judged(&settled, "lost", Bound::AtMost(4.0));
    assert_eq!(verdict, Verdict::Violated);
    assert_eq!(why[0], "lost is 5 with the 4 debts of unsent messages, expected at most 4");
    assert_eq!(why[1], "2 messages were never sent: their publishers had no connection until the end");
    assert_eq!(judged(&settled, "lost_refused", Bound::Equal(0.0)).0, Verdict::Violated);
    assert_eq!(judged(&settled, "on_time", Bound::AtLeast(0.76)).0, Verdict::Violated, "15 of 20");
    assert_eq!(judged(&settled, "lost", Bound::AtMost(5.0)).0, Verdict::Valid);
    assert_eq!(judged(&settled, "delivered", Bound::AtLeast(15.0)).0, Verdict::Valid);
}

#[test]
fn a_path_that_never_worked_is_a_violation() {
    let mut settled = run(10, 0);
    settled.unverified_paths = (0..5).map(|subscriber| Path { publisher: 0, subscriber }).collect();
    let judgement = judge(&settled, &Harness::default(), &[]);
    assert_eq!(judgement.verdict, Verdict::Violated);
    let named =
        "publisher 0 to subscriber 0, publisher 0 to subscriber 1, publisher 0 to subscriber 2 and 2 more";
    assert_eq!(judgement.why, [format!("5 paths never worked, not even before the load: {named}")]);
}

#[test]
fn a_harness_that_was_late_marks_the_latency_and_changes_no_verdict() {
    let limited = |publish_delay, loop_lag| {
        let harness =
            Harness { publish_delay: late(publish_delay), loop_lag: late(loop_lag), ..Harness::default() };
        let judgement = judge(&run(10, 0), &harness, &[]);
        assert_eq!((judgement.verdict, judgement.why), (Verdict::Valid, vec![]));
        judgement.harness_limited
    };
    assert!(!limited(500, 500), "the median may be half a millisecond, and 10 ms / 10 is more");
    assert!(limited(501, 0));
    assert!(limited(0, 501));

    // A hundred lateness samples, two of them 1.2 ms: the median is fine, the p99 is over a tenth of 10 ms.
    let mut tail = late(1_200);
    tail.saturating_record(1_200);
    (0..98).for_each(|_| tail.saturating_record(10));
    let harness = Harness { publish_delay: tail, ..Harness::default() };
    assert!(judge(&run(10, 0), &harness, &[]).harness_limited);
    assert!(!judge(&run(10, 20), &harness, &[]).harness_limited, "no latency, no tenth of it");
}

#[test]
fn a_harness_that_was_the_bottleneck_proves_nothing_not_even_a_violation() {
    let cases = [
        (
            Harness { publish_delay: late(51_000), ..Harness::default() },
            "the load generator published late: p99 51 ms, at most 50 ms allowed",
        ),
        (
            Harness { loop_lag: late(60_000), ..Harness::default() },
            "the load generator received late: p99 60 ms, at most 50 ms allowed",
        ),
        (Harness { overruns: 1, ..Harness::default() }, "a queue of the load generator overflowed"),
        (
            Harness { overruns: 1_200, ..Harness::default() },
            "queues of the load generator overflowed 1,200 times",
        ),
        (
            Harness { problems: vec!["subscriber 3 could not connect".into()], ..Harness::default() },
            "subscriber 3 could not connect",
        ),
    ];
    for (harness, why) in cases {
        let judgement = judge(&run(10, 3), &harness, &expect("lost", Bound::Equal(0.0)));
        assert_eq!(judgement.verdict, Verdict::Inconclusive);
        assert_eq!(judgement.why, [why, "lost is 3, expected 0"]);
    }
}

#[test]
fn no_evidence_is_inconclusive() {
    let mut nothing_due = run(0, 0);
    nothing_due.messages = Messages::default();
    assert_eq!(
        judged(&nothing_due, "sent", Bound::AtLeast(0.0)),
        (Verdict::Inconclusive, vec!["no message was due".into()])
    );
    let mut nobody = run(10, 0);
    nobody.debts.owed = 0;
    assert_eq!(judge(&nobody, &Harness::default(), &[]).verdict, Verdict::Inconclusive);
}

#[test]
fn what_nobody_asked_for_is_mentioned() {
    let mut settled = run(10, 0);
    (settled.corrupted, settled.unexpected, settled.foreign) = (1, 2, 1);
    let harness = Harness { notes: vec!["3 probe messages were lost".into()], ..Harness::default() };
    let judgement = judge(&settled, &harness, &[]);
    assert_eq!(judgement.verdict, Verdict::Valid);
    let why = [
        "a receipt was corrupted",
        "2 receipts were unexpected: never sent, or not to that room",
        "a receipt came from another run",
        "3 probe messages were lost",
    ];
    assert_eq!(judgement.why, why);
}
