//! The differences between reports beside their figures.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::Report;
use super::comparison::Side;

/// The keys of a scenario that change no figure: what it calls itself, what it expects and over which patterns it goes.
const IRRELEVANT: [&str; 6] = ["name", "title", "watch", "description", "expect", "patterns"];

/// The keys in which the conditions of two reports differ, with both values: `load.rate (100, 500)`.
pub(in super::super) fn differences(one: &Report, other: &Report) -> Vec<String> {
    let (one, other) = (conditions(one), conditions(other));
    let mut keys: Vec<_> = one.keys().chain(other.keys()).collect();
    keys.sort();
    keys.dedup();
    let shown = |value: Option<&String>| value.map_or("-", String::as_str).to_owned();
    keys.into_iter()
        .filter(|key| one.get(*key) != other.get(*key))
        .map(|key| format!("{key} ({}, {})", shown(one.get(key)), shown(other.get(key))))
        .collect()
}

/// Warnings of what a reader must know of the reports as a whole.
pub(super) fn warnings(sides: &[Side]) -> Vec<String> {
    let mut warnings: Vec<String> = Vec::new();
    let Some(first) = sides.first().and_then(|side| side.reports.first()) else { return warnings };
    let mut warn = |warning: String| {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    };
    for side in sides {
        for report in &side.reports {
            let differing = differences(first, report);
            if !differing.is_empty() {
                warn(format!("the scenarios differ in {}: {}", side.name, differing.join(", ")));
            }
            if report.host != first.host {
                warn(format!("{} was made on another machine", side.name));
            }
            for (name, version) in &report.versions {
                match first.versions.get(name) {
                    Some(before) if before != version => {
                        warn(format!("the versions differ in {}: {name} ({before}, {version})", side.name));
                    }
                    _ => {}
                }
            }
            if report.seed != first.seed {
                warn(format!("the seeds differ in {} ({}, {})", side.name, first.seed, report.seed));
            }
        }
    }
    warnings
}

/// Everything that a run depends on, by its path: `load.rate`, `fault.0.kill`.
fn conditions(report: &Report) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (key, value) in report.scenario.as_object().into_iter().flatten() {
        if !IRRELEVANT.contains(&key.as_str()) {
            flatten(key, value, &mut found);
        }
    }
    if let Some(flags) = report.bench.as_ref().and_then(|bench| bench.get("node_flags")) {
        flatten("node_flags", flags, &mut found);
    }
    found
}

fn flatten(path: &str, value: &Value, found: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| flatten(&format!("{path}.{key}"), value, found))
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, value)| flatten(&format!("{path}.{i}"), value, found));
        }
        Value::String(text) => drop(found.insert(path.to_owned(), text.clone())),
        other => drop(found.insert(path.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::sample::{report, run_with};
    use super::*;

    fn side(name: &str, reports: Vec<Report>) -> Side {
        Side { name: name.into(), reports }
    }

    fn one() -> Report {
        report(vec![run_with(|_| {})])
    }

    #[test]
    fn conditions_are_compared_by_their_path() {
        let with = |scenario| Report { scenario, ..one() };
        let fault =
            |what: &str| json!({"fault": [{"at": "5s", "kill": what}, {"at": "9s"}], "load": {"rate": 100}});
        assert_eq!(differences(&with(fault("broker")), &with(fault("broker"))), Vec::<String>::new());
        assert_eq!(
            differences(&with(fault("broker")), &with(fault("node 1"))),
            ["fault.0.kill (broker, node 1)"]
        );
        assert_eq!(
            differences(
                &with(json!({"load": {"rate": 1, "rooms": 2}})),
                &with(json!({"load": {"rate": 1}, "a": true}))
            ),
            ["a (-, true)", "load.rooms (2, -)"]
        );
        // The name of a scenario, its expectations and its patterns change no figure.
        let named = json!({"name": "x", "title": "y", "description": "z", "expect": {"lost": 0}, "patterns": ["redis"]});
        assert_eq!(differences(&with(named), &with(json!({}))), Vec::<String>::new());
        let flags = |flags| Report { bench: Some(json!({"node_flags": flags, "runs": 5})), ..one() };
        assert_eq!(
            differences(&flags(json!(["--a", "1"])), &flags(json!(["--a", "2"]))),
            ["node_flags.1 (1, 2)"]
        );
        assert_eq!(differences(&flags(json!(["--a"])), &one()), ["node_flags.0 (--a, -)"]);
    }

    #[test]
    fn machine_versions_and_seed_are_said_where_they_differ_and_once() {
        let same = [side("a", vec![one(), one()]), side("b", vec![one()])];
        assert_eq!(warnings(&same), Vec::<String>::new());
        assert_eq!(warnings(&[side("a", vec![]), side("b", vec![one()])]), Vec::<String>::new());
        let mut other = one();
        other.host.cores = 64;
        other.seed = 7;
        other.versions = [("redis".into(), "8.0".into()), ("rabbitmq".into(), "4".into())].into();
        let warned = warnings(&[side("a", vec![one()]), side("b", vec![other.clone(), one(), other])]);
        assert_eq!(
            warned,
            [
                "b was made on another machine",
                "the versions differ in b: redis (7.0.15, 8.0)",
                "the seeds differ in b (42, 7)",
            ]
        );
    }
}
