//! One run in `report.json`, field by field.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use ledger::{Answer, Arrival, Ledger, Plan, judge};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A run of two messages to one subscriber: one was delivered, one was refused and lost.
fn run() -> RunReport {
    let plan = Plan {
        publishers: 1,
        subscribers: 1,
        nodes: 1,
        rooms: 1,
        rate: 10.0,
        messages: 2,
        crosses_nodes: true,
        surges: vec![],
    };
    let mut ledger = Ledger::new(plan);
    ledger.subscribed(0, 0, ms(0));
    ledger.begin(ms(1_000));
    ledger.sent(0, 0, ms(1_000));
    ledger.answered(0, Answer::Handed);
    ledger.received(0, 0, Arrival::Live, ms(1_001));
    ledger.sent(1, 0, ms(1_100));
    ledger.answered(1, Answer::Refused);
    let what = "kill broker".to_owned();
    let faults = [FaultTimes {
        what,
        begin: ms(50),
        heal_begin: Some(ms(90)),
        healed: Some(Duration::from_micros(121_500)),
        deliberate: false,
        planned: None,
    }];
    let (settled, harness) = (ledger.settle(&faults, ms(3_000)), Harness::default());
    RunReport::new("redis-1", "redis", "redis", &settled, &judge(&settled, &harness, &[]), &harness, &faults)
}

#[test]
fn the_json_has_the_fields_of_the_design_in_their_order() {
    let quantiles = json!({"p50": 1000, "p90": 1000, "p99": 1000, "p999": 1000, "max": 1000});
    let mut expected = json!({
        "id": "redis-1", "label": "redis", "pattern": "redis", "params": {}, "repeat": 1, "dialect": null,
        "transport": null,
        "verdict": "valid", "partial": false, "sought": false, "why": [],
        "reasons": { "doubts": [], "violations": [], "causes": [], "notes": [] }, "outcomes": [],
        "messages": {"due": 2, "sent": 2, "unsent": 0, "acked": 1, "refused": 1, "unknown": 0},
        "debts": {
            "owed": 2, "delivered": 1, "recovered": 0, "lost": 1, "on_time": 0.5, "on_time_debts": 1,
            "lost_confirmed": 0, "lost_handed": 0, "lost_refused": 1, "lost_unknown": 0, "lost_no_path": 0,
            "lost_online": 1, "lost_offline": 0, "lost_told": 0, "lost_silent": 1,
            "lost_silent_sender_told": 1, "acked_debts": 1
        },
        "latency_us": quantiles, "service_us": quantiles, "recovered_us": null,
        "fan_out_us": null, "phases_us": {"fault": quantiles}, "phases_service_us": {"fault": quantiles},
        "publish_delay_us": null, "loop_lag_us": null, "overruns": 0, "harness_limited": false,
        "impact_ms": 0, "recovery_ms": null, "not_recovered": true, "ready_ms": 32, "schedule": [],
        "faults": [{"what": "kill broker", "begin_ms": 50, "heal_begin_ms": 90, "healed_ms": 122}],
        "links": [], "proxy_us": null, "unwitnessed": 0,
    });
    for count in scenario::Count::ALL.iter().map(|count| scenario::Figure::Count(*count).name()) {
        if expected["messages"].get(count).is_none() && expected["debts"].get(count).is_none() {
            expected[count] = json!(0);
        }
    }
    for none in ["unverified_paths", "stopped_paths", "payers"] {
        expected[none] = json!([]);
    }
    expected["timeline"] = json!([
        {
            "at_ms": 0, "sent": 1, "acked": 1, "refused": 0, "unknown": 0, "delivered": 1, "late": 0, "duplicates": 0,
            "received": 1, "recovered": 0, "lost": 0, "online": 1, "p50_us": 1000, "p99_us": 1000, "max_us": 1000,
            "spread_p50_us": null, "spread_max_us": null
        },
        {
            "at_ms": 100, "sent": 1, "acked": 0, "refused": 1, "unknown": 0, "delivered": 0, "late": 0, "duplicates": 0,
            "received": 0, "recovered": 0, "lost": 1, "lost_by_node": [1], "online": 1, "p50_us": null, "p99_us": null,
            "max_us": null, "spread_p50_us": null, "spread_max_us": null
        }
    ]);
    let mut json = serde_json::to_value(run()).unwrap();
    // The encoded value, and what is read back from it, are tested where they are made.
    for (key, parts) in [
        ("intervals", 2),
        ("percentiles", 3),
        ("distributions", 5),
        ("stories", 0),
        ("began_unix_ms", 0),
        ("traffic", 0),
        ("cost", 0),
    ] {
        let value = json.as_object_mut().unwrap().remove(key).unwrap();
        let length = value.as_array().map_or(0, Vec::len) + value.as_object().map_or(0, serde_json::Map::len);
        assert_eq!(length, parts, "{key}: {value}");
    }
    assert_eq!(json, expected);
    // The order of fields is compared too, which a JSON value does not keep.
    let text = serde_json::to_string(&run()).unwrap();
    let at = |key: &str| text.find(&format!("\"{key}\":")).unwrap();
    let keys =
        ["id", "label", "pattern", "params", "repeat", "verdict", "why", "messages", "debts", "duplicates"];
    assert!(keys.is_sorted_by_key(|key| at(key)), "{text}");
}

#[test]
fn a_run_that_was_not_made_has_no_figure_at_all() {
    let run = RunReport::not_applicable("local-1", "local", "local", vec!["local has no broker".into()]);
    let json = serde_json::to_value(run).unwrap();
    assert_eq!(json["verdict"], "not_applicable");
    for figure in ["messages", "debts", "duplicates", "latency_us", "impact_ms", "recovery_ms", "ready_ms"] {
        assert_eq!(json[figure], Value::Null, "{figure}");
    }
}

#[test]
fn a_fault_is_read_by_its_keys_and_else_known_by_its_words() {
    let planned = scenario::Fault::from_json(&json!({ "at": "50ms", "for": "40ms", "kill": "broker" }));
    let told = FaultReport { planned, ..run().faults.remove(0) };
    let json = serde_json::to_value(&told).unwrap();
    assert_eq!(json["planned"], json!({ "at": "50ms", "for": "40ms", "kill": "broker" }));
    assert_eq!(serde_json::from_value::<FaultReport>(json.clone()).unwrap(), told);
    let by_words = FaultReport { planned: None, ..told };
    for planned in [json!({ "at": "50ms", "melt": "broker" }), json!(null), json!(7)] {
        let mut other = json.clone();
        other["planned"] = planned;
        assert_eq!(serde_json::from_value::<FaultReport>(other).unwrap(), by_words);
    }
    let old = json!({ "what": "kill broker", "begin_ms": 50, "heal_begin_ms": 90, "healed_ms": 122 });
    assert_eq!(serde_json::from_value::<FaultReport>(old.clone()).unwrap(), by_words);
    assert_eq!(serde_json::to_value(&by_words).unwrap(), old);
}
