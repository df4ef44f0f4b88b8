//! Reads the file of a policy. Every error says where it is, and what to do.

use std::path::Path;

use glob::Pattern;
use scenario::{FileValue, InputError, Section, Source};
use serde_json::Value;

use super::mask::Mask;
use super::policy::Policy;
use super::read_connect;
use super::rule::Rule;
use super::who::Who;

/// The keys of the file itself.
pub(super) const KEYS: [&str; 3] = ["connect", "default", "rule"];
/// The keys of a rule.
pub(super) const RULE_KEYS: [&str; 9] =
    ["name", "rooms", "read", "write", "rate", "rate_per_person", "longest_text", "mask", "reason"];
const CLAIM_KEYS: [&str; 2] = ["claim", "is"];

const PEOPLE: &str = "a list of people";

impl Policy {
    /// Reads a policy's text. Errors call the file `source_name`; files that it names are looked for beside `folder`.
    ///
    /// # Errors
    /// The text is no policy, or a secret that it names is not there.
    pub fn parse(source_name: &str, folder: &Path, text: &str) -> Result<Self, InputError> {
        let source = Source { name: source_name, text, example };
        let document = source.document()?;
        let file = Section::root(&source, &document, "a policy", &KEYS)?;
        let connect = file.table("connect", "[connect]", &read_connect::KEYS)?;
        let rules = file.get("rule").map(|it| it.list("a list of tables: [[rule]]")).transpose()?;
        let mut read: Vec<Rule> = Vec::new();
        for value in rules.unwrap_or_default() {
            let rule = rule(value)?;
            if read.iter().any(|other| other.name == rule.name) {
                let error = value.error(format!("two rules are called `{}`", rule.name));
                return Err(error.with_hint("a refusal names its rule: give each its own name"));
            }
            read.push(rule);
        }
        Ok(Self {
            connect: connect.map(|table| read_connect::connect(&table, folder)).transpose()?,
            closed: closed(&file)?,
            rules: read,
        })
    }
}

/// Whether rooms that no rule names are closed.
fn closed(file: &Section<'_>) -> Result<bool, InputError> {
    match file.text("default")? {
        None | Some((_, "allow")) => Ok(false),
        Some((_, "deny")) => Ok(true),
        Some((value, _)) => {
            Err(value.error("`default` is \"allow\" or \"deny\"").with_hint(example("default")))
        }
    }
}

fn rule(value: FileValue<'_>) -> Result<Rule, InputError> {
    let table = value.table("a rule", &RULE_KEYS)?;
    let Some((_, name)) = table.text("name")?.filter(|(_, name)| !name.trim().is_empty()) else {
        return Err(table
            .error("a rule needs a `name`")
            .with_hint("a refusal tells the client which rule refused it"));
    };
    let Some(rooms) = table.get("rooms") else {
        let error = table.error(format!("rule `{name}` needs `rooms`"));
        return Err(error.with_hint("rooms = [\"news-*\"]; \"*\" is every room"));
    };
    let longest = table.get("longest_text").map(|it| number(it, "longest_text")).transpose()?;
    Ok(Rule {
        name: name.to_owned(),
        rooms: rooms_of(rooms)?,
        read: table.get("read").map(people).transpose()?,
        write: table.get("write").map(people).transpose()?,
        rate: table.get("rate").map(|it| number(it, "rate")).transpose()?,
        rate_per_person: table.get("rate_per_person").map(|it| number(it, "rate_per_person")).transpose()?,
        longest_text: longest.map(|it| it as usize),
        mask: Mask::new(masked(&table)?),
        reason: table.text("reason")?.map(|(_, reason)| reason.to_owned()),
    })
}

fn rooms_of(value: FileValue<'_>) -> Result<Vec<Pattern>, InputError> {
    let rooms = value.list("a list of rooms")?;
    if rooms.is_empty() {
        return Err(value
            .error("the rule has no room")
            .with_hint("rooms = [\"news-*\"]; \"*\" is every room"));
    }
    rooms.into_iter().map(|room| pattern(room, room.text()?)).collect()
}

fn pattern(value: FileValue<'_>, text: &str) -> Result<Pattern, InputError> {
    Pattern::new(text).map_err(|error| {
        let complaint = value.error(format!("\"{text}\" is no pattern: {}", error.msg));
        complaint.with_hint("* stands for any characters, ? for one, [ab] for a or b")
    })
}

fn people(value: FileValue<'_>) -> Result<Vec<Who>, InputError> {
    value.list(PEOPLE)?.into_iter().map(who).collect()
}

fn who(value: FileValue<'_>) -> Result<Who, InputError> {
    if let Some(Value::String(name)) = value.json() {
        return Ok(Who::Named(pattern(value, &name)?));
    }
    let table = value.table("one of the people", &CLAIM_KEYS)?;
    match (table.text("claim")?, table.get("is").and_then(FileValue::json)) {
        (Some((_, claim)), Some(is)) => Ok(Who::Claim { claim: claim.to_owned(), is }),
        _ => Err(table.error("a claim needs its name and its value").with_hint(example("write"))),
    }
}

/// A whole number of at least 1.
fn number(value: FileValue<'_>, key: &str) -> Result<u32, InputError> {
    let Some(Value::Number(number)) = value.json() else {
        return Err(value.wrong_type("a whole number"));
    };
    match number.as_u64().and_then(|number| u32::try_from(number).ok()) {
        Some(number) if number > 0 => Ok(number),
        _ => Err(value.error(format!("`{key}` is a whole number of at least 1")).with_hint(example(key))),
    }
}

fn masked(table: &Section<'_>) -> Result<Vec<String>, InputError> {
    let Some(value) = table.get("mask") else { return Ok(Vec::new()) };
    let word = |value: FileValue<'_>| {
        let word = value.text()?;
        if word.is_empty() || !word.chars().all(char::is_alphanumeric) {
            let error = value.error(format!("\"{word}\" is not one word"));
            return Err(error.with_hint("a word has letters and digits alone; write several as several"));
        }
        Ok(word.to_owned())
    };
    value.list("a list of words")?.into_iter().map(word).collect()
}

/// How a key is written.
pub(super) fn example(key: &str) -> String {
    match key {
        "connect" => "[connect]\n  jwt = \"HS256\"\n  secret_env = \"CHAT_SECRET\"".into(),
        "default" => "default = \"deny\" closes every room that no rule names".into(),
        "rule" => "write [[rule]] with two brackets, once a rule".into(),
        "read" | "write" => {
            format!("{key} = [\"Ada\", \"guest-*\", {{ claim = \"role\", is = \"teacher\" }}]")
        }
        "rooms" => "rooms = [\"news-*\"]; \"*\" is every room".into(),
        "rate" => "rate = 5: so many messages a second in each of the rooms".into(),
        "rate_per_person" => "rate_per_person = 1: so many messages a second of each person".into(),
        "longest_text" => "longest_text = 280: so many characters".into(),
        "mask" => "mask = [\"damn\"]".into(),
        key => format!("{key} = \"...\""),
    }
}
