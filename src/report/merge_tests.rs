//! Literal reports, merged into one.

use serde::Deserialize;
use serde_json::Value;

use super::super::sample::{quantiles, refuse, report, run_with};
use super::*;
use crate::{Distributions, Encoded, IntervalReport, Quantiles};
use ledger::{Counts, Debts, Messages, Phase, Verdict, micros_histogram};
use scenario::{Count, Distribution, Figure};

fn encoded(values: &[(u64, u64)]) -> Option<Encoded> {
    let mut histogram = micros_histogram();
    values.iter().for_each(|(value, count)| histogram.saturating_record_n(*value, *count));
    Encoded::of(&histogram)
}

/// The only run of the report that these runs make when they are merged.
fn one(runs: Vec<RunReport>) -> RunReport {
    let mut merged = merge(&[report(runs)]).unwrap();
    assert_eq!(merged.report.runs.len(), 1);
    merged.report.runs.remove(0)
}

/// A run in which nothing was delivered, so that it has no latency that could be added.
fn undelivered(change: impl FnOnce(&mut RunReport)) -> RunReport {
    run_with(|run| {
        run.latency_us = None;
        change(run);
    })
}

/// A run in which each count is this many times a number of its own.
fn counted(times: u64) -> RunReport {
    let numbers = Count::ALL.iter().map(|count| Figure::Count(*count).name()).zip(1..);
    let numbers: Value = numbers.map(|(name, number)| (name, number * times)).collect();
    run_with(|run| {
        run.messages = Some(Messages::deserialize(&numbers).unwrap());
        run.debts = Some(Debts { on_time: 5 * times, ..Debts::deserialize(&numbers).unwrap() });
        run.counts = Counts::deserialize(&numbers).unwrap();
        run.overruns = Some(100 * times);
    })
}

#[test]
fn every_count_is_summed() {
    let (sum, expected) = (one(vec![counted(1), counted(2)]), counted(3));
    assert_eq!((sum.messages, sum.debts, sum.counts), (expected.messages, expected.debts, expected.counts));
    assert_eq!(sum.overruns, Some(300));
    // A figure that only one of the runs has is taken from it; a figure that none has does not exist.
    let mut bare = counted(2);
    (bare.counts.duplicates, bare.messages, bare.debts) = (None, None, None);
    let sum = one(vec![bare.clone(), counted(1)]);
    assert_eq!((sum.counts.duplicates, sum.messages), (counted(1).counts.duplicates, counted(1).messages));
    assert_eq!(
        (one(vec![bare.clone(), bare.clone()]).debts, one(vec![bare]).counts.duplicates),
        (None, None)
    );
}

#[test]
fn distributions_are_added_and_quantiles_are_of_the_sum() {
    let run = |slow: u64| {
        run_with(|run| {
            let shifted = |by: u64| (quantiles(1, 1, slow + by), encoded(&[(100 + by, 99), (slow + by, 1)]));
            let mut of = Distributions::default();
            (run.latency_us, of.latency) = shifted(1);
            (run.service_us, of.service) = shifted(2);
            (run.recovered_us, of.recovered) = shifted(3);
            (run.fan_out_us, of.fan_out) = shifted(4);
            (run.publish_delay_us, of.publish_delay) = shifted(5);
            run.distributions = of;
        })
    };
    let pooled = one(vec![run(5_000), run(70_000)]);
    let expected = |by: u64| {
        let [usual, longest] = [100 + by, 70_000 + by];
        Some(Quantiles { p50: usual, p90: usual, p99: usual, p999: longest, max: longest })
    };
    // No report keeps the distribution of the loop's lag.
    let kept = Distribution::ALL.iter().filter(|of| **of != Distribution::LoopLag);
    for (by, of) in (1..).zip(kept) {
        assert_eq!(pooled.quantiles(*of), expected(by), "{of:?}");
        let values = [(100 + by, 198), (5_000 + by, 1), (70_000 + by, 1)];
        assert_eq!(pooled.distribution(*of), encoded(&values).as_ref(), "{of:?}");
    }
    let curves = &pooled.percentiles;
    for (by, curve) in [(1, &curves.latency), (2, &curves.service), (4, &curves.fan_out)] {
        let last = curve.last().unwrap();
        assert_eq!((last.count, last.value_us), (200, 70_000 + by));
    }
}

