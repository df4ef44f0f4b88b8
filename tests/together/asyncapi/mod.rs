//! The AsyncAPI document of the socket, judged by a validator of other people: it is whole, its examples are what it says,
//! and so is every frame that a real node sends.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod provoked;
mod requests;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::described::Described;

fn document() -> Described {
    Described::read("asyncapi.json")
}

const NONE: [&str; 0] = [];

#[test]
fn every_reference_leads_somewhere_and_every_field_is_described() {
    let document = document();
    assert_eq!(document.dangling(), NONE);
    assert_eq!(document.undescribed(), NONE);
    // And what is wrong would be found.
    let mut wrong = document;
    wrong.root["components"]["schemas"]["person"]["properties"]["age"] = json!({ "type": "integer" });
    wrong.root["channels"]["v1"]["messages"]["frame.gone"] = json!({ "$ref": "#/components/messages/gone" });
    assert_eq!(wrong.undescribed(), ["age"]);
    assert_eq!(wrong.dangling(), ["#/components/messages/gone"]);
}

/// Every reference below a value, by what stands behind the last slash.
fn named(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(name) = fields.get("$ref").and_then(Value::as_str) {
                found.insert(name.rsplit('/').next().unwrap().to_owned());
            }
            fields.values().for_each(|inner| named(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| named(inner, found)),
        _ => {}
    }
}

#[test]
fn every_message_is_in_a_channel_and_in_an_operation_and_has_examples() {
    let root = document().root;
    let messages = root["components"]["messages"].as_object().unwrap();
    for place in ["channels", "operations"] {
        let mut there = BTreeSet::new();
        named(&root[place], &mut there);
        let missing = messages.keys().filter(|name| !there.contains(*name));
        assert_eq!(missing.collect::<Vec<_>>(), NONE, "{place}");
    }
    for (name, message) in messages {
        assert_ne!(message["examples"].as_array().unwrap().len(), 0, "{name}");
    }
}

#[test]
fn every_example_is_what_its_schema_says() {
    let document = document();
    for prefix in ["request.", "frame."] {
        let examples = document.examples(prefix);
        assert!(examples.len() >= document.kinds(prefix).len(), "{examples:?}");
        assert_eq!(document.wrong_frames(prefix, &examples), NONE);
    }
}

#[test]
fn control_a_frame_that_is_not_in_the_document_is_found() {
    let document = document();
    let message = json!({
        "type": "message", "room": "r", "id": "00000000000000ad.1", "from": "Ada", "colour": "#111111", "text": "x",
        "sent_at": 5,
    });
    let with = |field: &str, value: Value| {
        let mut frame = message.clone();
        frame[field] = value;
        frame
    };
    let without = |field: &str| {
        let mut frame = message.clone();
        frame.as_object_mut().unwrap().remove(field);
        frame
    };
    assert_eq!(document.wrong_frames("frame.", std::slice::from_ref(&message)), NONE);
    let person = json!({ "name": "Ada", "colour": "#111111", "id": "00000000000000ad", "age": 5 });
    let wrong = [
        with("type", json!("massage")),
        with("shape", json!("round")),
        with("replay", json!(false)),
        with("sent_at", json!("5")),
        with("sent_at", json!(-1)),
        with("colour", json!("red")),
        with("id", json!("1")),
        with("room", json!(" r")),
        without("from"),
        without("type"),
        json!({ "type": "ack", "id": "1", "level": "sworn" }),
        json!({ "type": "error", "code": "no_such_name", "reason": "a code of `refused`" }),
        json!({ "type": "people", "room": "r", "people": [person] }),
        json!({ "type": "hello" }),
        json!([]),
    ];
    let found = document.wrong_frames("frame.", &wrong);
    let missed = wrong.iter().filter(|frame| !found.iter().any(|found| found.ends_with(&frame.to_string())));
    assert_eq!(missed.collect::<Vec<_>>(), [&Value::Null; 0], "{found:#?}");
}
