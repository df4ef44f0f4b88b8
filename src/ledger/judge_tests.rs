//! Each rule of the verdict, with a run that breaks it and one that does not.

use std::time::Duration;

use super::*;
use crate::{Answer, Arrival, Ledger, Messages, Path, Plan, StoppedPath};
use scenario::{Bound, Whose};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A run of ten messages to two subscribers: `sent` of them are sent, and all but `lost` debts are received after 10
/// ms.
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
    let mut histogram = crate::micros_histogram();
    histogram.saturating_record(us);
    histogram
}

fn expect(figure: &str, bound: Bound) -> Vec<Expectation> {
    vec![Expectation { whose: Whose::All, figure: figure.into(), bound }]
}

fn judged(settled: &Settled, figure: &str, bound: Bound) -> (Verdict, Vec<String>) {
    let judgement = judge(settled, &Harness::default(), &expect(figure, bound));
    (judgement.verdict, judgement.why())
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
    assert_eq!(
        (judgement.verdict, judgement.why(), judgement.harness_limited),
        (Verdict::Valid, vec![], false)
    );
    let outcomes: Vec<_> =
        judgement.outcomes.iter().map(|it| (it.expectation.as_str(), it.value, it.met)).collect();
    let met = |expectation, value| (expectation, Some(value), true);
    let p99 = run(10, 0).figure("p99_ms").unwrap().value();
    assert_eq!(
        outcomes,
        [
            met("lost = 0", 0.0),
            met("on_time >= 1", 1.0),
            met("p99_ms < 11", p99),
            met("delivered > 19", 20.0)
        ]
    );
    assert!(
        judgement.outcomes.iter().all(|it| it.why.is_none() && it.from_ms.is_none() && it.to_ms.is_none())
    );
}

