//! The schemas of what may stand behind the keys of faults.

use serde_json::{Value, json};

use super::fragment::{reference, text};
use super::words;
use crate::Pattern;

/// The schema of any link.
pub(crate) fn link() -> Value {
    reference("link")
}

/// The schema of a duration, which may be 0.
pub(crate) fn duration() -> Value {
    reference("duration")
}

/// The schema of a share of the subscribers.
pub(crate) fn share() -> Value {
    text(words::SHARE, &["50%"])
}

/// The schema of a word that an editor offers, with what it means.
fn word(word: &str, help: &str) -> Value {
    json!({ "const": word, "description": help })
}

/// The schema of some words, or of text that matches this pattern.
fn words_or(words: &[(&str, &str)], pattern: &str, examples: &[&str]) -> Value {
    let words = words.iter().map(|(name, help)| word(name, help));
    let all: Vec<_> = words.chain([json!({ "pattern": pattern })]).collect();
    json!({ "type": "string", "anyOf": all, "examples": examples })
}

/// The schema of one node, or of each of them.
pub(crate) fn nodes() -> Value {
    let words =
        [("node *", "Every node."), ("node any", "A node that the seed chooses, anew for each time.")];
    words_or(&words, words::NODE, &["node 1", "node *", "node any"])
}

/// The schema of one process, or of each node.
pub(crate) fn process() -> Value {
    let mut brokers: Vec<_> = Pattern::ALL.into_iter().filter_map(Pattern::broker).collect();
    brokers.dedup();
    let kept: Vec<_> = Pattern::ALL.into_iter().filter(|it| it.has_history()).map(Pattern::name).collect();
    let words = [
        ("broker", &*format!("The server that the pattern needs: {}.", brokers.join(", "))),
        (
            "history",
            &*format!(
                "The service that keeps what was said, where the pattern has one: {}.",
                kept.join(", ")
            ),
        ),
        ("node *", "Every node."),
        ("node any", "A node that the seed chooses, anew for each time."),
    ];
    words_or(&words, words::PROCESS, &["broker", "node 1", "node *", "node any", "history"])
}
