//! The schema and the parser have the same numbers, keys and words.

use super::super::{Field, MATRIX_FIELDS, Overrides, Scenario};
use super::*;

/// The message with which the parser refuses a file.
fn refusal(text: &str) -> Option<String> {
    Scenario::parse("s.toml", text, &Overrides::new()).err().map(|error| error.to_string())
}

#[test]
fn every_key_of_the_file_has_a_schema_with_words() {
    let schema = json_schema();
    let properties = schema["properties"].as_object().unwrap();
    assert_eq!(properties.len(), KEYS.len());
    for key in KEYS {
        assert!(properties[key]["description"].is_string(), "{key}");
    }
    for (table, fields) in [("cluster", CLUSTER_FIELDS), ("load", LOAD_FIELDS)] {
        for field in fields {
            let schema = &properties[table]["properties"][field.key];
            let shown = match &schema["default"] {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            assert_eq!(shown, field.default, "{}", field.key);
            assert!(schema["description"].as_str().unwrap().contains(field.help), "{}", field.key);
        }
    }
    for field in MATRIX_FIELDS {
        assert!(properties["matrix"]["properties"][field]["items"]["type"].is_string(), "{field}");
    }
}

/// Asserts that a schema and the parser have the same limits on a number; `file` makes a file with a value, and
/// `refused` is how the parser refuses a value beyond the limits.
#[track_caller]
fn same_limits(schema: &Value, file: impl Fn(&str) -> String, refused: &str) {
    let fits = |value: i64| !refusal(&file(&value.to_string())).is_some_and(|why| why.contains(refused));
    let least = schema["minimum"].as_i64().unwrap_or(1);
    let most = schema["maximum"].as_i64().unwrap();
    assert!(fits(least) && fits(most), "{refused}: {least} to {most} fit");
    assert!(!fits(least - 1) && !fits(most + 1), "{refused}: beyond {least} to {most} is refused");
}

#[test]
fn numbers_have_the_limits_of_the_parser() {
    let schema = json_schema();
    let mut compared = 0;
    for (table, fields) in [("cluster", CLUSTER_FIELDS), ("load", LOAD_FIELDS)] {
        for Field { key, .. } in fields {
            let schema = &schema["properties"][table]["properties"][*key];
            if schema["maximum"].is_number() {
                let refused = format!("`{key}` must be ");
                same_limits(schema, |value| format!("[{table}]\n{key} = {value}\n"), &refused);
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 6, "nodes, publishers, subscribers, rate, payload, rooms");
    let of = |action: &str, key: &str| {
        let all = schema["properties"]["fault"]["items"]["oneOf"].as_array().unwrap();
        all.iter().find(|form| form["title"] == action).unwrap()["properties"][key].clone()
    };
    let link = "= \"node 1 <-> broker\"";
    let strikes = |lines: String| format!("[[fault]]\nat = \"1s\"\nfor = \"1s\"\n{lines}\n");
    for (action, key, lines) in [
        ("throttle", "bytes_per_second", format!("throttle {link}\nbytes_per_second = ")),
        ("slow", "bytes_per_second", "slow = \"10%\"\nbytes_per_second = ".into()),
        ("slice", "bytes", format!("slice {link}\ngap = \"1ms\"\nbytes = ")),
        ("limit", "bytes", format!("limit {link}\nbytes = ")),
        ("surge", "surge", "surge = ".into()),
        ("kill", "times", "kill = \"broker\"\nevery = \"2s\"\ntimes = ".into()),
    ] {
        let refused = format!("`{key}` must be ");
        same_limits(&of(action, key), |value| strikes(format!("{lines}{value}")), &refused);
    }
}

#[test]
fn every_action_has_a_form_of_its_own() {
    let forms = fault::any();
    let forms = forms["oneOf"].as_array().unwrap();
    assert_eq!(forms.len(), super::super::ACTIONS.len());
    let mut helps: Vec<_> = forms.iter().map(|form| form["description"].as_str().unwrap()).collect();
    helps.sort_unstable();
    helps.dedup();
    assert_eq!(helps.len(), forms.len(), "each says what it does");
    for (form, action) in forms.iter().zip(super::super::ACTIONS) {
        assert_eq!(form["title"], action);
        let example = form["properties"][action]["examples"].as_array();
        let known = form["properties"][action]["anyOf"][0]["$ref"] == "#/$defs/link";
        assert!(known || example.is_some_and(|all| !all.is_empty()), "{action}");
    }
}

#[test]
fn the_schema_names_every_key_of_the_file_and_refuses_others() {
    let schema = json_schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!((&schema["type"], &schema["additionalProperties"]), (&json!("object"), &json!(false)));
    let properties = schema["properties"].as_object().unwrap();
    assert_eq!(
        (&properties["title"]["type"], &properties["title"]["maxLength"]),
        (&json!("string"), &json!(100))
    );
    assert_eq!(properties["patterns"]["anyOf"], json!([{ "$ref": "#/$defs/patterns" }]));
    for (key, what) in [
        ("title", "One line for people; without it, the file's name."),
        ("cluster", "What stands."),
        ("load", "What is sent, and who listens."),
        ("matrix", "Runs the scenario over several values, a run for every combination."),
        ("expect", "What every run must show."),
    ] {
        assert_eq!(properties[key]["description"], what);
    }
    assert_eq!(properties["fault"]["type"], "array");
}

#[test]
fn what_several_places_refer_to_is_defined() {
    let schema = json_schema();
    let defined = schema["$defs"].as_object().unwrap();
    let names: Vec<_> = defined.keys().map(String::as_str).collect();
    let expected = [
        "amount", "count", "duration", "figures", "link", "micros", "millis", "patterns", "share", "span",
        "time",
    ];
    assert_eq!(names, expected);
    let patterns = json!({
        "type": "array", "items": { "enum": Pattern::ALL.map(Pattern::name) }, "minItems": 1,
        "uniqueItems": true,
    });
    assert_eq!(defined["patterns"], patterns);
    assert_eq!(defined["duration"].get("not"), None);
    assert_eq!(defined["span"]["not"], json!({ "pattern": "^[^1-9]*$" }));
    assert_eq!(defined["span"]["pattern"], defined["duration"]["pattern"]);
}

#[test]
fn every_figure_is_bounded_by_its_kind() {
    let schema = json_schema();
    let (all, own) =
        (&schema["properties"]["expect"]["properties"], &schema["$defs"]["figures"]["properties"]);
    for (figure, kind, help) in [
        ("lost", "count", "Debts never received. Debts of unsent messages count as lost."),
        (
            "on_time",
            "share",
            "The share of owed debts received live within a second of the intended send time. Debts of unsent messages \
             count as lost. A share of 1, or with a percent sign.",
        ),
        (
            "p99",
            "time",
            "The 99th percentile of the latency of debts delivered live, from the intended send time. A bound names \
             its unit.",
        ),
        (
            "service_p50_ms",
            "millis",
            "The median of the latency of debts delivered live, from the actual send time. In milliseconds.",
        ),
        (
            "loop_lag_max_us",
            "micros",
            "The maximum of the delay with which the load generator received. In microseconds.",
        ),
    ] {
        let expected = json!({ "description": help, "anyOf": [{ "$ref": format!("#/$defs/{kind}") }] });
        assert_eq!((&all[figure], &own[figure]), (&expected, &expected), "{figure}");
    }
    let of = "Of redis alone; replaces what is said of all, figure by figure.";
    assert_eq!(all["redis"], json!({ "description": of, "anyOf": [{ "$ref": "#/$defs/figures" }] }));
    let of = "Of a server that is none of ours; replaces what is said of all, figure by figure.";
    assert_eq!(all["server"], json!({ "description": of, "anyOf": [{ "$ref": "#/$defs/figures" }] }));
    assert_eq!(own.get("redis"), None);
    let number = json!({ "type": "number", "minimum": 0 });
    let count = schema["$defs"]["count"]["anyOf"].as_array().unwrap();
    assert_eq!((count.len(), &count[0], &count[1]["type"]), (3, &number, &json!("string")));
    assert_eq!((&count[2]["type"], &count[2]["minItems"]), (&json!("array"), &json!(1)));
    assert_eq!(schema["$defs"]["time"]["anyOf"].as_array().unwrap().len(), 2, "no number without its unit");
    assert_eq!(schema["$defs"]["share"]["anyOf"][0], json!({ "type": "number", "minimum": 0, "maximum": 1 }));
}
