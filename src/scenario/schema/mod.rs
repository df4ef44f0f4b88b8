//! The JSON Schema of a scenario file, for editors and other programs. Built from the tables that the parser reads
//! by: what the parser refuses for its shape, the schema refuses too. What only the whole file can tell (a node that
//! is not there, a fault past the end) stays the parser's.
//!
//! Regular expressions here do without look-around and back-references, which not every validator has.

mod expect;
mod fault;
pub(crate) mod fragment;
mod load;
pub(crate) mod target;
pub(crate) mod words;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use super::parse::{KEYS, TITLE_MAX, WATCH_MAX};
use super::{CLUSTER_FIELDS, LOAD_FIELDS, Pattern};
use fragment::{described, reference, text};

/// The JSON Schema (draft 2020-12) of a scenario file, strict: a key that it does not name is wrong.
pub fn json_schema() -> Value {
    let properties: Map<_, _> = KEYS.iter().map(|key| ((*key).to_owned(), property(key))).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A scenario of pubsub-lab",
        "description": "Cluster, load, faults and expectations. Run it: pubsub-lab bench --scenario FILE",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "$defs": definitions(),
    })
}

/// The schema of what stands behind one key of the file itself.
fn property(key: &str) -> Value {
    match key {
        "title" => json!({
            "description": "One line for people; without it, the file's name.",
            "type": "string",
            "maxLength": TITLE_MAX,
            "pattern": words::TITLE,
        }),
        "watch" => json!({
            "description": "What to look at while it runs and in its report: a sentence or two. Line breaks count as blanks.",
            "type": "string",
            "maxLength": WATCH_MAX,
            "pattern": words::WATCH,
        }),
        "patterns" => described(
            reference("patterns"),
            "The patterns that it runs without --pattern; without it, all of them. One that lacks a fault's target \
             is not run, and shown as such.",
        ),
        "cluster" => load::table("What stands.", CLUSTER_FIELDS),
        "load" => load::table("What is sent, and who listens.", LOAD_FIELDS),
        "matrix" => load::matrix(),
        "fault" => json!({
            "description": "What breaks, and when. Write [[fault]] with two brackets, once a fault; they may overlap.",
            "type": "array",
            "items": fault::any(),
        }),
        _ => expect::tables(),
    }
}

/// The definitions to which several places refer.
fn definitions() -> Map<String, Value> {
    let mut all = expect::definitions();
    let mut put = |name: &str, schema| drop(all.insert(name.to_owned(), schema));
    put(
        "patterns",
        json!({
            "type": "array",
            "items": { "enum": Pattern::ALL.map(Pattern::name) },
            "minItems": 1,
            "uniqueItems": true,
        }),
    );
    let duration = text(&words::duration(), &["2s", "100ms", "1m 30s"]);
    // Where a duration may not be 0, some digit is not 0. The schema is in one piece, because Taplo completes nothing
    // behind an `allOf` that refers.
    let mut span = duration.clone();
    span["not"] = json!({ "pattern": "^[^1-9]*$" });
    put("duration", duration);
    put("span", span);
    put(
        "link",
        text(&words::link(words::ARROW), &["node 1 <-> broker", "node 0 -> node 2", "client * <-> node 1"]),
    );
    all
}
