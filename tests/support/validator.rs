//! A validator of JSON Schemas that other people wrote.
#![allow(dead_code, reason = "each test target uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use serde_json::{Value, json};

use super::python::judge;

/// What is wrong with each document; `None` for one that validates.
pub fn wrong(schema: &Value, documents: &[Value]) -> Vec<Option<String>> {
    let asked = json!({ "schema": schema, "documents": documents }).to_string();
    let wrong: Vec<_> = serde_json::from_str(&judge::<&str>("support/validate.py", &[], &asked)).unwrap();
    assert_eq!(wrong.len(), documents.len());
    wrong
}
