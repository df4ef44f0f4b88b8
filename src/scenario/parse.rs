//! Reads the text of a scenario.

use std::path::Path;

use toml::de::DeValue;

use super::check::Whole;
use super::error::{InputError, Source};
use super::example::example;
use super::fields::{CLUSTER_FIELDS, Field, LOAD_FIELDS, Overrides};
use super::pattern::Pattern;
use super::scenario::Scenario;
use super::section::{FileValue, Section};
use super::values::Fields;
use super::{expect, fault, matrix, patterns};

pub(super) const KEYS: [&str; 8] =
    ["title", "watch", "patterns", "cluster", "load", "matrix", "fault", "expect"];
/// The longest title in characters: a title has to fit on one line of a table.
pub(super) const TITLE_MAX: usize = 100;
/// The longest advice in characters: it has to be read before a run begins.
pub(super) const WATCH_MAX: usize = 400;

impl Scenario {
    /// Reads the text of a scenario. Errors call it `source_name`, whose stem becomes the scenario's name. If there is
    /// a `[matrix]`, gives the first variation.
    pub fn parse(source_name: &str, text: &str, overrides: &Overrides) -> Result<Scenario, InputError> {
        Self::parse_variation(source_name, text, overrides, 0)
    }

    /// Reads the text of a scenario as the variation of this number.
    pub(super) fn parse_variation(
        source_name: &str,
        text: &str,
        overrides: &Overrides,
        variation: usize,
    ) -> Result<Scenario, InputError> {
        let source = &Source { name: source_name, text, example };
        let document = source.document()?;
        let root = Section::root(source, &document, "a scenario", &KEYS)?;
        let name = Path::new(source_name).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let title = title(&root)?.unwrap_or_else(|| name.clone());
        let watch = watch(&root)?;
        let patterns = match root.get("patterns") {
            Some(value) => patterns::read(value)?,
            None => Pattern::ALL.to_vec(),
        };

        let open = |key, name, known: &[Field]| {
            let keys: Vec<&str> = known.iter().map(|field| field.key).collect();
            root.table(key, name, &keys)
        };
        let cluster_section = open("cluster", "[cluster]", CLUSTER_FIELDS)?;
        let load_section = open("load", "[load]", LOAD_FIELDS)?;
        let (matrix, picks) = matrix::read(&root, overrides, variation)?;
        let mut fields = Fields::new(source, cluster_section, load_section, overrides, picks)?;
        let (cluster, load) = (fields.cluster()?, fields.load()?);

        let faults = match root.get("fault") {
            Some(value) => list_of_tables(value)?
                .into_iter()
                .map(|value| fault::read(value, &cluster, load.duration))
                .collect::<Result<Vec<_>, _>>()?,
            None => Vec::new(),
        };
        let expect = root.get("expect").map(|value| expect::read(value)).transpose()?.unwrap_or_default();

        Whole {
            source,
            fields: &fields,
            patterns: &patterns,
            cluster: &cluster,
            load: &load,
            faults: &faults,
        }
        .check()?;
        let faults = faults.into_iter().map(|placed| placed.plan).collect();
        Ok(Scenario { name, title, watch, patterns, cluster, load, matrix, faults, expect })
    }
}

fn title(root: &Section<'_>) -> Result<Option<String>, InputError> {
    let Some((value, title)) = root.text("title")? else { return Ok(None) };
    let wrong =
        title.trim().is_empty() || title.chars().count() > TITLE_MAX || title.chars().any(char::is_control);
    if wrong {
        let error = value.error(format!("`title` must be one line of 1 to {TITLE_MAX} characters"));
        return Err(error.with_hint(example("title")));
    }
    Ok(Some(title.to_owned()))
}

/// The advice as one line: where a file breaks it into lines says nothing.
fn watch(root: &Section<'_>) -> Result<Option<String>, InputError> {
    let Some((value, text)) = root.text("watch")? else { return Ok(None) };
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() || text.chars().count() > WATCH_MAX || line.chars().any(char::is_control) {
        let error = value.error(format!("`watch` must be a text of 1 to {WATCH_MAX} characters"));
        return Err(error.with_hint(example("watch")));
    }
    Ok(Some(line))
}

fn list_of_tables(value: FileValue<'_>) -> Result<Vec<FileValue<'_>>, InputError> {
    if let DeValue::Table(_) = value.value.get_ref() {
        let error = value.error("`fault` must be a list of tables");
        return Err(error.with_hint("write [[fault]] with two brackets, once a fault"));
    }
    value.list("a list of tables, each under [[fault]]")
}
