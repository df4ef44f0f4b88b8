//! The scenarios within the binary, and how one is found by its name or its path.

use std::io::{ErrorKind, Read};
use std::path::Path;

use rust_embed::Embed;

use super::error::{Complaint, InputError, Source};
use super::words::nearest;
use super::{Overrides, Scenario, Variation};

#[derive(Embed)]
#[folder = "../../scenarios/"]
struct Files;

/// The longest scenario file, in bytes; a longer file is something else.
const MAX_BYTES: u64 = 1 << 20;

/// A scenario within the binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipped {
    /// The name that `--scenario` takes.
    pub name: String,
    /// The text of the file, verbatim.
    pub text: String,
}

impl Shipped {
    /// Every shipped scenario, ordered by name.
    pub fn all() -> Vec<Shipped> {
        let mut all: Vec<_> =
            Files::iter().filter_map(|path| Self::named(path.strip_suffix(".toml")?)).collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    /// The shipped scenario with this name.
    pub fn named(name: &str) -> Option<Shipped> {
        let file = Files::get(&format!("{name}.toml"))?;
        Some(Shipped { name: name.to_owned(), text: String::from_utf8_lossy(&file.data).into_owned() })
    }

    /// The shipped scenario with this name, or an error that names the nearest.
    pub fn find(name: &str) -> Result<Shipped, InputError> {
        Self::named(name).ok_or_else(|| {
            let all = Self::all();
            let hint = match nearest(name, all.iter().map(|shipped| shipped.name.as_str())) {
                Some(near) => format!("did you mean `{near}`? All of them: pubsub-lab scenarios list"),
                None => "all of them: pubsub-lab scenarios list".into(),
            };
            Complaint::new(format!("no scenario is called `{name}`")).with_hint(hint)
        })
    }
}

impl Scenario {
    /// Reads the shipped scenario with this name, or the file at this path. A name has no `/` and no `.toml`.
    pub fn load(name_or_path: &str, overrides: &Overrides) -> Result<Scenario, InputError> {
        ScenarioFile::find(name_or_path)?.scenario(overrides)
    }
}

/// The text of a scenario, and the name that errors give it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioFile {
    name: String,
    text: String,
}

