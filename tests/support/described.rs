//! What the book's descriptions of the interfaces (AsyncAPI, OpenAPI) say of what goes over the wire.
#![allow(dead_code, reason = "each test target uses its own part")]
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test may")]

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::validator::wrong;

/// A description of an interface: a JSON document whose schemas stand under `components`.
pub struct Described {
    pub root: Value,
}

impl Described {
    /// The description of this file in the book's reference.
    pub fn read(file: &str) -> Self {
        let path = format!("{}/book/src/reference/{file}", env!("CARGO_MANIFEST_DIR"));
        Self { root: serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap() }
    }

    /// Every reference that leads nowhere.
    pub fn dangling(&self) -> Vec<String> {
        let mut found = Vec::new();
        walk(&self.root, &mut |value| {
            if let Some(to) = value.get("$ref").and_then(Value::as_str) {
                let place = to.strip_prefix('#').and_then(|place| self.root.pointer(place));
                found.extend(place.is_none().then(|| to.to_owned()));
            }
        });
        found
    }

    /// A schema, which may name those of the document, under which an object has no field that nobody describes. Readers
    /// are to ignore such fields; a test is to find them.
    pub fn strict(&self, schema: &Value) -> Value {
        let mut whole = json!({ "allOf": [schema], "components": self.root["components"] });
        close(&mut whole);
        whole
    }

    /// The names of the schemas that begin so, without that beginning.
    pub fn kinds(&self, prefix: &str) -> Vec<String> {
        let schemas = self.root["components"]["schemas"].as_object().unwrap();
        schemas.keys().filter_map(|name| name.strip_prefix(prefix).map(str::to_owned)).collect()
    }

    /// The words of an enumeration among the schemas.
    pub fn words(&self, schema: &str) -> Vec<String> {
        let words = self.root["components"]["schemas"][schema]["oneOf"].as_array();
        let words = words.unwrap_or_else(|| panic!("{schema} is no enumeration"));
        words.iter().map(|word| word["const"].as_str().unwrap().to_owned()).collect()
    }

    /// What is wrong with frames, each held against the schema that is called by this prefix and the frame's `type`.
    pub fn wrong_frames(&self, prefix: &str, frames: &[Value]) -> Vec<String> {
        let kinds = self.kinds(prefix);
        let case = |kind: &String| {
            json!({
                "if": { "properties": { "type": { "const": kind } } },
                "then": { "$ref": format!("#/components/schemas/{prefix}{kind}") },
            })
        };
        let cases: Vec<_> = kinds.iter().map(case).collect();
        let known = json!({ "required": ["type"], "properties": { "type": { "enum": kinds } } });
        let mut whole = self.strict(&known);
        // The list of types names no other field, and so must not be closed.
        whole["allOf"] = Value::Array([vec![known], cases].concat());
        let found = wrong(&whole, frames).into_iter().zip(frames);
        found.filter_map(|(wrong, frame)| wrong.map(|wrong| format!("{wrong}: {frame}"))).collect()
    }

    /// Every example of the messages whose names begin so.
    pub fn examples(&self, prefix: &str) -> Vec<Value> {
        let messages = self.root["components"]["messages"].as_object().unwrap().iter();
        let of_this_kind = messages.filter(|(name, _)| name.starts_with(prefix));
        let examples = of_this_kind.flat_map(|(_, message)| message["examples"].as_array().unwrap());
        examples.map(|example| example["payload"].clone()).collect()
    }

    /// Every field of an object that has no description, neither its own nor that of the schema which it names.
    pub fn undescribed(&self) -> Vec<String> {
        let mut found = Vec::new();
        walk(&self.root["components"]["schemas"], &mut |value| {
            for (name, field) in value.get("properties").and_then(Value::as_object).into_iter().flatten() {
                // The `type` of a frame is described by the frame.
                let says = |schema: &Value| schema["description"].as_str().is_some_and(|it| it.len() > 10);
                let named =
                    field["$ref"].as_str().and_then(|to| self.root.pointer(to.trim_start_matches('#')));
                let is_type = name == "type" && field["const"].is_string();
                if !is_type && !says(named.unwrap_or(field)) {
                    found.push(name.clone());
                }
            }
        });
        found
    }
}

/// Looks at a value and all that is in it.
fn walk(value: &Value, look: &mut impl FnMut(&Value)) {
    look(value);
    match value {
        Value::Object(fields) => fields.values().for_each(|inner| walk(inner, look)),
        Value::Array(items) => items.iter().for_each(|inner| walk(inner, look)),
        _ => {}
    }
}

/// Lets no object have a field that its schema does not name.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.values_mut().for_each(close);
            let names_fields =
                |fields: &Map<String, Value>| fields.get("properties").is_some_and(Value::is_object);
            if names_fields(fields) {
                fields.entry("additionalProperties").or_insert(json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// How many frames there are of each type.
pub fn by_type(frames: &[Value]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for frame in frames {
        *counts.entry(frame["type"].as_str().unwrap()).or_default() += 1;
    }
    counts
}
