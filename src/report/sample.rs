//! Literal reports for tests: a broker that was killed for five seconds under 2,000 messages to 30 subscribers.

use std::collections::BTreeMap;

use super::{FaultReport, Host, Quantiles, Report, RunReport};
use ledger::{Counts, Debts, Messages, Outcome, Verdict};
use scenario::{Overrides, Scenario};

/// A report of these runs.
pub(super) fn report(runs: Vec<RunReport>) -> Report {
    Report {
        schema: 1,
        scenario: serde_json::json!({"name": "broker-down"}),
        seed: 42,
        versions: BTreeMap::from([("redis".into(), "7.0.15".into())]),
        host: Host {
            cores: 2,
            os: "linux".into(),
            arch: "x86_64".into(),
            cpu: None,
            memory_mib: Some(7_859),
        },
        bench: None,
        interrupted: false,
        not_run: Vec::new(),
        runs,
    }
}

/// Quantiles around a median, in microseconds.
pub(super) fn quantiles(p50: u64, p99: u64, max: u64) -> Option<Quantiles> {
    Some(Quantiles { p50, p90: p50 + (p99 - p50) / 2, p99, p999: max, max })
}

/// A run with every message acknowledged, every debt delivered on time and no fault, and then with what the test
/// changes.
pub(super) fn run_with(change: impl FnOnce(&mut RunReport)) -> RunReport {
    let mut run = RunReport {
        verdict: Verdict::Valid,
        messages: Some(Messages { due: 2_000, sent: 2_000, acked: 2_000, ..Messages::default() }),
        debts: Some(Debts { owed: 60_000, delivered: 60_000, on_time: 60_000, ..Debts::default() }),
        counts: Counts::<u64>::default().into(),
        latency_us: quantiles(350, 1_234, 5_120),
        service_us: quantiles(340, 1_200, 5_000),
        publish_delay_us: quantiles(20, 90, 400),
        loop_lag_us: quantiles(10, 60, 300),
        ..RunReport::not_applicable("redis-1", "redis", "redis", Vec::new())
    };
    change(&mut run);
    run
}

/// A run in which the broker was killed for five seconds: what was sent meanwhile was refused.
pub(super) fn redis() -> RunReport {
    run_with(|run| {
        refuse(run, 503);
        run.times.impact_ms = Some(5_012);
        run.times.recovery_ms = Some(212);
        run.times.ready_ms = Some(31);
        run.faults = vec![fault("kill = 'broker'", 5_000, Some(10_000))];
    })
}

/// A run in which no node hears another.
pub(super) fn local() -> RunReport {
    run_with(|run| {
        (run.id, run.label, run.pattern) = ("local-1".into(), "local".into(), "local".into());
        let lost = Debts {
            lost: 40_000,
            lost_handed: 40_000,
            lost_no_path: 40_000,
            lost_online: 40_000,
            ..Debts::default()
        };
        run.debts = Some(Debts { owed: 60_000, delivered: 20_000, on_time: 20_000, ..lost });
    })
}

/// A run that was not made, because the fault's target does not exist.
pub(super) fn not_applicable() -> RunReport {
    RunReport::not_applicable("zeromq-1", "zeromq", "zeromq", vec!["zeromq has no broker".into()])
}

/// A run with a restart that loses nothing, and takes its time.
pub(super) fn amqp() -> RunReport {
    run_with(|run| {
        (run.id, run.label, run.pattern) = ("amqp-1".into(), "amqp".into(), "amqp".into());
        let debts =
            Debts { owed: 60_000, delivered: 59_400, recovered: 600, on_time: 25_872, ..Debts::default() };
        run.debts = Some(debts);
        run.counts.duplicates = Some(12);
        run.latency_us = quantiles(2_210, 11_480_000, 12_100_000);
        run.times.impact_ms = Some(12_600);
        run.times.recovery_ms = Some(7_480);
        run.times.ready_ms = Some(6_100);
        run.faults = vec![fault("kill = 'broker'", 5_000, Some(10_000))];
    })
}

/// What became of an expectation.
pub(super) fn outcome(expectation: &str, met: bool) -> Outcome {
    Outcome {
        expectation: expectation.into(),
        figure: expectation.split(' ').next().unwrap_or_default().into(),
        value: Some(0.0),
        met,
        why: (!met).then(|| format!("{expectation} does not hold")),
        from_ms: None,
        to_ms: None,
    }
}

/// Makes this number of messages of a run refused and lost.
pub(super) fn refuse(run: &mut RunReport, refused: u64) {
    let lost = refused * 30;
    if let (Some(messages), Some(debts)) = (&mut run.messages, &mut run.debts) {
        (messages.acked, messages.refused) = (messages.acked - refused, refused);
        debts.delivered -= lost;
        (debts.lost, debts.lost_refused, debts.lost_online) =
            (debts.lost + lost, lost, debts.lost_online + lost);
        debts.on_time = debts.delivered;
    }
}

/// A fault that these lines of a file describe, whose target was ready 31 ms after its healing began.
pub(super) fn fault(lines: &str, begin_ms: u64, heal_begin_ms: Option<u64>) -> FaultReport {
    let file = format!("[cluster]\nnodes = 9\n[load]\nsubscribers = 100\n[[fault]]\nat = '1s'\n{lines}\n");
    let scenario = Scenario::parse("s.toml", &file, &Overrides::new()).expect(lines);
    let planned = scenario.schedule(None, 42).remove(0);
    FaultReport { planned: Some(planned.clone()), ..untold(&planned.what(), begin_ms, heal_begin_ms) }
}

/// A fault of which only the words are known.
pub(super) fn untold(what: &str, begin_ms: u64, heal_begin_ms: Option<u64>) -> FaultReport {
    let healed_ms = heal_begin_ms.map(|ms| ms + 31);
    FaultReport { what: what.into(), begin_ms, heal_begin_ms, healed_ms, planned: None }
}
