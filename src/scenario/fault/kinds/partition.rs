//! Partition: nothing passes between groups of nodes, and nobody is told.

use serde_json::{Value, json};
use toml::de::DeValue;

use crate::error::InputError;
use crate::fault::kind::{FaultKind, FaultWords, Form, Lasts, Read};
use crate::fault::link::End;
use crate::fault::place;
use crate::fault::reader::Reader;
use crate::fault::target::Target;
use crate::schema::{fragment, words};
use crate::section::{self, list_of, text};

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

    fn read<'a>(reader: &Reader<'a>, value: section::Value<'a>) -> Read<Self> {
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
fn groups<'a>(reader: &Reader<'a>, value: section::Value<'a>) -> Result<Vec<Vec<End>>, InputError> {
    let form = "a list of groups such as [[\"node 0\"], [\"node 1\", \"node 2\"]]";
    let items = list_of(reader.source, value, "partition", form)?;
    let nested = items.iter().any(|item| matches!(item.get_ref(), DeValue::Array(_)));
    let mut groups: Vec<Vec<End>> = Vec::new();
    let mut seen: Vec<End> = Vec::new();
    let mut group = |members: &mut dyn Iterator<Item = section::Value<'a>>| -> Result<(), InputError> {
        let mut ends = Vec::new();
        for member in members {
            let word = text(reader.source, member, "partition")?;
            let end = End::parse(word.get_ref());
            let wrong =
                |what: &str| reader.source.error(&word.span(), format!("`{}` {what}", word.get_ref()));
            match end {
                Some(end @ (End::Broker | End::History | End::Node(_))) => {
                    if seen.contains(&end) {
                        return Err(wrong("is in two groups").with_hint("name each once"));
                    }
                    if let End::Node(n) = end
                        && n >= reader.cluster.nodes
                    {
                        let last = reader.cluster.nodes - 1;
                        return Err(wrong("is not there").with_hint(format!("the last is node {last}")));
                    }
                    seen.push(end);
                    ends.push(end);
                }
                _ => {
                    let error = wrong("cannot be in a group");
                    return Err(error.with_hint("a group has \"node 0\", \"broker\" and \"history\""));
                }
            }
        }
        groups.push(ends);
        Ok(())
    };
    if nested {
        for item in items.iter() {
            group(&mut list_of(reader.source, item, "partition", form)?.iter())?;
        }
    } else {
        group(&mut items.iter())?;
    }
    if groups.iter().any(Vec::is_empty) || groups.is_empty() {
        let error = reader.source.error(&value.span(), "`partition` has an empty group");
        return Err(error.with_hint(format!("write {form}")));
    }
    Ok(groups)
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
