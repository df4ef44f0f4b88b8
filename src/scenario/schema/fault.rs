//! `[[fault]]`: one form for each action.

use serde_json::{Map, Value, json};

use super::super::ACTIONS;
use super::super::fault::{COMMON, OWN};
use super::fragment::{described, reference, text};
use super::words;

/// Any fault: exactly one action, with the keys that belong to it.
pub(super) fn any() -> Value {
    json!({ "type": "object", "oneOf": ACTIONS.map(form) })
}

/// What a fault of one action looks like.
fn form(action: &str) -> Value {
    let (help, value) = of(action);
    let own = OWN.iter().find(|(name, _)| *name == action).map_or(&[][..], |(_, keys)| keys);
    // Who has joined stays, and who drops comes back at once.
    let healed = !matches!(action, "join" | "storm");
    let common = COMMON.iter().filter(|key| healed || **key != "for").map(|key| (*key, of_all(key)));
    let mut properties: Map<_, _> = common.map(|(key, schema)| (key.to_owned(), schema)).collect();
    properties.extend(own.iter().map(|(key, _)| ((*key).to_owned(), of_own(action, key))));
    properties.insert(action.to_owned(), described(value, help));
    let mut required: Vec<_> = own.iter().filter(|(_, needed)| *needed).map(|(key, _)| *key).collect();
    required.push(action);
    if action == "surge" {
        required.push("for");
    }
    let mut depends = json!({ "times": ["every"] });
    if action == "run" {
        depends["heal"] = json!(["for"]);
    }
    json!({
        "title": action,
        "description": help,
        "type": "object",
        "properties": properties,
        "required": required,
        "oneOf": [{ "required": ["at"] }, { "required": ["between"] }],
        "dependentRequired": depends,
        "additionalProperties": false,
    })
}

/// A key of every fault.
fn of_all(key: &str) -> Value {
    let (schema, help) = match key {
        "at" => (reference("duration"), "When it strikes, since the measured load began."),
        "between" => (
            json!({
                "type": "array",
                "items": reference("duration"),
                "minItems": 2,
                "maxItems": 2,
                "examples": [["3s", "8s"]],
            }),
            "The seed chooses when it strikes, from the first to the second, anew for each time.",
        ),
        "for" => (reference("span"), "Then it is healed; without it, never."),
        "every" => (reference("span"), "From one time that it strikes to the next."),
        "times" => (
            json!({ "type": "integer", "minimum": 1, "maximum": 10_000 }),
            "How often it strikes; without it, for as long as the load lasts.",
        ),
        _ => (reference("patterns"), "The patterns that it is for; without it, all of them."),
    };
    described(schema, help)
}

/// A key of one action.
fn of_own(action: &str, key: &str) -> Value {
    let count = |least: u64, most: u64| json!({ "type": "integer", "minimum": least, "maximum": most });
    let (schema, help) = match (action, key) {
        (_, "by") => (reference("duration"), "Each chunk leaves so long after it came, in order."),
        (_, "jitter") => (reference("duration"), "Up to so much more or less, drawn anew for each chunk."),
        (_, "gap") => (reference("duration"), "The pause between two pieces."),
        ("slice", "bytes") => (count(1, 1 << 20), "Bytes a piece, at most."),
        (_, "bytes") => (count(0, 1 << 50), "A connection is closed after so many, each way for itself."),
        (_, "bytes_per_second") => (count(1, 1 << 40), "So many bytes pass in a second."),
        _ => (text(words::COMMAND, &[]), "What `sh -c` runs when the fault is healed."),
    };
    described(schema, help)
}

/// What an action does, and what may stand behind its key.
fn of(action: &str) -> (&'static str, Value) {
    let share = || text(words::SHARE, &["50%"]);
    match action {
        "kill" => ("SIGKILL; healed by starting it again.", process()),
        "stop" => ("SIGTERM; healed by starting it again.", process()),
        "pause" => ("SIGSTOP; healed by SIGCONT.", process()),
        "leave" => {
            ("A share of the subscribers goes offline on purpose; healed by their coming back.", share())
        }
        "join" => ("A share of the subscribers comes for the first time; absent until then.", share()),
        "cut" => (
            "On a link, new connections are refused and old ones reset.",
            text(&words::link(words::BOTH_WAYS), &["node 1 <-> broker", "node * <-> broker"]),
        ),
        "blackhole" => {
            ("On a link, connections stay and no byte passes: the half-open case.", reference("link"))
        }
        "delay" => ("On a link, every chunk leaves late, in order.", reference("link")),
        "throttle" => ("On a link, so many bytes a second pass, each way.", reference("link")),
        "slice" => ("On a link, bytes pass in pieces with pauses between them.", reference("link")),
        "limit" => ("On a link, a connection is closed after so many bytes.", reference("link")),
        "partition" => (
            "Nothing passes between groups, and nobody is told. Who is in none stays with the broker where a group \
             names it, else with the group that names most, the later of two; one group alone is parted from all \
             others.",
            groups(),
        ),
        "slow" => (
            "A subscriber, or a share of them, reads so many bytes a second.",
            json!({
                "type": "string",
                "anyOf": [{ "pattern": words::SUBSCRIBER }, { "pattern": words::SHARE }],
                "examples": ["subscriber 3", "subscriber any", "10%"],
            }),
        ),
        "storm" => ("All clients of a node drop their connections and reconnect at once.", nodes()),
        "surge" => (
            "The rate of the load, times this.",
            json!({ "type": "number", "exclusiveMinimum": 0, "maximum": 10_000, "examples": [10] }),
        ),
        _ => (
            "A shell command of yours: docker, tc, kubectl, a script.",
            text(words::COMMAND, &["docker pause my-broker"]),
        ),
    }
}

/// A word that an editor offers, with what it means.
fn word(word: &str, help: &str) -> Value {
    json!({ "const": word, "description": help })
}

/// Words, or text of this form.
fn words_or(words: &[(&str, &str)], pattern: &str, examples: &[&str]) -> Value {
    let words = words.iter().map(|(name, help)| word(name, help));
    let all: Vec<_> = words.chain([json!({ "pattern": pattern })]).collect();
    json!({ "type": "string", "anyOf": all, "examples": examples })
}

fn nodes() -> Value {
    let words =
        [("node *", "Every node."), ("node any", "A node that the seed chooses, anew for each time.")];
    words_or(&words, words::NODE, &["node 1", "node *", "node any"])
}

fn process() -> Value {
    let words = [
        ("broker", "The server that the pattern needs: Redis, RabbitMQ."),
        ("history", "The service that keeps what was said; amqp has one."),
        ("node *", "Every node."),
        ("node any", "A node that the seed chooses, anew for each time."),
    ];
    words_or(&words, words::PROCESS, &["broker", "node 1", "node *", "node any", "history"])
}

/// `[["node 0"], ["node 1", "node 2"]]`, or one group alone against all others.
fn groups() -> Value {
    let group = json!({ "type": "array", "items": text(words::MEMBER, &["node 0"]), "minItems": 1 });
    json!({
        "anyOf": [
            group,
            { "type": "array", "items": group, "minItems": 1 },
        ],
        "examples": [[["node 0"], ["node 1", "node 2"]], ["node 0"]],
    })
}

#[cfg(test)]
#[path = "fault_tests.rs"]
mod tests;
