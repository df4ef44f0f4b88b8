//! Which scenarios a suite is made of.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::bench::{How, Order};
use crate::failure::{Failure, USAGE};
use scenario::{ScenarioFile, Shipped};

/// What an engineer who must choose asks first: what it costs, and what the usual faults lose. It takes under a quarter
/// of an hour on two cores.
const DECIDE: [&str; 7] = [
    "steady",
    "broker-down",
    "node-down",
    "partition",
    "subscriber-away",
    "reconnect-storm",
    "slow-consumer",
];

/// One scenario of a suite, ready to be measured.
pub(super) struct Entry {
    /// The name of its directory.
    pub(super) name: String,
    pub(super) order: Order,
}

/// A list in a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListFile {
    /// Names of shipped scenarios, or files, relative to this one.
    scenarios: Vec<String>,
    /// The patterns to run; without them those that each scenario names.
    #[serde(default)]
    patterns: Vec<String>,
}

/// Every shipped scenario.
pub(super) fn every() -> Vec<String> {
    Shipped::all().into_iter().map(|shipped| shipped.name).collect()
}

/// The name of a list, its scenarios, and the patterns that it asks for.
pub(super) fn named(word: &str) -> Result<(String, Vec<String>, Vec<String>), Failure> {
    match word {
        "decide" => Ok((word.into(), DECIDE.map(str::to_owned).to_vec(), Vec::new())),
        "full" => Ok((word.into(), every(), Vec::new())),
        path => of_file(Path::new(path)),
    }
}

fn of_file(path: &Path) -> Result<(String, Vec<String>, Vec<String>), Failure> {
    const LIKE: &str =
        "a list looks like scenarios = [\"steady\", \"mine.toml\"], and may have patterns = [\"redis\"]";
    let wrong = |why: String, hint: &str| Failure::new(USAGE, format!("{}: {why}", path.display()), hint);
    let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => wrong(
            "there is no such list".into(),
            "the lists are `decide` and `full`; or name a file of your own",
        ),
        _ => wrong(format!("cannot be read: {error}"), LIKE),
    })?;
    let list: ListFile = toml::from_str(&text).map_err(|error| wrong(said(&text, &error), LIKE))?;
    if list.scenarios.is_empty() {
        return Err(wrong("the list is empty".into(), LIKE));
    }
    let beside = path.parent().unwrap_or(Path::new(""));
    let place = |word: String| {
        let file: PathBuf = beside.join(&word);
        let is_path = word.ends_with(".toml") || word.contains('/');
        if is_path { file.display().to_string() } else { word }
    };
    let name = path.file_stem().map_or("suite".into(), |stem| stem.to_string_lossy().into_owned());
    Ok((name, list.scenarios.into_iter().map(place).collect(), list.patterns))
}

/// What is wrong with a list, and in which line.
fn said(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let message = error.message().lines().next().unwrap_or("is no list").to_owned();
    line.map_or(message.clone(), |line| format!("line {line}: {message}"))
}

/// The scenarios as orders. The directory of each has its name, and a number where a name comes twice.
pub(super) fn entries(scenarios: &[String], how: &How) -> Result<Vec<Entry>, Failure> {
    let mut entries: Vec<Entry> = Vec::new();
    for word in scenarios {
        let order = Order::new(how, &ScenarioFile::find(word)?, None)?;
        let name = order.scenario().name.clone();
        let taken = |name: &str| entries.iter().any(|entry| entry.name == name);
        let mut free = name.clone();
        let mut number = 2;
        while taken(&free) {
            free = format!("{name}-{number}");
            number += 1;
        }
        entries.push(Entry { name: free, order });
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_name_scenarios_that_there_are() {
        for list in ["decide", "full"] {
            let (name, scenarios, patterns) = named(list).unwrap();
            assert_eq!((name.as_str(), patterns.len()), (list, 0));
            assert!(scenarios.iter().all(|scenario| Shipped::named(scenario).is_some()), "{scenarios:?}");
        }
    }

    #[test]
    fn a_list_of_ones_own_has_paths_relative_to_itself() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mine.toml");
        std::fs::write(&path, "scenarios = [\"steady\", \"a/b.toml\"]\npatterns = [\"redis\"]\n").unwrap();
        let (name, scenarios, patterns) = named(path.to_str().unwrap()).unwrap();
        let beside = dir.path().join("a/b.toml").display().to_string();
        assert_eq!((name.as_str(), scenarios), ("mine", vec!["steady".to_owned(), beside]));
        assert_eq!(patterns, ["redis"]);
        for (text, expected) in [
            ("scenarios = []", "the list is empty"),
            ("\nscenario = [\"steady\"]", "line 2: unknown field `scenario`"),
            ("scenarios = 5", "line 1: invalid type"),
        ] {
            std::fs::write(&path, text).unwrap();
            let failure = named(path.to_str().unwrap()).unwrap_err();
            assert!(failure.message.contains(expected), "{failure}");
            assert!(failure.hint.contains("a list looks like"), "{failure}");
        }
        let failure = named("no-such-list").unwrap_err();
        assert_eq!((failure.exit, failure.message.as_str()), (USAGE, "no-such-list: there is no such list"));
    }
}
