//! The schema of `[cluster]`, `[load]` and `[matrix]`.

use serde_json::{Map, Value, json};

use super::super::{Field, MATRIX_FIELDS, Transport};
use super::fragment::{described, reference};

/// The schema of a table of fields.
pub(super) fn table(description: &str, fields: &[Field]) -> Value {
    let properties: Map<_, _> =
        fields.iter().map(|field| (field.key.to_owned(), with_default(field))).collect();
    json!({
        "description": description,
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

fn with_default(field: &Field) -> Value {
    let mut schema = described(of(field.key), &format!("{}. Default: {}.", field.help, field.default));
    if let Some(schema) = schema.as_object_mut() {
        // A default that is neither a number nor a switch is a text, such as that of a duration.
        let default = serde_json::from_str(field.default).unwrap_or_else(|_| field.default.into());
        schema.insert("default".into(), default);
    }
    schema
}

/// The schema of a field, which allows what `fields` reads.
fn of(key: &str) -> Value {
    let count = |most: u32| json!({ "type": "integer", "minimum": 1, "maximum": most });
    match key {
        "nodes" => count(64),
        "publishers" | "rooms" => count(10_000),
        "subscribers" => count(50_000),
        "payload" => json!({ "type": "integer", "minimum": 48, "maximum": 16_384 }),
        "rate" => json!({ "type": "number", "exclusiveMinimum": 0, "maximum": 1_000_000 }),
        "resend" | "presence" => json!({ "type": "boolean" }),
        "transport" => {
            let name = json!({ "enum": Transport::ALL.map(Transport::name) });
            let list = json!({ "type": "array", "items": name, "minItems": 1, "uniqueItems": true });
            json!({ "anyOf": [name, list] })
        }
        "warm_up" | "drain" => reference("duration"),
        _ => reference("span"),
    }
}

/// The schema of `[matrix]`.
pub(super) fn matrix() -> Value {
    let list = |key: &str| {
        let help = Field::of(key).map_or("", |field| field.help);
        json!({
            "description": format!("{help}: a run for each of these."),
            "type": "array",
            "items": of(key),
            "minItems": 1,
            "examples": [[10, 100, 1000]],
        })
    };
    let mut properties: Map<_, _> = MATRIX_FIELDS.iter().map(|key| ((*key).to_owned(), list(key))).collect();
    let until = json!({
        "description": "Ends a pattern's runs at the first that violates an expectation: a search for the last \
                        value that it sustains. Needs one field to vary, not several.",
        "const": "violated",
    });
    properties.insert("until".into(), until);
    json!({
        "description": "Runs the scenario over several values, a run for every combination.",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "dependentSchemas": { "until": { "maxProperties": 2 } },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_its_fields_and_no_others() {
        let field = Field { key: "resend", default: "false", help: "Send again" };
        let expected = json!({
            "description": "What is sent.",
            "type": "object",
            "properties": {
                "resend": { "type": "boolean", "description": "Send again. Default: false.", "default": false },
            },
            "additionalProperties": false,
        });
        assert_eq!(table("What is sent.", &[field]), expected);
        let time = Field { key: "drain", default: "5s", help: "How long" };
        let expected = json!({
            "description": "How long. Default: 5s.", "anyOf": [{ "$ref": "#/$defs/duration" }], "default": "5s",
        });
        assert_eq!(table("", &[time])["properties"]["drain"], expected);
    }

    #[test]
    fn every_field_is_of_the_type_that_is_read() {
        let count = |most: u32| json!({ "type": "integer", "minimum": 1, "maximum": most });
        let (duration, span) = (json!({ "$ref": "#/$defs/duration" }), json!({ "$ref": "#/$defs/span" }));
        for (key, expected) in [
            ("nodes", count(64)),
            ("publishers", count(10_000)),
            ("subscribers", count(50_000)),
            ("rooms", count(10_000)),
            ("payload", json!({ "type": "integer", "minimum": 48, "maximum": 16_384 })),
            ("rate", json!({ "type": "number", "exclusiveMinimum": 0, "maximum": 1_000_000 })),
            ("resend", json!({ "type": "boolean" })),
            ("presence", json!({ "type": "boolean" })),
            (
                "transport",
                json!({ "anyOf": [
                    { "enum": ["ws", "sse", "long-poll", "poll"] },
                    {
                        "type": "array",
                        "items": { "enum": ["ws", "sse", "long-poll", "poll"] },
                        "minItems": 1,
                        "uniqueItems": true,
                    },
                ] }),
            ),
            ("poll_every", span.clone()),
            ("warm_up", duration.clone()),
            ("drain", duration),
            ("duration", span.clone()),
            ("connect_timeout", span.clone()),
            ("reconnect_min", span.clone()),
            ("reconnect_max", span),
        ] {
            assert_eq!(of(key), expected, "{key}");
        }
    }

    #[test]
    fn a_matrix_lists_values_of_some_fields() {
        let matrix = matrix();
        let properties = matrix["properties"].as_object().unwrap();
        let keys: Vec<_> = properties.keys().map(String::as_str).collect();
        assert_eq!(keys, ["nodes", "payload", "publishers", "rate", "rooms", "subscribers", "until"]);
        let nodes = json!({
            "description": "Chat servers: a run for each of these.",
            "type": "array",
            "items": { "type": "integer", "minimum": 1, "maximum": 64 },
            "minItems": 1,
            "examples": [[10, 100, 1000]],
        });
        assert_eq!(properties["nodes"], nodes);
        assert_eq!(properties["until"]["const"], "violated");
        assert_eq!(matrix["dependentSchemas"], json!({ "until": { "maxProperties": 2 } }));
    }
}