impl ScenarioFile {
    /// Finds the shipped scenario with this name, or the file at this path. A name has no `/` and no `.toml`.
    pub fn find(name_or_path: &str) -> Result<Self, InputError> {
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

    fn at(path: &str) -> Result<Self, InputError> {
        Ok(Self { name: path.to_owned(), text: read(path)? })
    }

    /// The effective scenario that a report shows, made into a file again.
    pub fn of_report(scenario: &serde_json::Value) -> Result<Self, InputError> {
        let mut file = scenario.clone();
        let name = match file.as_object_mut().and_then(|file| file.remove("name")) {
            Some(serde_json::Value::String(name)) if !name.is_empty() => name,
            _ => return Err(Complaint::new("the report's scenario has no name").with_hint(BY_FILE)),
        };
        let text = toml::to_string(&file)
            .map_err(|error| Complaint::new(format!("the report's scenario cannot be read: {error}")))
            .map_err(|complaint| complaint.with_hint(BY_FILE))?;
        Ok(Self { name: format!("{name}.toml"), text })
    }

    /// The text of the scenario.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The scenario that the text describes, with these overrides; the first variation if it has a `[matrix]`.
    pub fn scenario(&self, overrides: &Overrides) -> Result<Scenario, InputError> {
        Scenario::parse(&self.name, &self.text, overrides)
    }

    /// Every variation of the text's `[matrix]`, in the order of the file; one variation if it has none.
    pub fn variations(&self, overrides: &Overrides) -> Result<Vec<Variation>, InputError> {
        let count = self.scenario(overrides)?.matrix.count();
        let variation = |number| {
            let scenario = Scenario::parse_variation(&self.name, &self.text, overrides, number)?;
            Ok(Variation { params: scenario.matrix.params(number), scenario })
        };
        (0..count).map(variation).collect()
    }
}

/// The hint for a report that does not say what was run.
const BY_FILE: &str = "run its scenario with `--scenario`";

fn read(path: &str) -> Result<String, InputError> {
    let wrong = |what: String| Complaint::new(format!("{path}: {what}"));
    let unreadable = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => wrong("there is no such file".into())
            .with_hint("a name without `/` and `.toml` is a shipped scenario: pubsub-lab scenarios list"),
        ErrorKind::IsADirectory => wrong("this is a directory, not a scenario file".into())
            .with_hint("name a file in it, or a shipped scenario: pubsub-lab scenarios list"),
        _ => wrong(format!("cannot be read: {error}"))
            .with_hint("let it be a file that you may read, or copy it to where you may"),
    };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        let error = wrong("this is too long for a scenario file (1 MiB)".into());
        return Err(error.with_hint("a scenario is a short text: pubsub-lab scenarios show node-down"));
    }
    String::from_utf8(bytes).map_err(|error| {
        // The text is cut before the first wrong byte, which is where the error is.
        let valid = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
        let source = Source { name: path, text: &before, example: str::to_owned };
        source.error(&(valid..valid), "this is not UTF-8 text").with_hint("save the file as UTF-8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_unknown_name_gets_the_nearest_one() {
        let error = Shipped::find("broker_down").unwrap_err();
        assert_eq!(error.to_string(), "no scenario is called `broker_down`");
        assert_eq!(error.hint(), "did you mean `broker-down`? All of them: pubsub-lab scenarios list");
        let error = Shipped::find("colour").unwrap_err();
        assert_eq!(error.hint(), "all of them: pubsub-lab scenarios list");
        assert_eq!(Shipped::find("steady").unwrap().name, "steady");
        assert_eq!(ScenarioFile::find("colour").unwrap_err().to_string(), "no scenario is called `colour`");
    }

    #[test]
    fn a_shipped_scenario_is_its_text() {
        let file = ScenarioFile::find("steady").unwrap();
        assert_eq!(file.text(), Shipped::named("steady").unwrap().text);
        assert!(file.text().contains("title = \"Nothing breaks\""));
        assert_eq!(file.scenario(&Overrides::new()).unwrap().title, "Nothing breaks");
    }

    #[test]
    fn a_report_without_a_name_has_no_scenario() {
        for wrong in [json!({}), json!({ "name": "" }), json!({ "name": 5 }), json!([])] {
            let error = ScenarioFile::of_report(&wrong).unwrap_err();
            assert_eq!(error.to_string(), "the report's scenario has no name");
            assert_eq!(error.hint(), "run its scenario with `--scenario`");
        }
        let error =
            ScenarioFile::of_report(&json!({ "name": "x", "title": null, "load": [null] })).unwrap_err();
        assert!(error.to_string().starts_with("the report's scenario cannot be read: "), "{error}");
        let file = ScenarioFile::of_report(&json!({ "name": "x", "title": "t" })).unwrap();
        assert_eq!((file.name.as_str(), file.text()), ("x.toml", "title = \"t\"\n"));
    }
}

#[cfg(test)]
mod tests_of_the_machine {
    use super::*;

    #[test]
    fn a_file_that_is_no_scenario_is_called_by_what_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(at("binary.toml"), [b'#', b' ', 0xc3, 0xbc, b'\n', b'#', 0xff, 0xfe]).unwrap();
        std::fs::write(at("long.toml"), "#".repeat(1_048_577)).unwrap();
        std::fs::create_dir(at("dir.toml")).unwrap();
        for (name, place, what, hint) in [
            (
                "absent.toml",
                "",
                "there is no such file",
                "a name without `/` and `.toml` is a shipped scenario: pubsub-lab scenarios list",
            ),
            ("binary.toml", ":2:2", "this is not UTF-8 text", "save the file as UTF-8"),
            (
                "long.toml",
                "",
                "this is too long for a scenario file (1 MiB)",
                "a scenario is a short text: pubsub-lab scenarios show node-down",
            ),
            (
                "dir.toml",
                "",
                "this is a directory, not a scenario file",
                "name a file in it, or a shipped scenario: pubsub-lab scenarios list",
            ),
        ] {
            let error = ScenarioFile::find(&at(name)).unwrap_err();
            assert_eq!(error.to_string(), format!("{}{place}: {what}", at(name)));
            assert_eq!(error.hint(), hint, "{name}");
        }
        // A path is never the name of a shipped scenario, even where only its end `.toml` makes it a path.
        let error = ScenarioFile::find("no-such-scenario.toml").unwrap_err();
        assert_eq!(error.to_string(), "no-such-scenario.toml: there is no such file");
        let error = ScenarioFile::find("no/such").unwrap_err();
        assert_eq!(error.to_string(), "no/such: there is no such file");
    }

    #[test]
    fn a_file_of_a_mebibyte_is_read_whatever_its_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mine").to_str().unwrap().to_owned();
        let text = format!("title = \"t\"\n#{}", "x".repeat(1_048_563));
        assert_eq!(text.len(), 1_048_576);
        std::fs::write(&path, &text).unwrap();
        let scenario = Scenario::load(&path, &Overrides::new()).unwrap();
        assert_eq!((scenario.name.as_str(), scenario.title.as_str()), ("mine", "t"));
        assert_eq!(ScenarioFile::find(&path).unwrap().text(), text);
    }

    /// The tests of a crate run in the crate's own folder.
    #[test]
    fn a_file_in_the_working_directory_needs_no_ending() {
        let manifest = ScenarioFile::find("Cargo.toml").unwrap();
        assert!(manifest.text().contains("name = \"scenario\""));
        // The file has a name without `/` and `.toml`, and no shipped scenario has that name.
        let source = ScenarioFile::find("lib.rs").unwrap();
        assert!(source.text().starts_with("//! The scenario file"));
        assert!(ScenarioFile::find("fault").is_err(), "a directory is no file");
    }
}
