//! Reports that tests write themselves.

use std::path::Path;

use hdrhistogram::Histogram;
use pubsub_lab::ledger::micros_histogram;
use pubsub_lab::report::{Encoded, Quantiles};
use serde_json::{Value, json};

/// A histogram of these values, in microseconds.
pub fn histogram(values: impl IntoIterator<Item = u64>) -> Histogram<u64> {
    let mut histogram = micros_histogram();
    values.into_iter().for_each(|value| histogram.saturating_record(value));
    histogram
}

/// A run of redis with this latency: all that was owed came, and in time.
pub fn run(repeat: usize, latency: &Histogram<u64>) -> Value {
    let count = latency.len();
    json!({
        "id": format!("redis-{repeat}"), "label": "redis", "pattern": "redis", "params": {"rate": 100},
        "repeat": repeat, "verdict": "valid", "why": [],
        "messages": {"due": count, "sent": count, "unsent": 0, "acked": count, "refused": 0, "unknown": 0},
        "debts": {
            "owed": count, "delivered": count, "recovered": 0, "lost": 0, "on_time": 1.0,
            "lost_confirmed": 0, "lost_handed": 0, "lost_refused": 0, "lost_unknown": 0, "lost_no_path": 0,
            "lost_online": 0, "lost_offline": 0
        },
        "duplicates": 1, "reordered": 0,
        "latency_us": Quantiles::of(latency),
        "distributions": {"latency": Encoded::of(latency)},
        "intervals": [
            {"at_ms": 0, "length_ms": 1_000, "phase": "steady", "latency": Encoded::of(latency)}
        ],
    })
}

/// A report of these runs.
pub fn report(runs: &[Value]) -> Value {
    json!({
        "schema": 1, "seed": 42, "versions": {"redis": "7.0.15"},
        "scenario": {"name": "steady", "load": {"rate": 100}, "cluster": {"nodes": 3}},
        "host": {"cores": 2, "os": "linux", "arch": "x86_64", "cpu": null, "memory_mib": null},
        "runs": runs,
    })
}

/// Writes a report into a directory of this name.
pub fn write(place: &Path, name: &str, report: &Value) {
    let dir = place.join(name);
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("report.json"), report.to_string()).unwrap();
}

/// Five runs, of which each has a few values of its own, and these 99th percentiles.
pub fn five(p99: [u64; 5]) -> Value {
    let values = |p99: u64| (0..970).map(|i| 300 + i % 50).chain(std::iter::repeat_n(p99, 30));
    let runs: Vec<_> = p99.iter().enumerate().map(|(i, p99)| run(i + 1, &histogram(values(*p99)))).collect();
    report(&runs)
}
