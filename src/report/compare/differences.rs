//! What differs between reports beside their figures.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::Report;
use super::comparison::Side;

/// What a scenario calls itself, what it expects and over which patterns it goes changes no figure.
const IRRELEVANT: [&str; 5] = ["name", "title", "description", "expect", "patterns"];

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

/// What a reader must know of the reports as a whole.
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
