//! A fault as somebody says it at a prompt: `kill node 1`, `delay node 1 <-> broker by 100ms`. The words are those of a
//! `[[fault]]`, and are read by what reads the file.

use toml::Value as Toml;

use super::super::kinds::{self, ACTIONS, Action, KINDS};
use super::super::link::Link;
use super::super::reader::Reader;
use super::super::target::Target;
use super::COMMON;
use crate::error::{InputError, Source};
use crate::example::example;
use crate::section::Section;
use crate::{Cluster, words};

/// The actions that can be said: those that strike a process or a link. The others strike the load of a bench, or need
/// more than a line.
pub const SPOKEN: [&str; 9] =
    ["kill", "stop", "pause", "cut", "blackhole", "delay", "throttle", "slice", "limit"];

/// The keys that stand beside an action, each with whether the action cannot do without it; empty for most.
pub fn spoken_keys(action: &str) -> Vec<(&'static str, bool)> {
    kinds::kind(action).into_iter().flat_map(|kind| kind.form.own).map(|own| (own.key, own.needed)).collect()
}

/// A value that a key may have, as the file writes it.
pub fn spoken_example(key: &str) -> Option<&'static str> {
    kinds::example(key)
}

/// Reads an action, its target and its keys: `delay node 1 <-> broker by 100ms jitter 10ms`. Quotes and signs of equality
/// may stand as in the file.
///
/// # Errors
/// When that is no fault of this cluster that can be said; the words name no place, because there is no file.
pub fn spoken_fault(line: &str, cluster: &Cluster) -> Result<(Action, Target), InputError> {
    let line = line.replace('=', " ").replace(['"', '\''], " ");
    let mut rest = line.split_whitespace();
    let action = rest.next().unwrap_or_default();
    let Some(kind) = kinds::kind(action).filter(|kind| SPOKEN.contains(&kind.form.key)) else {
        let source = source("");
        let error = source.error(&(0..0), format!("`{action}` cannot be done here"));
        let hint = match ACTIONS.contains(&action) {
            true => format!("`{action}` is for the file of a bench; here you can {}", words::list(SPOKEN)),
            false => words::suggestion(action, SPOKEN),
        };
        return Err(error.with_hint(hint));
    };
    let is_key = |word: &str| {
        COMMON.contains(&word) || KINDS.iter().flat_map(|kind| kind.form.own).any(|own| own.key == word)
    };
    let mut keys: Vec<(&str, Vec<&str>)> = vec![(action, Vec::new())];
    for word in rest {
        match keys.last_mut() {
            Some((_, value)) if !is_key(word) => value.push(word),
            _ => keys.push((word, Vec::new())),
        }
    }
    if let Some((key, _)) = keys.iter().find(|(key, _)| COMMON.contains(key)) {
        let what = format!("`{key}` is for the file of a bench: here a fault lasts until you heal it");
        return Err(source("")
            .error(&(0..0), what)
            .with_hint("leave it out, and say `heal` when it is time"));
    }
    let mut text = String::new();
    for (n, (key, value)) in keys.iter().enumerate() {
        if keys[..n].iter().any(|(other, _)| other == key) {
            let what = format!("`{key}` is said twice");
            return Err(source("").error(&(0..0), what).with_hint("say it once"));
        }
        text += &format!("{key} = {}\n", written(&value.join(" ")));
    }
    let known: Vec<&str> = keys.iter().map(|(key, _)| *key).collect();
    read(&text, &known, cluster, |reader| {
        reader.own_keys(&kind.form)?;
        match reader.section.get(kind.form.key) {
            Some(value) => (kind.read)(reader, value),
            None => Err(reader.section.error("a fault needs a target").with_hint(example(kind.form.key))),
        }
    })
}

/// Reads a process alone: `broker`, `node 1`, `node *`.
///
/// # Errors
/// When it is none.
pub fn spoken_process(text: &str, cluster: &Cluster) -> Result<Target, InputError> {
    read(&format!("target = {}\n", quoted(text)), &["target"], cluster, |reader| reader.process("target"))
}

/// Reads a link alone: `node 1 <-> broker`.
///
/// # Errors
/// When it is none.
pub fn spoken_link(text: &str, cluster: &Cluster) -> Result<Link, InputError> {
    read(&format!("link = {}\n", quoted(text)), &["link"], cluster, |reader| reader.link("link"))
}

fn read<T>(
    text: &str,
    known: &[&str],
    cluster: &Cluster,
    take: impl FnOnce(&Reader<'_>) -> Result<T, InputError>,
) -> Result<T, InputError> {
    let source = source(text);
    let document = source.document()?;
    let section = Section::root(&source, &document, "a fault", known)?;
    take(&Reader { section, cluster })
}

/// Words that stand in no file.
fn source(text: &str) -> Source<'_> {
    Source { name: "", text, example }
}

