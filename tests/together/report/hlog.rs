//! `latency.hlog`, read by HdrHistogram's port to another language.

use std::path::Path;

use serde_json::Value;

use super::once::{dir, file, run};
use crate::support::python::judge;

/// What the Python port finds in a log, and in the report beside it.
pub fn read(log: &Path, report: &Path) -> Value {
    serde_json::from_str(&judge("together/report/hlog.py", &[log, report], "")).unwrap()
}

#[test]
fn another_language_reads_the_same_latency_from_the_log() {
    let (run, found) = (run(), read(&dir().join("latency.hlog"), &dir().join("report.json")));
    let same = |found: &Value, expected: &Value| {
        for name in ["p50", "p90", "p99", "p999", "max"] {
            let (bucket, exact) = (found[name].as_u64().unwrap(), expected[name].as_u64().unwrap());
            // The report's longest is exact, where a histogram knows the end of its bucket.
            let beyond = if expected[name] == expected["max"] { exact / 1_000 + 1 } else { 0 };
            assert!((exact..=exact + beyond).contains(&bucket), "{name} of {found} and {expected}");
        }
    };
    same(&found["all"], &run["latency_us"]);
    same(&found["distributions"][0], &run["latency_us"]);
    assert_eq!(found["all"]["count"], run["debts"]["delivered"]);
    let tags = found["tags"].as_object().unwrap();
    let phases = run["phases_us"].as_object().unwrap();
    assert!(tags.contains_key("local.steady") && tags.contains_key("local.fault"), "{found}");
    assert_eq!(tags.len(), phases.len());
    phases.iter().for_each(|(phase, expected)| same(&tags[&format!("local.{phase}")], expected));
    let counted: u64 = tags.values().map(|tag| tag["count"].as_u64().unwrap()).sum();
    assert_eq!(counted, run.count("delivered"));
    // Absolute, in milliseconds since the epoch, and in order.
    let begins: Vec<f64> =
        found["begins"].as_array().unwrap().iter().map(|at| at.as_f64().unwrap()).collect();
    assert!((begins[0] - run["began_unix_ms"].as_f64().unwrap()).abs() < 1.0, "{begins:?}");
    assert!(begins.is_sorted());
}

#[test]
fn the_log_says_its_units_and_names_its_columns() {
    let log = file("latency.hlog");
    let header: Vec<_> = log.lines().filter(|line| line.starts_with(['#', '"'])).collect();
    assert_eq!(header[0], "#[Histogram log format version 1.3]");
    assert!(
        header.contains(&"#[Values: microseconds from the intended send time to the first live receipt]")
    );
    assert!(header.contains(&"#[Interval_Max: milliseconds]"));
    let legend = r#""StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram""#;
    assert!(header.contains(&legend));
    let lines: Vec<Vec<&str>> =
        log.lines().filter(|line| line.starts_with("Tag=")).map(|line| line.split(',').collect()).collect();
    assert!(!lines.is_empty() && lines.iter().all(|fields| fields.len() == 5), "{log}");
    // The longest of all is in the report's bucket, in milliseconds.
    let longest = lines.iter().map(|fields| fields[3].parse::<f64>().unwrap()).fold(0.0, f64::max);
    let exact = run()["latency_us"]["max"].as_u64().unwrap();
    assert!((exact..=exact + exact / 1_000 + 1).contains(&((longest * 1_000.0).round() as u64)), "{longest}");
}
