//! Partition: nothing passes between groups of nodes, and nobody is told.

use serde_json::{Value, json};

use crate::error::InputError;
use crate::fault::kind::{FaultKind, FaultWords, Form, Lasts, Read};
use crate::fault::link::End;
use crate::fault::place;
use crate::fault::reader::Reader;
use crate::fault::target::Target;
use crate::schema::{fragment, words};
use crate::section::FileValue;

/// Nothing passes between groups of nodes, and nobody is told: a blackhole on every link between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition;

impl FaultKind for Partition {
    const FORM: Form = Form {
        key: "partition",
        help: "Nothing passes between groups, and nobody is told. Who is in none stays with the broker where a group \
               names it, else with the group that names most, the later of two; one group alone is parted from all \
               others.",
        example: "[[\"node 0\"], [\"node 1\", \"node 2\"]]",
        value: schema,
        own: &[],
        lasts: Lasts::AsTold,
    };

    fn read<'a>(reader: &Reader<'a>, value: FileValue<'a>) -> Read<Self> {
        Ok((Self, Target::Groups(groups(reader, value)?)))
    }
}

/// `[["node 0"], ["node 1", "node 2"]]`, or one group alone against all others.
fn schema() -> Value {
    let group =
        json!({ "type": "array", "items": fragment::text(words::MEMBER, &["node 0"]), "minItems": 1 });
    json!({
        "anyOf": [
            group,
            { "type": "array", "items": group, "minItems": 1 },
        ],
        "examples": [[["node 0"], ["node 1", "node 2"]], ["node 0"]],
    })
}

/// `[["node 0"], ["node 1", "node 2"]]`, or one group alone against all others.
fn groups(reader: &Reader<'_>, value: FileValue<'_>) -> Result<Vec<Vec<End>>, InputError> {
    let form = "a list of groups such as [[\"node 0\"], [\"node 1\", \"node 2\"]]";
    let items = value.list(form)?;
    let nested = items.iter().any(|item| item.list(form).is_ok());
    let groups = match nested {
        true => items.into_iter().map(|item| item.list(form)).collect::<Result<_, _>>()?,
        false => vec![items],
    };
    if groups.iter().any(Vec::is_empty) || groups.is_empty() {
        return Err(value.error("`partition` has an empty group").with_hint(format!("write {form}")));
    }
    let mut seen = Vec::new();
    groups
        .into_iter()
        .map(|members| members.into_iter().map(|member| end(reader, member, &mut seen)).collect())
        .collect()
}

/// Reads a member of a group; `seen` has the members that were read before it.
fn end(reader: &Reader<'_>, value: FileValue<'_>, seen: &mut Vec<End>) -> Result<End, InputError> {
    let word = value.text()?;
    let wrong = |what: &str| value.error(format!("`{word}` {what}"));
    let Some(end @ (End::Broker | End::History | End::Node(_))) = End::parse(word) else {
        let error = wrong("cannot be in a group");
        return Err(error.with_hint("a group has \"node 0\", \"broker\" and \"history\""));
    };
    if seen.contains(&end) {
        return Err(wrong("is in two groups").with_hint("name each once"));
    }
    if matches!(end, End::Node(n) if n >= reader.cluster.nodes) {
        let last = reader.cluster.nodes - 1;
        return Err(wrong("is not there").with_hint(format!("the last is node {last}")));
    }
    seen.push(end);
    Ok(end)
}

impl FaultWords for Partition {
    fn meanwhile(&self, target: &Target) -> Option<String> {
        Some(format!("while nothing passed {}", place::between(target)))
    }

    fn onset(&self, target: &Target) -> String {
        place::parted(target)
    }

    fn end(&self, _: &Target) -> String {
        "the partition was healed".into()
    }

    fn is_instant(&self) -> bool {
        true
    }

    fn is_silent_split(&self, _: &Target) -> bool {
        true
    }

    fn stops(&self, target: &Target, from: End, to: End) -> bool {
        self.lies_between(target, from, to)
    }
}