/// A value as the file writes it: a number bare, everything else in quotes.
fn written(value: &str) -> String {
    match value.parse::<u64>() {
        Ok(number) => number.to_string(),
        Err(_) => quoted(value),
    }
}

fn quoted(text: &str) -> String {
    Toml::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use crate::Condition;
    use crate::kinds::{Delay, Limit, Slice, Throttle};

    const THREE: Cluster = Cluster { nodes: 3 };

    fn said(line: &str) -> (Action, String) {
        let (action, target) = spoken_fault(line, &THREE).unwrap_or_else(|error| panic!("{line}: {error}"));
        (action, target.to_string())
    }

    fn wrong(line: &str) -> (String, String) {
        let error = spoken_fault(line, &THREE).unwrap_err();
        (error.to_string(), error.hint().to_owned())
    }

    #[test]
    fn what_can_be_said_is_read_as_the_file_is() {
        let link = Action::Link;
        let ms = Duration::from_millis;
        for (line, action, target) in [
            ("kill broker", Action::Kill, "broker"),
            ("stop  node   1 ", Action::Stop, "node 1"),
            ("pause node *", Action::Pause, "node *"),
            ("kill = \"history\"", Action::Kill, "history"),
            ("cut node 1<->broker", link(Condition::Cut), "node 1 <-> broker"),
            ("blackhole broker -> node 2", link(Condition::Blackhole), "broker -> node 2"),
            (
                "delay node 0 <-> node 1 by 100ms jitter 10ms",
                link(Condition::Delay(Delay { by: ms(100), jitter: ms(10) })),
                "node 0 <-> node 1",
            ),
            (
                "throttle node * <-> broker bytes_per_second=10000",
                link(Condition::Throttle(Throttle { bytes_per_second: 10_000 })),
                "node * <-> broker",
            ),
            (
                "slice history <-> broker bytes 10 gap 5ms",
                link(Condition::Slice(Slice { bytes: 10, pause: ms(5) })),
                "history <-> broker",
            ),
            (
                "limit node 1 <-> broker bytes 1000",
                link(Condition::Limit(Limit { bytes: 1000 })),
                "node 1 <-> broker",
            ),
        ] {
            assert_eq!(said(line), (action, target.to_owned()), "{line}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_a_place() {
        for (line, message, hint) in [
            ("kill brocker", "`brocker` is no target", "\"node 0\" to \"node 2\""),
            ("kill", "`` is no target", "a target is \"broker\""),
            ("cut node 1 broker", "`node 1 broker` is no link", "\"node 1 <-> broker\""),
            ("cut broker <-> broker", "is a link that no cluster has", "are links"),
            ("delay node 1 <-> broker", "`delay` needs `by`", "write it like by = \"100ms\""),
            ("delay node 1 <-> broker by 5", "`by` must be a duration", "write \"5s\" for seconds"),
            ("delay node 1 <-> broker by", "`by` must be a duration", "a number and a unit"),
            ("kill broker by 5s", "`kill` takes no `by`", "`by` belongs to"),
            ("kill broker for 5s", "`for` is for the file of a bench", "`heal`"),
            ("limit node 1 <-> broker bytes 1 bytes 2", "`bytes` is said twice", "say it once"),
            ("throttle node 1 <-> broker bytes_per_second x", "`bytes_per_second` must be", "= 10000"),
            ("surge 3", "`surge` cannot be done here", "`surge` is for the file of a bench"),
            ("kil broker", "`kil` cannot be done here", "did you mean `kill`?"),
        ] {
            let (said, hinted) = wrong(line);
            assert!(said.starts_with('`') && said.contains(message), "{line}: {said}");
            assert!(hinted.contains(hint), "{line}: {hinted}");
        }
    }

    #[test]
    fn a_process_or_a_link_alone() {
        assert_eq!(spoken_process("node 2", &THREE).unwrap(), Target::Node(2));
        assert!(spoken_process("node \"2", &THREE).is_err());
        assert_eq!(spoken_link("node 1 <-> broker", &THREE).unwrap().to_string(), "node 1 <-> broker");
        assert_eq!(spoken_link("node 1", &THREE).unwrap_err().to_string(), "`node 1` is no link");
    }

    #[test]
    fn every_action_that_can_be_said_is_one_of_the_file() {
        for action in SPOKEN {
            assert!(ACTIONS.contains(&action), "{action}");
        }
        assert_eq!(spoken_keys("delay"), [("by", true), ("jitter", false)]);
        assert_eq!(spoken_keys("cut"), []);
        assert_eq!(spoken_example("by"), Some("\"100ms\""));
    }
}
