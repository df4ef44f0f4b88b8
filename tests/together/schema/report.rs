//! A report validates, and a wrong one does not.

use serde_json::{Value, json};

use super::schema;
use crate::support::report::conclusive;
use crate::support::validator::wrong;

/// A report that a bench wrote.
fn written() -> Value {
    let mut report = bench();
    // What a run over one node without a fault does not have.
    report["runs"][0]["stories"] = json!([{
        "choice": "slowest", "number": 7, "publisher": 0, "seq": 7, "node": null, "due_us": 5, "sent_us": null, "answer": null,
        "owed": 1, "received": 0, "lost": 1,
        "lanes": [{"kind": "publisher", "name": "publisher 0", "number": 0, "node": 0}],
        "arrows": [{"from": 0, "to": 0, "leaves_us": 1, "arrives_us": null, "carries": "ack", "traced": true,
                    "note": null}]
    }]);
    report["runs"][0]["timeline"][0]["lost_by_node"] = json!([1, 0]);
    report
}

fn bench() -> Value {
    let steady =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/steady.toml")).unwrap();
    let args = ["--pattern", "local", "--duration", "1s", "--warm-up", "0s"];
    let ended = conclusive(&steady, &args);
    assert_eq!(ended.code, Some(0), "{}", ended.everything());
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
        ("/runs/0/timeline/0/lost_by_node", json!(3)),
        ("/runs/0/timeline/0/online", json!("all")),
        ("/runs/0/timeline/0/max_us", json!(1.5)),
        ("/runs/0/timeline/0/spread_p50_us", json!(-1)),
        ("/runs/0/phases_us/steady", json!(350)),
        ("/runs/0/fan_out_us", json!([])),
        ("/runs/0/began_unix_ms", json!("today")),
        ("/runs/0/intervals/0/phase", json!("calm")),
        ("/runs/0/intervals/0/latency", json!(7)),
        ("/runs/0/percentiles/latency/0/count", json!(null)),
        ("/runs/0/percentiles/latency/0/percentile", json!("50")),
        ("/runs/0/distributions/latency", json!({})),
        ("/runs/0/stories/0/lanes/0/kind", json!("ghost")),
        ("/runs/0/stories/0/arrows/0/carries", json!("a letter")),
        ("/runs/0/stories/0/arrows/0/from", json!(-1)),
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

/// Every property of a schema, at whatever depth, that has no description.
fn undescribed(schema: &Value, place: &str, found: &mut Vec<String>) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        if field["description"].as_str().is_none_or(str::is_empty) {
            found.push(format!("{place}/{name}"));
        }
    }
    match schema {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, inner)| undescribed(inner, &format!("{place}/{key}"), found));
        }
        Value::Array(items) => items.iter().for_each(|inner| undescribed(inner, place, found)),
        _ => {}
    }
}

#[test]
fn every_field_is_described() {
    let schema = schema("report");
    let mut found = Vec::new();
    undescribed(&schema, "", &mut found);
    assert_eq!(found, Vec::<String>::new());
    let described =
        schema["$defs"].as_object().unwrap().iter().filter(|(_, def)| def["description"].is_null());
    assert_eq!(described.map(|(name, _)| name.as_str()).collect::<Vec<_>>(), [""; 0]);
    undescribed(&json!({"items": [{"properties": {"a": {"type": "string"}}}]}), "", &mut found);
    assert_eq!(found, ["/items/a"], "the walk finds what is known to be there");
}
