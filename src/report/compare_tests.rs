//! Comparisons of literal reports.

use super::super::sample::{quantiles, refuse, report, run_with};
use super::comparison::Direction;
use super::*;
use crate::Encoded;
use ledger::{Verdict, micros_histogram};

/// A side whose runs have these 99th percentiles, in microseconds.
pub(super) fn side(name: &str, p99: &[u64]) -> Side {
    let run = |(i, p99): (usize, &u64)| {
        run_with(|run| {
            run.repeat = i as u32 + 1;
            run.id = format!("redis-{}", i + 1);
            run.latency_us = quantiles(350, *p99, 9_000);
            let mut latency = micros_histogram();
            latency.saturating_record_n(350, 970);
            latency.saturating_record_n(*p99, 30);
            run.distributions.latency = Encoded::of(&latency);
        })
    };
    Side { name: name.into(), reports: vec![report(p99.iter().enumerate().map(run).collect())] }
}

pub(super) fn marked(comparison: &Comparison) -> Vec<(&str, Option<Direction>)> {
    let figures = comparison.groups.iter().flat_map(|group| &group.figures);
    let last = figures.map(|figure| (figure.figure, figure.sides.last().unwrap()));
    last.filter(|(_, value)| value.beyond_noise).map(|(name, value)| (name, value.direction)).collect()
}

/// The 99th percentiles of five runs of one thing, in microseconds.
pub(super) const QUIET: [u64; 5] = [1_200, 1_250, 1_230, 1_210, 1_260];

#[test]
fn identical_sides_differ_in_nothing() {
    let comparison = compare(&[side("a", &QUIET), side("b", &QUIET)]);
    assert_eq!(marked(&comparison), []);
    assert_eq!(comparison.warnings, Vec::<String>::new());
    assert!(
        comparison.groups[0].figures.iter().all(|figure| figure.sides[1].difference.is_none_or(|d| d == 0.0))
    );
}

#[test]
fn a_figure_that_doubled_in_every_run_is_marked_and_an_overlap_is_not() {
    let doubled = QUIET.map(|p99| 2 * p99);
    let comparison = compare(&[side("a", &QUIET), side("b", &doubled)]);
    assert_eq!(marked(&comparison), [("p99", Some(Direction::Worse))]);
    let back = compare(&[side("b", &doubled), side("a", &QUIET)]);
    assert_eq!(marked(&back), [("p99", Some(Direction::Better))]);
    let p99 = comparison.groups[0].figures.iter().find(|figure| figure.figure == "p99").unwrap();
    // The value is the quantile of all the values together, and no mean of five quantiles.
    assert_eq!((p99.sides[0].value, p99.sides[1].value), (Some(1_250.0), Some(2_501.0)));
    let mut overlapping = doubled;
    overlapping[0] = 1_205;
    assert_eq!(marked(&compare(&[side("a", &QUIET), side("b", &overlapping)])), []);
    let text = comparison.to_text();
    let line = text.lines().find(|line| line.starts_with("p99 ")).unwrap();
    assert!(line.ends_with("worse *"), "{text}");
}

#[test]
fn one_run_that_turns_the_pooled_figure_round_gets_no_mark() {
    // The longest of all values together fell from 100 ms to 20; in nine runs of ten the longest doubled.
    let side = |name: &str, longest: &[u64]| {
        let run = |max: &u64| run_with(|run| run.latency_us = quantiles(350, 1_200, *max));
        let runs = longest.iter().map(run).map(|mut run| {
            let mut latency = micros_histogram();
            latency.saturating_record_n(350, 999);
            latency.saturating_record(run.latency_us.unwrap().max);
            run.distributions.latency = Encoded::of(&latency);
            run
        });
        Side { name: name.into(), reports: vec![report(runs.collect())] }
    };
    let mut before = [10_000_u64; 10];
    before[9] = 100_000;
    let comparison = compare(&[side("a", &before), side("b", &[20_000; 10])]);
    let max = comparison.groups[0].figures.iter().find(|figure| figure.figure == "max").unwrap();
    assert_eq!((max.sides[0].value, max.sides[1].value), (Some(100_000.0), Some(20_000.0)));
    assert!(max.sides[1].p.unwrap() < 0.01);
    assert_eq!(marked(&comparison), []);
}

