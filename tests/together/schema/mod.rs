//! `pubsub-lab schema`, judged by a validator of other people: what is shipped and written validates, and what is
//! wrong does not.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod report;
mod scenario;

use serde_json::{Value, json};

use crate::support::process::pubsub_lab;
use crate::support::validator::wrong;

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
