//! The scenarios within the binary, and how one is found by its name or its path.

use std::io::{ErrorKind, Read};
use std::path::Path;

use rust_embed::Embed;

use super::error::ScenarioError;
use super::words::nearest;
use super::{Overrides, Scenario, Variation};

#[derive(Embed)]
#[folder = "scenarios/"]
struct Files;

/// A scenario file longer than this is some other file.
const MAX_BYTES: u64 = 1 << 20;

/// A scenario of the binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipped {
    /// The name that `--scenario` takes.
    pub name: String,
    /// The file, verbatim.
    pub text: String,
}

impl Shipped {
    /// All of them, by name.
    pub fn all() -> Vec<Shipped> {
        let mut all: Vec<_> =
            Files::iter().filter_map(|path| Self::named(path.strip_suffix(".toml")?)).collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Shipped> {
        let file = Files::get(&format!("{name}.toml"))?;
        Some(Shipped { name: name.to_owned(), text: String::from_utf8_lossy(&file.data).into_owned() })
    }

    /// The one of this name, or an error that names the nearest.
    pub fn find(name: &str) -> Result<Shipped, ScenarioError> {
        Self::named(name).ok_or_else(|| {
            let all = Self::all();
            let hint = match nearest(name, all.iter().map(|shipped| shipped.name.as_str())) {
                Some(near) => format!("did you mean `{near}`? All of them: pubsub-lab scenarios list"),
                None => "all of them: pubsub-lab scenarios list".into(),
            };
            ScenarioError::new(format!("no scenario is called `{name}`")).with_hint(hint)
        })
    }
}

impl Scenario {
    /// The shipped scenario of this name, or the file at this path. A name has no `/` and no `.toml`.
    pub fn load(name_or_path: &str, overrides: &Overrides) -> Result<Scenario, ScenarioError> {
        ScenarioFile::find(name_or_path)?.scenario(overrides)
    }
}

/// A scenario's text, and what errors call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioFile {
    name: String,
    text: String,
}

impl ScenarioFile {
    /// The shipped scenario of this name, or the file at this path. A name has no `/` and no `.toml`.
    pub fn find(name_or_path: &str) -> Result<Self, ScenarioError> {
        let is_path =
            name_or_path.contains(['/', std::path::MAIN_SEPARATOR]) || name_or_path.ends_with(".toml");
        if is_path {
            return Self::at(name_or_path);
        }
        match Shipped::find(name_or_path) {
            Ok(shipped) => Ok(Self { name: format!("{}.toml", shipped.name), text: shipped.text }),
            Err(_) if Path::new(name_or_path).is_file() => Self::at(name_or_path),
            Err(unknown) => Err(unknown),
        }
    }

    fn at(path: &str) -> Result<Self, ScenarioError> {
        Ok(Self { name: path.to_owned(), text: read(path)? })
    }

    /// The effective scenario that a report shows, as a file again.
    pub fn of_report(scenario: &serde_json::Value) -> Result<Self, ScenarioError> {
        let mut file = scenario.clone();
        let name = match file.as_object_mut().and_then(|file| file.remove("name")) {
            Some(serde_json::Value::String(name)) if !name.is_empty() => name,
            _ => return Err(ScenarioError::new("the report's scenario has no name")),
        };
        let text = toml::to_string(&file)
            .map_err(|error| ScenarioError::new(format!("the report's scenario cannot be read: {error}")))?;
        Ok(Self { name: format!("{name}.toml"), text })
    }

    /// The text itself.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it says, with these overrides; of a `[matrix]` the first variation.
    pub fn scenario(&self, overrides: &Overrides) -> Result<Scenario, ScenarioError> {
        Scenario::parse(&self.name, &self.text, overrides)
    }

    /// Every variation of its `[matrix]`, in the order of the file; one without.
    pub fn variations(&self, overrides: &Overrides) -> Result<Vec<Variation>, ScenarioError> {
        let count = self.scenario(overrides)?.matrix.count();
        let variation = |number| {
            let scenario = Scenario::parse_variation(&self.name, &self.text, overrides, number)?;
            Ok(Variation { params: scenario.matrix.params(number), scenario })
        };
        (0..count).map(variation).collect()
    }
}

fn read(path: &str) -> Result<String, ScenarioError> {
    let wrong = |what: String| ScenarioError::new(format!("{path}: {what}"));
    let unreadable = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => wrong("there is no such file".into())
            .with_hint("a name without `/` and `.toml` is a shipped scenario: pubsub-lab scenarios list"),
        ErrorKind::IsADirectory => wrong("this is a directory, not a scenario file".into()),
        ErrorKind::InvalidData => wrong("this is not UTF-8 text".into()),
        _ => wrong(format!("cannot be read: {error}")),
    };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(wrong("this is too long for a scenario file (1 MiB)".into()));
    }
    Ok(text)
}
