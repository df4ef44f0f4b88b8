//! The codes with which a node refuses something, or calls it an error, are those of the descriptions in the book.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::house_tests::rust_files;

/// Words of the sources that are written as codes are, and are none: options that a log shows, the name of a parameter.
const NO_CODES: &[&str] = &[
    "access_token",
    "connect_timeout",
    "dedup_age",
    "dedup_ids",
    "live_queue",
    "outbox_age",
    "publish_queue",
    "queue_name",
];

/// Whether a word of a source is written as codes are: `bad_room`. The few without `_` stand after one of these.
fn is_code(before: &str, word: &str) -> bool {
    let is_word = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let is_marked = ["code: ", "Refusal::new(", "error(", "FORBIDDEN: &str = "];
    is_word
        && (word.contains('_') && !word.starts_with("pubsub_lab")
            || is_marked.iter().any(|mark| before.ends_with(mark)))
}

/// The codes in a source: what stands between quotes, outside of comments and tests.
fn codes(source: &str) -> BTreeSet<String> {
    let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = source.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    let text = lines.collect::<Vec<_>>().join(" ");
    let parts: Vec<_> = text.split('"').collect();
    let pairs = parts.windows(2).filter(|pair| is_code(pair[0], pair[1]));
    pairs.map(|pair| pair[1].to_owned()).filter(|code| !NO_CODES.contains(&code.as_str())).collect()
}

/// Every text in a JSON document.
fn texts(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            found.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|inner| texts(inner, found)),
        Value::Object(fields) => fields.values().for_each(|inner| texts(inner, found)),
        _ => {}
    }
}

/// The descriptions of the interfaces in the book.
fn descriptions() -> Vec<Value> {
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("book/src/reference");
    let files = std::fs::read_dir(reference).unwrap().map(|file| file.unwrap().path());
    let json = files.filter(|file| file.extension().is_some_and(|extension| extension == "json"));
    json.map(|file| serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()).collect()
}

#[test]
fn every_code_is_described_and_no_other() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut used = BTreeSet::new();
    for file in ["node", "bus"].iter().flat_map(|room| rust_files(&src.join(room))) {
        if !file.components().any(|part| part.as_os_str().to_string_lossy().contains("tests")) {
            used.extend(codes(&std::fs::read_to_string(file).unwrap()));
        }
    }
    let descriptions = descriptions();
    let mut described = BTreeSet::new();
    descriptions.iter().for_each(|document| texts(document, &mut described));
    let missing: Vec<_> = used.difference(&described).collect();
    assert!(
        missing.is_empty(),
        "a description in book/src/reference lacks the code {missing:?}; if that is no code, it belongs into NO_CODES"
    );
    let socket = descriptions.iter().find(|document| document["asyncapi"].is_string()).unwrap();
    for schema in ["refused_code", "error_code"] {
        let words = socket["components"]["schemas"][schema]["oneOf"].as_array().unwrap();
        let unused = words.iter().filter(|word| !used.contains(word["const"].as_str().unwrap()));
        assert_eq!(unused.collect::<Vec<_>>(), [&Value::Null; 0], "{schema}: nothing says it any more");
    }
}

#[test]
fn control_a_code_is_found_wherever_it_stands() {
    let source = "// \"in_comment\"\nRefusal::new(\n\"bad_x\", \"a text\"); code: \"gone\", y(\"lone\", \"other_word\"); \
                  self.error(\"wrong\", reason) \"pubsub_lab_x_total\"\n#[cfg(test)]\nmod tests {\n\"in_test\"";
    let found: Vec<_> = codes(source).into_iter().collect();
    assert_eq!(found, ["bad_x", "gone", "other_word", "wrong"]);
}
