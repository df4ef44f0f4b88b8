//! The curves of a matrix, character by character.

use serde_json::json;

use super::super::sample::{not_applicable, outcome, quantiles, refuse, report, run_with};
use super::super::{sentences, table};
use super::*;
use ledger::Outcome;

/// A run at this rate, with this p99 in milliseconds.
fn at(label: &str, rate: u64, p99_ms: u64) -> RunReport {
    run_with(|run| {
        (run.label, run.pattern) = (label.into(), label.into());
        run.params = [("rate".into(), rate.into())].into();
        run.latency_us = quantiles(350, p99_ms * 1_000, p99_ms * 2_000);
        run.outcomes = vec![outcome("lost = 0", true)];
    })
}

fn violated(mut run: RunReport, why: &str) -> RunReport {
    (run.verdict, run.why) = (Verdict::Violated, vec![why.into()]);
    run
}

fn inconclusive(mut run: RunReport, why: &str) -> RunReport {
    (run.verdict, run.why) = (Verdict::Inconclusive, vec![why.into()]);
    run
}

fn none() -> RunReport {
    run_with(|run| *run = RunReport { params: [("rate".into(), 100.into())].into(), ..not_applicable() })
}

/// The second repetition of a run.
fn again(mut run: RunReport) -> RunReport {
    run.repeat = 2;
    run
}

#[test]
fn repetitions_have_a_column_and_a_curve_each() {
    let runs = vec![at("redis", 100, 1), again(at("redis", 100, 2)), at("redis", 200, 3), none()];
    let runs = runs.into_iter().chain([again(at("redis", 200, 4))]).collect();
    let expected = "
        rate  run  on time  lost  dupl.  p50 ms  p99 ms  max ms      verdict
────────────────────────────────────────────────────────────────────────────
redis    100    1     100%     0      0    0.35     1.0     2.0  as expected
         100    2     100%     0      0    0.35     2.0     4.0  as expected
         200    1     100%     0      0    0.35     3.0     6.0  as expected
         200    2     100%     0      0    0.35     4.0     8.0  as expected

zeromq     -    -        -     -      -       -       -       -      not run
";
    let report = report(runs);
    assert_eq!(format!("\n{}", table(&report, 80)), expected);
    let said = |number, from, to| {
        format!(
            "redis #{number}: from 100 to 200 messages/s, p99 went from {from} ms to {to} ms, and the share on time \
             stayed 100%."
        )
    };
    assert_eq!(sentences(&report)[..2], [said(1, "1.0", "3.0"), said(2, "2.0", "4.0")]);
}

#[test]
fn a_partial_run_is_no_point_of_a_curve() {
    let mut cut = at("redis", 300, 50);
    cut.partial = true;
    let report = report(vec![at("redis", 100, 1), at("redis", 200, 2), cut]);
    let curves = Curves::of(&report).unwrap().all();
    let rates: Vec<_> = curves.iter().map(|curve| curve.runs.len()).collect();
    assert_eq!((rates, curves[0].name.as_str(), curves[0].moving), (vec![2], "redis", "rate"));
}

#[test]
fn what_moves_is_the_parameter_that_differs_else_the_rate_else_the_first() {
    let run = |params: &[(&str, u64)]| {
        run_with(|run| {
            run.params = params.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect()
        })
    };
    let moves = |runs: &[RunReport]| moving(&runs.iter().collect::<Vec<_>>()).map(str::to_owned);
    let (one, other) = (run(&[("nodes", 1), ("rate", 5)]), run(&[("nodes", 2), ("rate", 5)]));
    assert_eq!(moves(&[one.clone(), other]), Some("nodes".into()));
    assert_eq!(moves(&[one.clone(), one]), Some("rate".into()));
    assert_eq!(moves(&[run(&[("nodes", 1), ("rooms", 5)])]), Some("nodes".into()));
    assert_eq!((moves(&[]), moves(&[run(&[])])), (None, None));
}

/// The sentences of a search.
fn searched(runs: Vec<RunReport>) -> Vec<String> {
    let mut report = report(runs);
    report.scenario = json!({"name": "saturation", "matrix": {"rate": [100], "until": "violated"}});
    sentences(&report)
}

const SLOW: &str = "p99 is 38 ms, expected less than 20 ms";

#[test]
fn a_block_a_pattern_and_a_row_a_value() {
    let mut last = at("redis", 6_400, 38);
    refuse(&mut last, 200);
    let runs = vec![at("redis", 100, 1), none(), at("redis", 6_400, 38), at("amqp", 100, 3)];
    let runs = runs
        .into_iter()
        .map(|run| if run.params["rate"] == 6_400 { violated(last.clone(), SLOW) } else { run });
    let expected = "
         rate  on time   lost  dupl.  p50 ms  p99 ms  max ms      verdict
─────────────────────────────────────────────────────────────────────────
redis     100     100%      0      0    0.35     1.0     2.0  as expected
        6,400    90.0%  6,000      0    0.35      38      76     violated

zeromq      -        -      -      -       -       -       -      not run

amqp      100     100%      0      0    0.35     3.0     6.0  as expected
";
    assert_eq!(format!("\n{}", table(&report(runs.clone().collect()), 80)), expected);
    // A label that has its parameters in it makes no block of its own.
    let named = runs.map(|mut run| {
        run.label = format!("{} rate={}", run.label, run.params["rate"]);
        run
    });
    let report = report(named.collect());
    assert_eq!(format!("\n{}", table(&report, 80)), expected);
    assert!(table(&report, 60).lines().all(|line| line.chars().count() <= 66), "{}", table(&report, 60));
}