#[test]
fn a_figure_that_some_runs_do_not_have_gets_no_mark() {
    let side = |name: &str, impacts: &[Option<u64>]| {
        let run = |impact: &Option<u64>| run_with(|run| run.times.impact_ms = *impact);
        Side { name: name.into(), reports: vec![report(impacts.iter().map(run).collect())] }
    };
    let five = |ms: u64| [Some(ms), Some(ms + 1), Some(ms + 2), Some(ms + 3), Some(ms + 4)];
    let worse = compare(&[side("a", &five(5_000)), side("b", &five(6_000))]);
    assert_eq!(marked(&worse), [("impact", Some(Direction::Worse))]);
    // On the other side most runs harmed nobody.
    let mut mostly_well = vec![None; 15];
    mostly_well.extend(five(6_000));
    assert_eq!(marked(&compare(&[side("a", &five(5_000)), side("b", &mostly_well)])), []);
    assert_eq!(marked(&compare(&[side("b", &mostly_well), side("a", &five(5_000))])), []);
}

#[test]
fn without_enough_runs_nothing_is_marked_and_it_is_said() {
    let one = compare(&[side("a", &QUIET[..1]), side("b", &[9_000])]);
    assert_eq!(marked(&one), []);
    assert!(one.to_text().contains("redis: one run a side: no noise known; repeat with --runs 5"));
    let four = compare(&[side("a", &QUIET[..4]), side("b", &[9_000, 9_001, 9_002, 9_003])]);
    assert_eq!(marked(&four), []);
    assert!(four.to_text().contains("too few runs (4 and 4)"), "{}", four.to_text());
}

#[test]
fn what_makes_sides_unlike_is_said() {
    let (mut one, mut other) = (side("a", &QUIET), side("b", &QUIET));
    one.reports[0].scenario = serde_json::json!({"name": "x", "load": {"rate": 100}, "expect": {"lost": 0}});
    other.reports[0].scenario =
        serde_json::json!({"name": "y", "load": {"rate": 500}, "cluster": {"nodes": 2}});
    other.reports[0].runs[0].verdict = Verdict::Inconclusive;
    other.reports[0].runs.push(run_with(|run| run.label = "mine".into()));
    refuse(&mut other.reports[0].runs[1], 100);
    let warnings = compare(&[one, other]).warnings;
    let expected = [
        "the scenarios differ in b: cluster.nodes (-, 2), load.rate (100, 500)",
        "redis: 1 of 5 runs in b inconclusive; nothing is marked against figures that prove nothing",
        "mine: there is no such run in a",
    ];
    assert_eq!(warnings, expected);
}

#[test]
fn it_is_written_for_a_pull_request_and_for_a_program() {
    let comparison = compare(&[side("a", &[1_200]), side("b", &[2_400])]);
    let page = comparison.to_markdown();
    assert!(page.starts_with("## pubsub-lab: a, b compared\n"), "{page}");
    assert!(page.contains("\n| p99 (ms) | 1.2 | 2.4 | +1.2 | 2.00x | differs |\n"), "{page}");
    let text = comparison.to_json().unwrap();
    assert!(text.ends_with("}\n"), "{text}");
    let read: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&read["sides"], &read["marked_at"]),
        (&serde_json::json!(["a", "b"]), &serde_json::json!(0.01))
    );
    let figures = read["groups"][0]["figures"].as_array().unwrap();
    let p99 = figures.iter().find(|figure| figure["figure"] == "p99").unwrap();
    assert_eq!((&p99["unit"], &p99["better"]), (&"us".into(), &"lower".into()));
    assert_eq!((&p99["sides"][1]["ratio"], &p99["sides"][1]["direction"]), (&2.0.into(), &"worse".into()));
}

#[test]
fn a_loss_that_looks_fast_is_named() {
    let mut lossy = side("b", &[900]);
    refuse(&mut lossy.reports[0].runs[0], 500);
    let warnings = compare(&[side("a", &[1_200]), lossy]).warnings;
    assert_eq!(warnings, ["redis: latency is of delivered messages only, and fewer came on time in b"]);
}
