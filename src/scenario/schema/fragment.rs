//! The fragments of which the schema is made.

use std::ops::RangeInclusive;

use serde_json::{Value, json};

/// A reference to a definition.
pub(crate) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// The schema of text that matches this pattern.
pub(crate) fn text(pattern: &str, examples: &[&str]) -> Value {
    json!({ "type": "string", "pattern": pattern, "examples": examples })
}

/// The schema of a whole number within these bounds, both included.
pub(crate) fn count(range: RangeInclusive<u64>) -> Value {
    json!({ "type": "integer", "minimum": range.start(), "maximum": range.end() })
}

/// A schema to which a description for people is added. Editors do not show a description that stands beside a reference.
pub(crate) fn described(mut schema: Value, description: &str) -> Value {
    if schema.get("$ref").is_some() {
        return json!({ "description": description, "anyOf": [schema] });
    }
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("description".into(), description.into());
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_in_a_schema_and_around_a_reference() {
        assert_eq!(reference("span"), json!({ "$ref": "#/$defs/span" }));
        assert_eq!(text("^a$", &["a"]), json!({ "type": "string", "pattern": "^a$", "examples": ["a"] }));
        assert_eq!(
            described(text("^a$", &[]), "An a."),
            json!({ "type": "string", "pattern": "^a$", "examples": [], "description": "An a." })
        );
        assert_eq!(
            described(reference("span"), "How long."),
            json!({ "description": "How long.", "anyOf": [{ "$ref": "#/$defs/span" }] })
        );
    }
}
