//! The OpenAPI document of a node, judged by a validator of other people: it is whole, its examples are what it says, and so
//! is every answer of a real node.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod provoked;

use serde_json::{Value, json};

use crate::support::described::Described;
use crate::support::validator::wrong;

const NONE: [&str; 0] = [];

/// The document, together with the schemas of the socket's document, whose names are others.
fn document() -> Described {
    let mut document = Described::read("openapi.json");
    let socket = Described::read("asyncapi.json");
    let text = document.root.to_string().replace("asyncapi.json#", "#");
    document.root = serde_json::from_str(&text).unwrap();
    let schemas = document.root["components"]["schemas"].as_object_mut().unwrap();
    for (name, schema) in socket.root["components"]["schemas"].as_object().unwrap() {
        schemas.entry(name).or_insert_with(|| schema.clone());
    }
    document
}

/// What the document says of an answer: its path, its method, its status, and the answer.
fn answers(document: &Described) -> Vec<(String, String, u16, Value)> {
    let paths = document.root["paths"].as_object().unwrap().iter();
    let methods = paths.flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, operation)| (path, method, operation))
    });
    methods
        .flat_map(|(path, method, operation)| {
            operation["responses"].as_object().unwrap().iter().map(move |(status, answer)| {
                (path.clone(), method.clone(), status.parse().unwrap(), answer.clone())
            })
        })
        .collect()
}

/// What is wrong with values, each of which has a place to be told by and a schema of the document. All are judged at once,
/// for the validator takes its time to start.
fn misfits(document: &Described, cases: &[(String, Value, Value)]) -> Vec<String> {
    let branch = |(at, (_, schema, _)): (usize, &(String, Value, Value))| json!({ "if": { "properties": { "at": { "const": at } } }, "then": { "properties": { "body": schema } } });
    let mut whole = document.strict(&json!({}));
    whole["allOf"] = cases.iter().enumerate().map(branch).collect();
    let bodies: Vec<_> =
        cases.iter().enumerate().map(|(at, (.., body))| json!({ "at": at, "body": body })).collect();
    let found = wrong(&whole, &bodies).into_iter().zip(cases);
    found.filter_map(|(wrong, (place, _, body))| Some(format!("{place}: {}: {body}", wrong?))).collect()
}

#[test]
fn every_reference_leads_somewhere_and_everything_is_described() {
    let document = document();
    assert_eq!(document.dangling(), NONE);
    assert_eq!(document.undescribed(), NONE);
    for item in document.root["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            for part in operation["parameters"].as_array().unwrap().iter().chain([operation]) {
                assert!(part["description"].as_str().is_some_and(|it| it.len() > 10), "{part}");
            }
        }
    }
}

#[test]
fn every_example_is_what_its_schema_says() {
    let document = document();
    let bodies = answers(&document)
        .into_iter()
        .map(|(path, method, status, answer)| (format!("{method} {path} {status}"), answer));
    let requests = document.root["paths"]
        .as_object()
        .unwrap()
        .iter()
        .filter_map(|(path, item)| Some((path.clone(), item.get("post")?["requestBody"].clone())));
    let mut cases = Vec::new();
    for (place, body) in bodies.chain(requests) {
        let Some(content) = body["content"].get("application/json") else { continue };
        cases.push((place, content["schema"].clone(), content["example"].clone()));
    }
    assert!(cases.len() > 20, "{}", cases.len());
    assert_eq!(misfits(&document, &cases), NONE);
}

#[test]
fn control_what_is_not_in_the_document_is_found() {
    let document = document();
    let schema = |name: &str| document.strict(&json!({ "$ref": format!("#/components/schemas/{name}") }));
    let polled = json!({ "room": "r", "messages": [], "notices": [], "next": "", "recovered": "all" });
    let with = |field: &str, value: Value| {
        let mut changed = polled.clone();
        changed[field] = value;
        changed
    };
    assert_eq!(wrong(&schema("polled"), std::slice::from_ref(&polled)), [None]);
    let others = [
        with("recovered", json!("some")),
        with("gaps", json!([])),
        with("messages", json!([{ "type": "message", "room": "r" }])),
        with("notices", json!([{ "type": "lagged", "missed": 1 }])),
        json!({ "room": "r" }),
    ];
    assert!(wrong(&schema("polled"), &others).iter().all(Option::is_some));
    let error = [json!({ "type": "error", "code": "no_such_name", "reason": "a code of `refused`" })];
    assert!(wrong(&schema("error"), &error).iter().all(Option::is_some));
    // And the same where many are judged at once.
    let polled_schema = json!({ "$ref": "#/components/schemas/polled" });
    let cases: Vec<_> = others
        .iter()
        .chain([&polled])
        .map(|body| ("here".to_owned(), polled_schema.clone(), body.clone()))
        .collect();
    assert_eq!(misfits(&document, &cases).len(), others.len());
}
