//! `pubsub-lab schema`, judged by a validator of other people: what is shipped and written validates, and what is
//! wrong does not.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod report;
mod scenario;

use std::process::{Command, Stdio};

use crate::support::process::pubsub_lab;
use serde_json::{Value, json};

/// What the program prints.
fn printed(args: &[&str]) -> String {
    let output = pubsub_lab(args).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A schema, as the program prints it.
pub fn schema(of: &str) -> Value {
    serde_json::from_str(&printed(&["schema", of])).unwrap()
}

/// What is wrong with each document; `None` for one that validates.
pub fn wrong(schema: &Value, documents: &[Value]) -> Vec<Option<String>> {
    use std::io::Write as _;
    let has_validator = |python: &&str| {
        let mut probe = Command::new(python);
        probe.args(["-c", "from jsonschema import Draft202012Validator"]).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    };
    let python = ["python3", "/usr/bin/python3"].into_iter().find(has_validator);
    let python = python.expect("no Python here has jsonschema: run `make setup`");
    let mut python = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/together/schema/validate.py"))
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

#[test]
fn control_the_validator_finds_what_is_wrong() {
    let schema = json!({ "type": "object", "properties": { "a": { "type": "integer" } } });
    let found = wrong(&schema, &[json!({ "a": 1 }), json!({ "a": "b" })]);
    assert_eq!(found[0], None);
    assert_eq!(found[1].as_deref(), Some("a: 'b' is not of type 'integer'"));
}

#[test]
fn help_says_how_an_editor_completes() {
    let help = printed(&["schema", "--help"]);
    for part in
        ["#:schema ./scenario.schema.json", "pubsub-lab schema scenario > ", "Even Better TOML", "Taplo"]
    {
        assert!(help.contains(part), "{help}");
    }
    let output = pubsub_lab(&["schema", "weather"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
