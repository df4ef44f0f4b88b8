//! `report --merge`: several reports as one, exactly.

use pubsub_lab::report::{Encoded, Quantiles, Report};
use serde_json::{Value, json};

use super::literal::{histogram, report, run, write};
use super::once::{dir, printed, report_in};

#[test]
fn the_halves_merged_are_the_whole_in_every_quantile() {
    let value = |i: u64| 200 + i * i % 7_919 + if i.is_multiple_of(97) { 250_000 } else { 0 };
    let whole = histogram((0..5_000).map(value));
    let (one, other) = (histogram((0..1_234).map(value)), histogram((1_234..5_000).map(value)));
    let place = tempfile::tempdir().unwrap();
    write(place.path(), "a", &report(&[run(1, &one)]));
    write(place.path(), "b", &report(&[run(1, &other)]));
    let text = printed(place.path(), &["--merge", "a", "b", "--out", "both"]);
    assert!(text.contains("redis rate=100: 2 runs of 2 reports pooled, 1 kind of machine."), "{text}");
    let both = place.path().join("both");
    let json: Value = serde_json::from_slice(&std::fs::read(both.join("merged.json")).unwrap()).unwrap();
    let merged = Report::read(&both.join("merged.json")).unwrap();
    let pooled = &merged.runs[0];
    assert_eq!(pooled.distributions.latency, Encoded::of(&whole));
    assert_eq!(pooled.latency_us, Quantiles::of(&whole));
    let read = pooled.distributions.latency.as_ref().unwrap().decode().unwrap();
    for thousandth in 0..=1_000 {
        let at = f64::from(thousandth) / 1_000.0;
        assert_eq!(read.value_at_quantile(at), whole.value_at_quantile(at));
    }
    assert_eq!(json["runs"][0]["debts"]["owed"], 5_000);
    assert_eq!(json["runs"][0]["messages"]["acked"], 5_000);
    assert_eq!(json["runs"][0]["duplicates"], 2);
    assert_eq!((&json["merged"]["reports"], &json["merged"]["runs"]), (&json!(2), &json!([2])));
    // And for those who read the log.
    let found = super::hlog::read(&both.join("merged.hlog"), &both.join("merged.json"));
    assert_eq!(found["tags"]["redis_rate=100.steady"]["count"], 5_000);
    assert_eq!(found["all"]["p99"], json["runs"][0]["latency_us"]["p99"]);
}

#[test]
fn a_report_merged_with_one_that_found_the_same_has_twice_of_all_and_the_same_quantiles() {
    let place = tempfile::tempdir().unwrap();
    let real = dir().display().to_string();
    let one = Report::read(&dir()).unwrap();
    let mut other = serde_json::to_value(&one).unwrap();
    other["seed"] = json!(one.seed + 1);
    write(place.path(), "other", &other);
    let args = ["--merge", &real, "other", "--format", "json", "--out", "twice"];
    let twice: Value = serde_json::from_str(&printed(place.path(), &args)).unwrap();
    let (run, pooled) = (&one.runs[0], &twice["runs"][0]);
    let owed = run.debts.unwrap().owed;
    assert_eq!(pooled["debts"]["owed"], 2 * owed);
    assert_eq!(pooled["latency_us"], serde_json::to_value(run.latency_us).unwrap());
    assert_eq!(pooled["phases_us"], serde_json::to_value(&run.phases_us).unwrap());
    let share = |json: &Value| json.as_f64().unwrap();
    assert!((share(&pooled["debts"]["on_time"]) - run.debts.unwrap().on_time_share().unwrap()).abs() < 1e-9);
    // It is a report like any other.
    assert!(printed(place.path(), &["twice/merged.json"]).contains("local"));
}

#[test]
fn no_run_counts_twice() {
    let place = tempfile::tempdir().unwrap();
    let one = report(&[run(1, &histogram(1..9))]);
    write(place.path(), "a", &one);
    write(place.path(), "copy", &one);
    let refused = |args: &[&str], why: &str| {
        let output = report_in(place.path(), args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        let expected = format!("error: {why}, and its runs would count twice\nhint: name each report once\n");
        assert_eq!(said, expected);
    };
    refused(&["--merge", "a", "a"], "a is named twice");
    refused(&["--merge", "a", "copy"], "a and copy hold the same report");
    refused(&["a,copy", "a"], "a and copy hold the same report");
    // Beside itself it may stand, and alone it is merged with nothing.
    assert!(printed(place.path(), &["a", "copy"]).contains("redis"));
    let alone = printed(place.path(), &["--merge", "a"]);
    assert!(alone.contains("Note: there is one run of each, so that nothing was pooled."), "{alone}");
}

#[test]
fn other_scenarios_are_not_pooled() {
    let place = tempfile::tempdir().unwrap();
    let one = report(&[run(1, &histogram(1..9))]);
    let mut other = one.clone();
    other["scenario"]["cluster"]["nodes"] = json!(5);
    write(place.path(), "a", &one);
    write(place.path(), "b", &other);
    let output = report_in(place.path(), &["--merge", "a", "b"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.starts_with("error: these reports are of different scenarios: cluster.nodes (3, 5)\nhint: "),
        "{said}"
    );
}