#[test]
fn a_report_without_parameters_has_no_curve() {
    assert!(Curves::of(&report(vec![run_with(|_| {}), not_applicable()])).is_none());
}

#[test]
fn the_course_of_a_curve_and_what_was_not_valid() {
    let mut lossy = at("redis", 1_000, 38);
    refuse(&mut lossy, 1);
    lossy.times.impact_ms = Some(0);
    let runs = vec![at("redis", 10, 1), violated(lossy, "lost is 30, expected 0"), none(), none()];
    assert_eq!(
        sentences(&report(runs)),
        [
            "redis rate=1000: lost 30 of 60,000 deliveries (0.1%). 1 of 2,000 messages was refused; what was acknowledged reached everyone. Half of the deliveries took at most 0.35 ms, 99 of 100 at most 38 ms. Violated: lost \
             is 30, expected 0.",
            "redis: from 10 to 1,000 messages/s, p99 went from 1.0 ms to 38 ms, and the share on time went from 100% \
             to 99.9%.",
            "zeromq rate=100: was not run, because zeromq has no broker.",
        ]
    );
    let one = sentences(&report(vec![at("redis", 1, 1)]));
    assert_eq!(one, ["redis: at 1 message/s, p99 is 1.0 ms and 100% came on time."]);
    let same = sentences(&report(vec![at("redis", 1, 1), at("redis", 2, 1)]));
    let expected =
        "redis: from 1 to 2 messages/s, p99 went from 1.0 ms to 1.0 ms, and the share on time stayed 100%.";
    assert_eq!(same, [expected]);
}

#[test]
fn a_search_says_what_was_sustained_and_what_broke() {
    let broken = RunReport { sought: true, ..violated(at("redis", 6_400, 38), SLOW) };
    let runs = vec![at("redis", 1_600, 2), at("redis", 3_200, 5), broken.clone()];
    assert_eq!(searched(runs), [format!("redis: sustained 3,200 messages/s; at 6,400 {SLOW}.")]);
    assert_eq!(searched(vec![broken]), [format!("redis: not even 6,400 messages/s: {SLOW}.")]);
    let all = searched(vec![at("redis", 3_200, 2), at("redis", 6_400, 5)]);
    assert_eq!(all, ["redis: the highest value, 6,400 messages/s, was still sustained."]);
}

#[test]
fn a_search_names_what_its_expectations_say() {
    let unmet = |why: &str| Outcome {
        expectation: "p99 < 20ms".into(),
        figure: "p99_ms".into(),
        value: Some(38.0),
        met: false,
        why: Some(why.into()),
        from_ms: None,
        to_ms: None,
    };
    let mut broken = RunReport { sought: true, ..violated(at("redis", 6_400, 38), "something else") };
    broken.outcomes = vec![unmet(SLOW), unmet("lost is 3, expected 0")];
    broken.outcomes.push(Outcome { met: true, why: None, ..unmet("") });
    assert_eq!(
        searched(vec![at("redis", 3_200, 2), broken]),
        [format!("redis: sustained 3,200 messages/s; at 6,400 {SLOW}; lost is 3, expected 0.")]
    );
}

#[test]
fn a_search_that_the_load_generator_ended() {
    let late = "the load generator published late: p99 80 ms, at most 50 ms allowed";
    let runs = vec![at("redis", 6_400, 2), inconclusive(at("redis", 12_800, 5), late)];
    assert_eq!(
        searched(runs),
        [
            format!("redis rate=12800: inconclusive, because {late}. Its figures prove nothing."),
            "redis: sustained 6,400 messages/s; the load generator itself was the limit at 12,800 messages/s.".into(),
        ]
    );
    let gone = searched(vec![inconclusive(at("redis", 100, 5), "the broker could not be started")]);
    assert_eq!(gone[1], "redis: 100 messages/s proved nothing: the broker could not be started.");
}

#[test]
fn two_parameters_make_a_curve_for_each_value_of_the_slower() {
    let run = |nodes: u64, rate: u64| {
        let mut run = at("redis", rate, 1);
        run.params.insert("nodes".into(), nodes.into());
        run
    };
    let broken = |nodes, rate| RunReport { sought: true, ..violated(run(nodes, rate), SLOW) };
    let said = searched(vec![run(1, 10), broken(1, 20), run(3, 10), run(3, 20)]);
    assert_eq!(
        said,
        [
            format!("redis nodes=1: sustained 10 messages/s; at 20 {SLOW}."),
            "redis nodes=3: the highest value, 20 messages/s, was still sustained.".into(),
        ]
    );
    // The curve is over the parameter that changes fastest.
    let said = sentences(&report(vec![run(1, 10), run(3, 10)]));
    let expected = "redis rate=10: from 1 to 3 nodes, p99 went from 1.0 ms to 1.0 ms, and the share on time stayed 100%.";
    assert_eq!(said, [expected]);
    let table = table(&report(vec![run(1, 10), run(3, 10)]), 100);
    assert!(table.trim_start().starts_with("nodes  rate  on time"), "{table}");
}