#[test]
fn a_phase_is_from_its_first_begin_to_its_last_end_in_all_runs() {
    let interval = |at_ms, length_ms, phase, values: &[(u64, u64)]| IntervalReport {
        at_ms,
        length_ms,
        phase,
        latency: encoded(values),
    };
    let mut one_run = run_with(|run| {
        run.intervals = vec![
            interval(0, 5_000, Phase::Steady, &[(100, 3)]),
            interval(5_000, 2_000, Phase::Fault, &[]),
            interval(9_000, 1_000, Phase::Steady, &[(200, 1)]),
        ];
        run.phases_us = [(Phase::Steady, quantiles(100, 200, 200).unwrap())].into();
        run.began_unix_ms = Some(2_000);
    });
    let mut other = one_run.clone();
    other.intervals = vec![interval(4_500, 2_000, Phase::Fault, &[(5_000, 2)])];
    other.phases_us = [(Phase::Fault, quantiles(5_000, 5_000, 5_001).unwrap())].into();
    other.began_unix_ms = Some(1_000);
    one_run.harness_limited = true;
    let pooled = one(vec![one_run, other]);
    let steady = interval(0, 10_000, Phase::Steady, &[(100, 3), (200, 1)]);
    assert_eq!(pooled.intervals, [steady, interval(4_500, 2_500, Phase::Fault, &[(5_000, 2)])]);
    let phases: Vec<_> = pooled.phases_us.iter().map(|(phase, us)| (*phase, us.p50, us.max)).collect();
    assert_eq!(phases, [(Phase::Steady, 100, 200), (Phase::Fault, 5_001, 5_001)]);
    assert_eq!((pooled.began_unix_ms, pooled.harness_limited), (Some(1_000), true));
}

#[test]
fn the_worst_verdict_is_that_of_all_and_doubts_are_counted() {
    let of = |verdict| undelivered(|run| run.verdict = verdict);
    let judged = |runs: Vec<RunReport>| {
        let run = one(runs);
        (run.verdict, run.why)
    };
    let (valid, doubtful, violated) = (Verdict::Valid, Verdict::Inconclusive, Verdict::Violated);
    assert_eq!(judged(vec![of(valid), of(valid)]), (valid, vec![]));
    let one_of_two = |word: &str| format!("1 of 2 runs {word}");
    assert_eq!(judged(vec![of(valid), of(doubtful)]), (doubtful, vec![one_of_two("inconclusive")]));
    assert_eq!(judged(vec![of(violated), of(valid)]), (violated, vec![one_of_two("violated")]));
    let both = vec![one_of_two("violated"), one_of_two("inconclusive")];
    assert_eq!(judged(vec![of(doubtful), of(violated)]), (violated, both));
    let mut partial = of(valid);
    partial.partial = true;
    let run = one(vec![of(valid), partial, of(valid)]);
    assert_eq!((run.partial, run.why), (true, vec!["1 of 3 runs interrupted".to_owned()]));
    assert!(!one(vec![of(valid)]).partial);
}

#[test]
fn a_run_without_a_distribution_is_left_out_of_the_latency_and_named() {
    let whole = run_with(|run| run.distributions.latency = encoded(&[(350, 9)]));
    // The largest value of the sum is the longest of those runs that are in it.
    let old = run_with(|run| run.latency_us = quantiles(350, 1_234, 99_000));
    let nothing = run_with(|run| run.latency_us = None);
    let run = one(vec![whole.clone(), old, nothing]);
    assert_eq!(run.why, ["1 of 3 runs without a distribution, and not in the latency"]);
    assert_eq!(run.latency_us, quantiles(350, 350, 350));
    assert_eq!(one(vec![whole]).why, Vec::<String>::new());
}

