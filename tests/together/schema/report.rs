//! A report validates, and a wrong one does not.

use serde_json::{Value, json};

use super::{schema, wrong};
use crate::support::report::Bench;

/// A report that a bench wrote.
fn written() -> Value {
    let steady =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/steady.toml")).unwrap();
    let args = ["--pattern", "local", "--duration", "1s", "--warm-up", "0s"];
    let ended = Bench::start(&steady, &args).ended();
    // On a machine that is too busy it proves nothing, and is a report all the same.
    assert!(matches!(ended.code, Some(0 | 3)), "{}", ended.everything());
    ended.report().json().clone()
}

#[test]
fn a_report_validates_and_a_wrong_one_does_not() {
    let (schema, report) = (schema("report"), written());
    let mut documents = vec![report.clone()];
    // A later version adds fields, and none is missed by an earlier one.
    let mut later = report.clone();
    later["weather"] = json!("fine");
    later["runs"][0]["weather"] = json!("fine");
    documents.push(later);
    let broken = [
        ("/schema", json!(2)),
        ("/seed", json!("42")),
        ("/seed", json!(-1)),
        ("/runs", json!({})),
        ("/versions/pubsub-lab", json!(1)),
        ("/host/cores", json!("two")),
        ("/runs/0/verdict", json!("fine")),
        ("/runs/0/messages/due", json!(1.5)),
        ("/runs/0/debts/owed", json!(null)),
        ("/runs/0/latency_us/p99", json!("350")),
        ("/runs/0/outcomes/0/met", json!("yes")),
        ("/runs/0/why", json!("a reason")),
        ("/runs/0/timeline/0/sent", json!(true)),
    ];
    for (place, value) in &broken {
        let mut wrong = report.clone();
        *wrong.pointer_mut(place).unwrap_or_else(|| panic!("no {place} in {report:#}")) = value.clone();
        documents.push(wrong);
    }
    let mut without = report;
    without["runs"][0].as_object_mut().unwrap().remove("verdict");
    documents.push(without);
    let found = wrong(&schema, &documents);
    assert_eq!(found[..2], [None, None]);
    for (i, (place, value)) in broken.iter().enumerate() {
        assert!(found[i + 2].is_some(), "{place} = {value}");
    }
    assert!(found.last().unwrap().is_some(), "a run needs a verdict");
}