#[test]
fn a_violation_names_figure_value_and_bound() {
    let cases = [
        ("lost", Bound::Equal(0.0), "lost is 3, expected 0 (from 0.0 s to 0.1 s)"),
        (
            "lost_confirmed",
            Bound::AtMost(2.0),
            "lost_confirmed is 3, expected at most 2 (from 0.0 s to 0.1 s)",
        ),
        ("lost_share", Bound::AtMost(0.1), "lost_share is 0.15, expected at most 0.1 (from 0.0 s to 0.1 s)"),
        ("on_time", Bound::AtLeast(0.9), "on_time is 0.85, expected at least 0.9 (from 0.0 s to 0.1 s)"),
        ("delivered", Bound::Above(17.0), "delivered is 17, expected more than 17 (from 0.0 s to 0.1 s)"),
        ("delivered", Bound::Between(18.0, 20.0), "delivered is 17, expected 18 to 20 (from 0.0 s to 0.1 s)"),
        ("delivered", Bound::Below(17.0), "delivered is 17, expected less than 17"),
        ("max_ms", Bound::Below(10.0), "max_ms is 10, expected less than 10 (from 0.1 s to 0.2 s)"),
        ("max", Bound::Below(10.0), "max is 10 ms, expected less than 10 ms (from 0.1 s to 0.2 s)"),
        ("max_us", Bound::Below(1e4), "max_us is 10,000, expected less than 10,000 (from 0.1 s to 0.2 s)"),
        ("p50", Bound::Below(5.0), "p50 is 10 ms, expected less than 5 ms (from 0.1 s to 1.0 s)"),
        ("p50", Bound::Above(1_500.0), "p50 is 10 ms, expected more than 1.5 s (from 0.1 s to 1.0 s)"),
        ("impact_ms", Bound::AtMost(99.0), "impact_ms is 100, expected at most 99 (from 0.0 s to 0.1 s)"),
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
    assert_eq!((settled.debts.lost, settled.counts.unsent_debts), (1, 4));
    let (verdict, why) = judged(&settled, "lost", Bound::AtMost(4.0));
    assert_eq!(verdict, Verdict::Violated);
    assert_eq!(
        why[0],
        "lost is 5 with the 4 debts of unsent messages, expected at most 4 (from 0.0 s to 0.9 s)"
    );
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
    assert_eq!(judgement.why(), [format!("5 paths never worked, not even before the load: {named}")]);
    settled.nodes_apart = true;
    let why = judge(&settled, &Harness::default(), &[]).why().join("; ");
    assert_eq!(
        why,
        "your nodes do not hear each other: 5 paths never worked, not even before the load, all of them between \
         different nodes"
    );
}

#[test]
fn a_harness_that_was_late_marks_the_latency_and_changes_no_verdict() {
    let limited = |publish_delay, loop_lag| {
        let harness =
            Harness { publish_delay: late(publish_delay), loop_lag: late(loop_lag), ..Harness::default() };
        let judgement = judge(&run(10, 0), &harness, &[]);
        assert_eq!((judgement.verdict, judgement.why()), (Verdict::Valid, vec![]));
        judgement.harness_limited
    };
    assert!(!limited(500, 500), "the median may be half a millisecond, and 10 ms / 10 is more");
    assert!(limited(501, 0));
    assert!(limited(0, 501));

    // Of a hundred samples of lateness two are 1.2 ms: the median is fine, the p99 is over a tenth of 10 ms.
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
        assert_eq!(judgement.why(), [why, "lost is 3, expected 0 (from 0.0 s to 0.1 s)"]);
        assert!(!judgement.outcomes[0].met, "what it would have been, all the same");
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
    (settled.counts.corrupted, settled.counts.unexpected, settled.counts.foreign) = (1, 2, 1);
    let harness = Harness { notes: vec!["3 probe messages were lost".into()], ..Harness::default() };
    let judgement = judge(&settled, &harness, &[]);
    assert_eq!(judgement.verdict, Verdict::Valid);
    let why = [
        "a receipt was corrupted",
        "2 receipts were unexpected: never sent, or not to that room",
        "a receipt came from another run",
        "3 probe messages were lost",
    ];
    assert_eq!(judgement.why(), why);
}

#[test]
fn every_violated_expectation_says_what_it_was_and_where_in_time() {
    let expectations = [
        expect("owed", Bound::Equal(20.0)),
        expect("lost", Bound::AtMost(2.0)),
        expect("recovery", Bound::AtMost(2_000.0)),
        expect("impact", Bound::AtMost(2_000.0)),
    ];
    let outcomes = judge(&run(10, 3), &Harness::default(), &expectations.concat()).outcomes;
    let met: Vec<_> = outcomes.iter().map(|outcome| outcome.met).collect();
    assert_eq!(met, [true, false, false, true]);
    let expected = Outcome {
        expectation: "lost <= 2".into(),
        figure: "lost".into(),
        value: Some(3.0),
        met: false,
        why: Some("lost is 3, expected at most 2 (from 0.0 s to 0.1 s)".into()),
        from_ms: Some(0),
        to_ms: Some(100),
    };
    assert_eq!(outcomes[1], expected);
    let Outcome { expectation, value, why, .. } = &outcomes[2];
    assert_eq!((expectation.as_str(), *value), ("recovery <= 2s", None));
    assert_eq!(why.as_deref(), Some("recovery does not exist (no fault was healed), expected at most 2 s"));
    // A run in which no debt was harmed satisfies every bound on the impact.
    let unharmed = judge(&run(10, 0), &Harness::default(), &expect("impact", Bound::AtMost(5.0))).outcomes;
    assert_eq!((unharmed[0].met, unharmed[0].value), (true, None));
}

#[test]
fn the_harness_has_figures_too() {
    let harness = Harness { publish_delay: late(300), ..Harness::default() };
    let why = |figure, bound| judge(&run(10, 0), &harness, &expect(figure, bound)).why();
    assert_eq!(why("publish_delay_p99", Bound::AtMost(0.3)), [""; 0]);
    assert_eq!(
        why("publish_delay_p99", Bound::Below(0.3)),
        ["publish_delay_p99 is 300 us, expected less than 300 us"]
    );
    assert_eq!(
        why("loop_lag_max_us", Bound::Below(9.0)),
        ["loop_lag_max_us does not exist (it was not measured), expected less than 9"]
    );
    assert_eq!(
        why("recovered_p50", Bound::Below(9.0)),
        ["recovered_p50 does not exist (nothing was replayed), expected less than 9 ms"]
    );
}

#[test]
fn a_path_that_stopped_is_a_violation_and_the_first_is_named_with_its_time() {
    let mut settled = run(10, 0);
    let path = |subscriber| StoppedPath { publisher: 0, subscriber, since_ms: 3_210 };
    settled.stopped_paths = vec![path(3)];
    let judgement = judge(&settled, &Harness::default(), &[]);
    assert_eq!(judgement.verdict, Verdict::Violated);
    assert_eq!(judgement.why(), ["a path stopped working at 3.2 s: publisher 0 to subscriber 3"]);
    settled.stopped_paths = (0..12).map(path).collect();
    let named =
        "publisher 0 to subscriber 0, publisher 0 to subscriber 1, publisher 0 to subscriber 2 and 9 more";
    let why = judge(&settled, &Harness::default(), &[]).why();
    assert_eq!(why, [format!("12 paths stopped working, the first at 3.2 s: {named}")]);
    // What did not come may be in the frames that could not be taken apart.
    let harness =
        Harness { misread: true, problems: vec!["a frame is misread".into()], ..Harness::default() };
    assert_eq!(judge(&settled, &harness, &[]).why(), ["a frame is misread"]);
}

#[test]
fn what_a_server_answered_is_a_cause_of_what_nobody_expected_and_otherwise_a_note() {
    let answer = "a node refused a message: bus_down: away (9 times)";
    let harness = |problems: &[&str]| Harness {
        causes: vec![answer.into()],
        problems: problems.iter().map(|problem| (*problem).to_owned()).collect(),
        ..Harness::default()
    };
    let reasons = |problems: &[&str], bound: f64| {
        let judgement = judge(&run(10, 2), &harness(problems), &expect("lost", Bound::AtMost(bound)));
        (
            judgement.verdict,
            judgement.reasons.causes.len(),
            judgement.reasons.notes.first() == Some(&answer.into()),
        )
    };
    assert_eq!(reasons(&[], 0.0), (Verdict::Violated, 1, false));
    assert_eq!(reasons(&[], 1_000.0), (Verdict::Valid, 0, true));
    assert_eq!(reasons(&["late"], 0.0), (Verdict::Inconclusive, 0, true));
}

#[test]
fn what_a_server_did_violates_and_its_cause_stands_before_the_notes() {
    let harness = Harness {
        violations: vec!["node 0 died unasked at 2.1 s: exit code 1".into()],
        causes: vec!["a server closed a connection with 4001".into()],
        notes: vec!["a note".into()],
        ..Harness::default()
    };
    let judged = |harness: &Harness| {
        let judgement = judge(&run(10, 3), harness, &expect("lost", Bound::AtMost(5.0)));
        (judgement.verdict, judgement.why().join("; "))
    };
    let all = "node 0 died unasked at 2.1 s: exit code 1; a server closed a connection with 4001; a note";
    assert_eq!(judged(&harness), (Verdict::Violated, all.into()));
    let alive = Harness { violations: vec![], ..harness.clone() };
    assert_eq!(judged(&alive), (Verdict::Valid, "a server closed a connection with 4001; a note".into()));
}

#[test]
fn three_paths_are_all_named_and_of_four_one_is_only_counted() {
    let why = |paths: usize| {
        let mut settled = run(10, 0);
        settled.unverified_paths = (0..paths).map(|subscriber| Path { publisher: 7, subscriber }).collect();
        judge(&settled, &Harness::default(), &[]).why().join("; ")
    };
    assert_eq!(why(0), "");
    assert_eq!(why(1), "a path never worked, not even before the load: publisher 7 to subscriber 0");
    let three = "publisher 7 to subscriber 0, publisher 7 to subscriber 1, publisher 7 to subscriber 2";
    assert_eq!(why(3), format!("3 paths never worked, not even before the load: {three}"));
    assert_eq!(why(4), format!("4 paths never worked, not even before the load: {three} and 1 more"));
}

#[test]
fn a_lateness_of_a_tenth_of_the_latency_is_allowed_and_more_limits_it() {
    let limited = |lateness, latency| {
        let mut settled = run(10, 0);
        settled.latency = late(latency);
        judge(&settled, &Harness { loop_lag: late(lateness), ..Harness::default() }, &[]).harness_limited
    };
    assert!(!limited(100, 1_000));
    assert!(limited(101, 1_000));
    assert!(limited(100, 999));
    assert!(!limited(0, 1_000));
}

#[test]
fn a_lateness_of_more_than_fifty_milliseconds_proves_nothing() {
    let judged = |publish_delay| {
        let harness = Harness { publish_delay: late(publish_delay), ..Harness::default() };
        judge(&run(9, 0), &harness, &[])
    };
    let why = "a message was never sent: its publisher had no connection until the end";
    assert_eq!((judged(49_900).verdict, judged(49_900).why()), (Verdict::Valid, vec![why.to_owned()]));
    let late = judged(50_100);
    assert_eq!(late.verdict, Verdict::Inconclusive);
    // A harness that was late may not have told the publisher to send the message.
    assert_eq!(late.why()[1], "a message was never sent");
    let overrun = judge(&run(8, 0), &Harness { overruns: 2, ..Harness::default() }, &[]);
    let why = ["queues of the load generator overflowed 2 times", "2 messages were never sent"];
    assert_eq!(overrun.why(), why);
}

#[test]
fn nothing_sent_is_the_servers_fault_and_nobody_subscribed_is_ours() {
    let settled = run(0, 0);
    assert_eq!((settled.messages.due, settled.messages.sent, settled.debts.owed), (10, 0, 0));
    assert_eq!(judge(&settled, &Harness::default(), &[]).verdict, Verdict::Valid, "all ten are unsent");
    let mut nobody = run(1, 0);
    assert_eq!(judge(&nobody, &Harness::default(), &[]).verdict, Verdict::Valid);
    nobody.debts.owed = 0;
    let judgement = judge(&nobody, &Harness::default(), &[]);
    assert_eq!(judgement.verdict, Verdict::Inconclusive);
    assert_eq!(judgement.why()[0], "nobody was subscribed, so nothing was owed");
    let mut nothing = nobody.clone();
    nothing.messages.due = 0;
    assert_eq!(judge(&nothing, &Harness::default(), &[]).why()[0], "no message was due");
}

#[test]
fn each_remark_has_a_word_for_one_and_a_word_for_many() {
    let why = |count: u64| {
        let mut settled = run(10, 0);
        (settled.counts.corrupted, settled.counts.unexpected, settled.counts.foreign) = (count, count, count);
        judge(&settled, &Harness::default(), &[]).why()
    };
    assert_eq!(why(0), [""; 0]);
    let one = [
        "a receipt was corrupted",
        "a receipt was unexpected: never sent, or not to that room",
        "a receipt came from another run",
    ];
    assert_eq!(why(1), one);
    let many = [
        "1,200 receipts were corrupted",
        "1,200 receipts were unexpected: never sent, or not to that room",
        "1,200 receipts came from other runs",
    ];
    assert_eq!(why(1_200), many);
}
