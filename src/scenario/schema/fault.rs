//! The schema of `[[fault]]`: one form for each action.

use serde_json::{Map, Value, json};

use super::super::fault::{COMMON, KINDS};
use super::fragment::{described, reference};
use crate::fault::{Form, Lasts};

/// The schema of any fault: exactly one action, with the keys that belong to it.
pub(super) fn any() -> Value {
    json!({ "type": "object", "oneOf": KINDS.iter().map(|kind| form(&kind.form)).collect::<Vec<_>>() })
}

/// The schema of a fault of one kind.
fn form(form: &Form) -> Value {
    let healed = !matches!(form.lasts, Lasts::AtOnce { .. });
    let common = COMMON.iter().filter(|key| healed || **key != "for").map(|key| (*key, of_all(key)));
    let mut properties: Map<_, _> = common.map(|(key, schema)| (key.to_owned(), schema)).collect();
    properties.extend(form.own.iter().map(|own| (own.key.to_owned(), described((own.value)(), own.help))));
    properties.insert(form.key.to_owned(), described((form.value)(), form.help));
    let mut required: Vec<_> = form.own.iter().filter(|own| own.needed).map(|own| own.key).collect();
    required.push(form.key);
    if matches!(form.lasts, Lasts::Needed { .. }) {
        required.push("for");
    }
    let mut depends = json!({ "times": ["every"] });
    for own in form.own.iter().filter(|own| own.needs_for) {
        depends[own.key] = json!(["for"]);
    }
    json!({
        "title": form.key,
        "description": form.help,
        "type": "object",
        "properties": properties,
        "required": required,
        "oneOf": [{ "required": ["at"] }, { "required": ["between"] }],
        "dependentRequired": depends,
        "additionalProperties": false,
    })
}

/// The schema of a key that every fault may have.
fn of_all(key: &str) -> Value {
    let (schema, help) = match key {
        "at" => (reference("duration"), "When it strikes, since the measured load began."),
        "between" => (
            json!({
                "type": "array",
                "items": reference("duration"),
                "minItems": 2,
                "maxItems": 2,
                "examples": [["3s", "8s"]],
            }),
            "The seed chooses when it strikes, from the first to the second, anew for each time.",
        ),
        "for" => (reference("span"), "Then it is healed; without it, never."),
        "every" => (reference("span"), "From one time that it strikes to the next."),
        "times" => (
            json!({ "type": "integer", "minimum": 1, "maximum": 10_000 }),
            "How often it strikes; without it, for as long as the load lasts.",
        ),
        _ => (reference("patterns"), "The patterns that it is for; without it, all of them."),
    };
    described(schema, help)
}

#[cfg(test)]
#[path = "fault_tests.rs"]
mod tests;
