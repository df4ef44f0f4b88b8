//! Ten million debts: settled and written in good time, and in little memory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::process::Command;
use std::time::{Duration, Instant};

use pubsub_lab::ledger::{Answer, Arrival, FaultTimes, Harness, Ledger, Plan, judge};
use pubsub_lab::report::{Host, Report, RunReport, SCHEMA};

const SUBSCRIBERS: usize = 1_000;
const MESSAGES: usize = 10_000;
const MOST_MIB: u64 = 500;
const MOST_TIME: Duration = Duration::from_secs(5);

/// The child writes its figures behind this word.
const FOUND: &str = "found:";
/// Set in the child.
const CHILD: &str = "PUBSUB_LAB_TEST_TEN_MILLION";

fn us(us: u64) -> Duration {
    Duration::from_micros(us)
}

/// Every message to every subscriber, but for one of ten thousand debts.
fn fed() -> (Ledger, Vec<FaultTimes>) {
    let plan = Plan {
        publishers: 10,
        subscribers: SUBSCRIBERS,
        nodes: 3,
        rooms: 1,
        rate: 500.0,
        messages: MESSAGES,
        surges: Vec::new(),
        crosses_nodes: true,
    };
    let tempo = plan.tempo();
    let mut ledger = Ledger::new(plan);
    (0..SUBSCRIBERS).for_each(|s| ledger.subscribed(s, s % 3, Duration::ZERO));
    let begin = Duration::from_secs(1);
    ledger.begin(begin);
    for n in 0..MESSAGES {
        let due = begin + tempo.due(n);
        ledger.sent(n, n % 3, due + us(20));
        ledger.answered(n, Answer::Handed);
        for s in 0..SUBSCRIBERS {
            let dice = (n * 7_919 + s * 104_729) % 10_007;
            if dice != 0 {
                // Up to a tenth of a second.
                let latency = 200 + (dice * dice / 1_002) as u64;
                ledger.received(s, n, Arrival::Live, due + us(latency));
            }
        }
    }
    let second = Duration::from_secs;
    let fault = FaultTimes {
        what: "kill broker".into(),
        begin: second(5),
        heal_begin: Some(second(8)),
        healed: Some(second(9)),
        deliberate: false,
        planned: None,
    };
    (ledger, vec![fault])
}

/// The most memory that this process ever had, in MiB.
fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().unwrap() / 1_024)
}

/// What the test does in a process of its own, so that the memory is its alone.
fn in_the_child() {
    let (ledger, faults) = fed();
    let out = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let settled = ledger.settle(&faults, Duration::from_secs(30));
    let harness = Harness::default();
    let judgement = judge(&settled, &harness, &[]);
    let run = RunReport::new("redis-1", "redis", "redis", &settled, &judgement, &harness, &faults);
    let report = Report {
        schema: SCHEMA,
        scenario: serde_json::json!({"name": "large"}),
        seed: 1,
        versions: Default::default(),
        host: Host::here(),
        bench: None,
        interrupted: false,
        not_run: Vec::new(),
        runs: vec![run],
    };
    report.write_all(out.path()).unwrap();
    let took = started.elapsed();
    let debts = report.runs[0].debts.unwrap();
    assert_eq!(debts.owed, (SUBSCRIBERS * MESSAGES) as u64);
    assert!(debts.lost > 0 && debts.delivered + debts.lost == debts.owed, "{debts:?}");
    println!("{FOUND} {} {}", took.as_millis(), peak_mib().unwrap_or(0));
}

#[test]
fn ten_million_debts_are_settled_and_written_in_good_time() {
    if std::env::var_os(CHILD).is_some() {
        return in_the_child();
    }
    let own = "timing::report_large::ten_million_debts_are_settled_and_written_in_good_time";
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", own, "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{out}\n{}", String::from_utf8_lossy(&output.stderr));
    let found = out.lines().find_map(|line| line.split_once(FOUND)).unwrap_or_else(|| panic!("{out}")).1;
    let found: Vec<u64> = found.split_whitespace().map(|number| number.parse().unwrap()).collect();
    let took = Duration::from_millis(found[0]);
    println!("settled and written in {took:?}, with at most {} MiB", found[1]);
    assert!(found[1] < MOST_MIB, "{} MiB", found[1]);
    // What is promised is promised of a release build; without optimisations only the memory is judged.
    if !cfg!(debug_assertions) {
        assert!(took < MOST_TIME, "{took:?}");
    }
}
