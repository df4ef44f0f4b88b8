//! The schema has the keys of each action, and what may stand behind each key.

use super::*;
use crate::fault::KINDS;

/// The form of the kind with this key.
fn kind(key: &str) -> &'static Form {
    &KINDS.iter().find(|kind| kind.form.key == key).unwrap().form
}

/// The description of a kind, and what may stand behind its key.
fn of(key: &str) -> (&'static str, Value) {
    (kind(key).help, (kind(key).value)())
}

/// The schema of a key that belongs to one kind alone.
fn of_own(key: &str, own: &str) -> Value {
    form(kind(key))["properties"][own].clone()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn every_action_takes_its_own_keys_and_needs_some_of_them() {
    for (action, own, needed) in [
        ("kill", &["for"][..], &["kill"][..]),
        ("stop", &["for"], &["stop"]),
        ("pause", &["for"], &["pause"]),
        ("leave", &["for"], &["leave"]),
        ("join", &[], &["join"]),
        ("cut", &["for"], &["cut"]),
        ("blackhole", &["for"], &["blackhole"]),
        ("delay", &["for", "by", "jitter"], &["by", "delay"]),
        ("throttle", &["for", "bytes_per_second"], &["bytes_per_second", "throttle"]),
        ("slice", &["for", "bytes", "gap"], &["bytes", "gap", "slice"]),
        ("limit", &["for", "bytes"], &["bytes", "limit"]),
        ("partition", &["for"], &["partition"]),
        ("slow", &["for", "bytes_per_second"], &["bytes_per_second", "slow"]),
        ("storm", &[], &["storm"]),
        ("surge", &["for"], &["surge", "for"]),
        ("run", &["for", "heal"], &["run"]),
    ] {
        let form = form(kind(action));
        let mut expected: Vec<_> = ["at", "between", "every", "patterns", "times", action].to_vec();
        expected.extend(own);
        expected.sort_unstable();
        assert_eq!(keys(&form["properties"]), expected, "{action}");
        assert_eq!(form["required"], json!(needed), "{action}");
        assert_eq!(form["oneOf"], json!([{ "required": ["at"] }, { "required": ["between"] }]));
        assert_eq!(form["additionalProperties"], false);
        let depends = match action {
            "run" => json!({ "times": ["every"], "heal": ["for"] }),
            _ => json!({ "times": ["every"] }),
        };
        assert_eq!(form["dependentRequired"], depends, "{action}");
    }
}

#[test]
fn the_keys_of_every_fault() {
    let reference = |name: &str| json!([{ "$ref": format!("#/$defs/{name}") }]);
    for (key, to) in [("at", "duration"), ("for", "span"), ("every", "span"), ("patterns", "patterns")] {
        assert_eq!(of_all(key)["anyOf"], reference(to), "{key}");
    }
    let helps =
        ["at", "between", "for", "every", "times", "patterns"].map(|key| of_all(key)["description"].clone());
    assert_eq!(helps[0], "When it strikes, since the measured load began.");
    assert_eq!(helps[2], "Then it is healed; without it, never.");
    assert_eq!(helps[3], "From one time that it strikes to the next.");
    assert_eq!(helps[5], "The patterns that it is for; without it, all of them.");
    let between = of_all("between");
    assert_eq!(between["items"], json!({ "$ref": "#/$defs/duration" }));
    assert_eq!((&between["minItems"], &between["maxItems"]), (&json!(2), &json!(2)));
    let times = json!({
        "type": "integer", "minimum": 1, "maximum": 10_000,
        "description": "How often it strikes; without it, for as long as the load lasts.",
    });
    assert_eq!(of_all("times"), times);
}

#[test]
fn the_keys_of_some_actions() {
    for (action, key, help) in [
        ("delay", "by", "Each chunk leaves so long after it came, in order."),
        ("delay", "jitter", "Up to so much more or less, drawn anew for each chunk."),
        ("slice", "gap", "The pause between two pieces."),
    ] {
        let expected = json!({ "description": help, "anyOf": [{ "$ref": "#/$defs/duration" }] });
        assert_eq!(of_own(action, key), expected, "{key}");
    }
    let count = |least: u64, most: u64, help: &str| json!({ "type": "integer", "minimum": least, "maximum": most, "description": help });
    assert_eq!(of_own("slice", "bytes"), count(1, 1_048_576, "Bytes a piece, at most."));
    let limit = count(0, 1_125_899_906_842_624, "A connection is closed after so many, each way for itself.");
    assert_eq!(of_own("limit", "bytes"), limit);
    let rate = count(1, 1_099_511_627_776, "So many bytes pass in a second.");
    assert_eq!(of_own("throttle", "bytes_per_second"), rate);
    assert_eq!(of_own("slow", "bytes_per_second"), rate);
    assert_eq!(of_own("run", "heal")["description"], "What `sh -c` runs when the fault is healed.");
    assert_eq!(of_own("run", "heal")["type"], "string");
}

#[test]
fn what_may_stand_behind_an_action() {
    let words = |value: &Value| -> Vec<String> {
        let all = value["anyOf"].as_array().unwrap();
        all.iter().filter_map(|one| one["const"].as_str()).map(str::to_owned).collect()
    };
    let (_, process) = of("kill");
    assert_eq!(words(&process), ["broker", "history", "node *", "node any"]);
    assert_eq!(
        process["anyOf"][4],
        json!({ "pattern": "^\\s*(broker|history|node\\s+(any|\\*|[0-9]+))\\s*$" })
    );
    assert_eq!((&of("stop").1, &of("pause").1), (&process, &process));
    let (_, node) = of("storm");
    assert_eq!(words(&node), ["node *", "node any"]);
    assert_eq!(node["anyOf"][0], json!({ "const": "node *", "description": "Every node." }));
    assert_eq!(node["type"], "string");
    let share = json!({
        "type": "string", "pattern": "^\\s*0*(100|[1-9][0-9]?)\\s*%\\s*$", "examples": ["50%"],
    });
    assert_eq!((&of("leave").1, &of("join").1), (&share, &share));
    let group = json!({
        "type": "array",
        "items": { "type": "string", "pattern": "^\\s*(broker|history|node\\s+[0-9]+)\\s*$", "examples": ["node 0"] },
        "minItems": 1,
    });
    let (_, groups) = of("partition");
    assert_eq!(groups["anyOf"], json!([group, { "type": "array", "items": group, "minItems": 1 }]));
    for action in ["blackhole", "delay", "throttle", "slice", "limit"] {
        assert_eq!(of(action).1, json!({ "$ref": "#/$defs/link" }), "{action}");
    }
    assert!(of("cut").1["pattern"].as_str().unwrap().contains("<->"));
    assert_eq!(of("surge").1["type"], "number");
    assert_eq!(of("slow").1["examples"], json!(["subscriber 3", "subscriber any", "10%"]));
    assert_eq!(of("run").1["examples"], json!(["docker pause my-broker"]));
}
