//! The AsyncAPI document in the book has each request and each frame of this crate, with its fields, and no others. The
//! frames are looked at as their types define them, so whoever adds one is led here, and from here to the document.

use std::collections::{BTreeMap, BTreeSet};

use schemars::schema_for;
use serde_json::{Value, json};

use super::{NodeFrame, Request, replayed};

/// What a reader of the document may build on: for each type of a frame its fields.
type Frames = BTreeMap<String, Fields>;
/// For each field its form, and whether every frame of its type has it.
type Fields = BTreeMap<String, (Form, bool)>;

/// Of which kind the values of a field are.
#[derive(Debug, PartialEq, Eq)]
enum Form {
    /// A string, a number, a list, ...
    Kind(String),
    /// One of these words.
    Words(BTreeSet<String>),
    /// A list of objects with these fields.
    List(Fields),
}

fn document() -> Value {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../book/src/reference/asyncapi.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// What a schema says, without the references by which it says it.
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let reference = schema["$ref"].as_str().or_else(|| schema["allOf"][0]["$ref"].as_str());
    match reference {
        Some(reference) => resolved(root, root.pointer(reference.trim_start_matches('#')).unwrap()),
        None => schema,
    }
}

fn fields(root: &Value, object: &Value) -> Fields {
    let required: Vec<_> = object["required"].as_array().into_iter().flatten().collect();
    let properties = object["properties"].as_object().unwrap().iter();
    properties
        .filter(|(name, _)| *name != "type")
        .map(|(name, schema)| {
            (name.clone(), (form(root, schema), required.iter().any(|field| *field == name)))
        })
        .collect()
}

fn form(root: &Value, schema: &Value) -> Form {
    let schema = resolved(root, schema);
    if let Some(words) = schema["oneOf"].as_array() {
        return Form::Words(words.iter().map(|word| word["const"].as_str().unwrap().to_owned()).collect());
    }
    if schema["items"].is_object() {
        let item = resolved(root, &schema["items"]);
        if item["properties"].is_object() {
            return Form::List(fields(root, item));
        }
    }
    // An optional field may be null.
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
    Form::Kind(kind.unwrap_or_else(|| panic!("{schema}")).to_owned())
}

/// The schemas of the document whose names begin so.
fn documented(prefix: &str) -> Frames {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap().iter();
    let of_this_kind = schemas.filter_map(|(name, schema)| Some((name.strip_prefix(prefix)?, schema)));
    of_this_kind
        .map(|(kind, schema)| {
            assert_eq!(schema["properties"]["type"]["const"], kind);
            assert!(schema["required"].as_array().unwrap().contains(&json!("type")), "{kind}");
            (kind.to_owned(), fields(&document, schema))
        })
        .collect()
}

/// The frames that an enum defines.
fn defined(schema: schemars::Schema) -> Frames {
    let root = schema.to_value();
    let of_one = |schema: &Value| {
        let kind = schema["properties"]["type"]["const"].as_str().unwrap().to_owned();
        // Of a variant that holds a struct the schema names the struct, and has the type beside it.
        (kind, fields(&root, resolved(&root, schema)))
    };
    root["oneOf"].as_array().unwrap().iter().map(of_one).collect()
}

#[test]
fn the_document_has_each_frame_of_a_node_with_its_fields() {
    let (mut documented, defined) = (documented("frame."), defined(schema_for!(NodeFrame<'_>)));
    assert_eq!(documented.keys().collect::<Vec<_>>(), defined.keys().collect::<Vec<_>>());
    // The field of a message out of the history is written by hand, and is no field of the type.
    let replay = documented.get_mut("message").unwrap().remove("replay");
    assert_eq!(replay, Some((Form::Kind("boolean".into()), false)));
    for (kind, fields) in &documented {
        // A code is a word, and the type does not say which: a test of the whole house looks for all of them.
        let mut fields = fields.iter().filter(|(name, _)| !(kind != "ack" && *name == "code"));
        let other = fields.find(|(name, field)| defined[kind].get(*name) != Some(field));
        assert_eq!(other, None, "{kind}: {:?}", defined[kind]);
        assert_eq!(documented[kind].len(), defined[kind].len(), "{kind}: {:?}", defined[kind]);
    }
}

#[test]
fn the_document_has_each_request_with_its_fields() {
    let (documented, defined) = (documented("request."), defined(schema_for!(Request<'_>)));
    assert_eq!(documented.keys().collect::<Vec<_>>(), defined.keys().collect::<Vec<_>>());
    let types = Request::TYPES.split(", ").flat_map(|types| types.split(" or "));
    assert_eq!(types.collect::<BTreeSet<_>>(), documented.keys().map(String::as_str).collect());
    for (kind, fields) in &documented {
        let names = |fields: &Fields| fields.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(fields), names(&defined[kind]), "{kind}");
        for (name, (form, _)) in fields {
            // Which words and which fields the node insists on is seen from outside.
            let is = matches!(form, Form::Words(_)) && defined[kind][name].0 == Form::Kind("string".into());
            assert!(is || *form == defined[kind][name].0, "{kind} {name}: {form:?}");
        }
    }
}

#[test]
fn each_example_of_a_request_is_read_as_one() {
    let document = document();
    let messages = document["components"]["messages"].as_object().unwrap();
    for (name, message) in messages.iter().filter(|(name, _)| name.starts_with("request.")) {
        let examples = message["examples"].as_array().unwrap();
        assert!(!examples.is_empty(), "{name}");
        for example in examples {
            assert_eq!(format!("request.{}", example["payload"]["type"].as_str().unwrap()), *name);
            let text = example["payload"].to_string();
            assert!(!matches!(Request::read(&text).unwrap(), Request::Unknown { .. }), "{text}");
        }
    }
}

#[test]
fn a_replayed_message_is_an_example_of_the_document() {
    let message = r##"{"type":"message","room":"r","id":"00000000000000ad.1","from":"Ada","colour":"#111111","text":"\"<b>","sent_at":5}"##;
    let replayed = replayed(message.as_bytes()).unwrap();
    assert_is_an_example(std::str::from_utf8(&replayed).unwrap());
}

/// Asserts that a frame of a node is one of the document's examples of its type. The examples are held against their
/// schemas by a validator of other people, in the tests of the whole program.
#[track_caller]
pub(crate) fn assert_is_an_example(frame: &str) {
    let frame: Value = serde_json::from_str(frame).unwrap();
    let message = format!("frame.{}", frame["type"].as_str().unwrap());
    let document = document();
    let examples = document["components"]["messages"][&message]["examples"].as_array();
    let examples = examples.unwrap_or_else(|| panic!("the document has no {message}"));
    assert!(
        examples.iter().any(|example| example["payload"] == frame),
        "book/src/reference/asyncapi.json lacks this example of {message}: {frame}"
    );
}