#[test]
fn runs_are_pooled_by_name_over_all_reports_and_their_origin_is_kept() {
    let run = |label: &str, rate: u64| {
        undelivered(|run| {
            (run.label, run.dialect) = (label.into(), Some("v1".into()));
            run.params = [("rate".into(), rate.into())].into();
        })
    };
    let mut other = report(vec![run("redis", 100), run("amqp", 100), super::super::sample::not_applicable()]);
    other.versions = [("rabbitmq".into(), "4.0".into())].into();
    other.seed = 7;
    other.host.cores = 64;
    let first = report(vec![run("redis", 100), run("redis", 200)]);
    let merged = merge(&[first.clone(), other, first]).unwrap();
    let made: Vec<_> = merged.report.runs.iter().map(|run| (label(run), run.id.as_str())).collect();
    let expected =
        [("redis rate=100", "redis-1"), ("redis rate=200", "redis-2"), ("amqp rate=100", "amqp-3")];
    assert_eq!(made, expected.map(|(name, id)| (name.to_owned(), id)));
    assert!(merged.report.runs.iter().all(|run| run.dialect.as_deref() == Some("v1")));
    let versions: Vec<_> = merged.report.versions.keys().map(String::as_str).collect();
    assert_eq!(versions, ["rabbitmq", "redis"]);
    let Sources { reports, hosts, seeds, runs, notes } = &merged.merged;
    assert_eq!((*reports, hosts.len(), &seeds[..], &runs[..]), (3, 2, &[42, 7][..], &[3, 2, 1][..]));
    assert_eq!(*notes, Vec::<String>::new());
    assert_eq!(
        merged.sentences(),
        [
            "redis rate=100: 3 runs of 3 reports pooled, 2 kinds of machine.",
            "redis rate=200: 2 runs of 3 reports pooled, 2 kinds of machine.",
            "amqp rate=100: 1 run of 3 reports pooled, 2 kinds of machine.",
        ]
    );
}

#[test]
fn a_single_run_and_a_doubtful_one_are_noted() {
    let mut lossy = undelivered(|run| run.verdict = Verdict::Violated);
    refuse(&mut lossy, 10);
    let merged = merge(&[report(vec![lossy])]).unwrap();
    assert_eq!(
        merged.sentences(),
        [
            "redis: 1 run of 1 report pooled, 1 kind of machine.",
            "Note: redis: 1 of 1 runs violated.",
            "Note: there is one run of each, so that nothing was pooled.",
        ]
    );
}

#[test]
fn other_scenarios_are_not_pooled_and_nothing_is_no_report() {
    let mut other = report(vec![]);
    other.scenario = serde_json::json!({"load": {"rate": 5}});
    let refused = |reports: &[Report]| merge(reports).err();
    assert_eq!(refused(&[report(vec![]), other]), Some(vec!["load.rate (-, 5)".to_owned()]));
    assert_eq!(refused(&[]), Some(vec![]));
    assert_eq!(refused(&[report(vec![]), report(vec![])]), None);
}

#[test]
fn what_is_written_reads_as_a_report_and_ends_in_a_line() {
    let interval =
        IntervalReport { at_ms: 0, length_ms: 1_000, phase: Phase::Steady, latency: encoded(&[(350, 9)]) };
    let run = run_with(|run| run.intervals = vec![interval]);
    let merged = merge(&[report(vec![run.clone()]), report(vec![run])]).unwrap();
    let dir = tempfile::tempdir().unwrap();
    merged.write(&dir.path().join("deeper"), false).unwrap();
    let read = |name: &str| std::fs::read_to_string(dir.path().join("deeper").join(name)).unwrap();
    let text = read(MERGED_JSON);
    assert!(text.ends_with("}\n"), "{text}");
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), merged.report);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap()["merged"]["reports"], 2);
    let pooled = encoded(&[(350, 18)]).unwrap();
    assert!(read(MERGED_HLOG).contains(pooled.as_str()), "{}", read(MERGED_HLOG));
}
