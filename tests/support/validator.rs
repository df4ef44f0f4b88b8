//! A validator of JSON Schemas that other people wrote.
#![allow(dead_code, reason = "each test target uses its own part")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may")]

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// What is wrong with each document; `None` for one that validates.
pub fn wrong(schema: &Value, documents: &[Value]) -> Vec<Option<String>> {
    let has_validator = |python: &&str| {
        let mut probe = Command::new(python);
        probe.args(["-c", "from jsonschema import Draft202012Validator"]).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    };
    let python = ["python3", "/usr/bin/python3"].into_iter().find(has_validator);
    let python = python.expect("no Python here has jsonschema: run `make setup`");
    let mut python = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/validate.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let asked = json!({ "schema": schema, "documents": documents }).to_string();
    python.stdin.take().unwrap().write_all(asked.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "the validator refuses the schema");
    let wrong: Vec<_> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(wrong.len(), documents.len());
    wrong
}
