//! Reads and writes `report.json` in its directory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::atomic::replace;
use super::merge::MERGED_JSON;
use super::{Report, SCHEMA};

/// The file's name in the directory of a run.
pub const REPORT_FILE: &str = "report.json";

/// The reason why a report could not be read, as one sentence; [`hint`](ReportError::hint) says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The path of the file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The file is not a report.
    #[error("{path} is not a report: {source}")]
    Malformed {
        /// The path of the file.
        path: PathBuf,
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
    /// The file is of a version whose fields may mean something else.
    #[error("{path} has schema {schema}, this program reads schema {SCHEMA}")]
    Schema {
        /// The path of the file.
        path: PathBuf,
        /// The schema of the file.
        schema: u64,
    },
}

impl ReportError {
    /// What to do about the error.
    pub fn hint(&self) -> &'static str {
        match self {
            ReportError::Unreadable { path, .. } if path.with_file_name(MERGED_JSON).is_file() => {
                "that directory has a merged report: name the file, merged.json"
            }
            ReportError::Unreadable { .. } => {
                "name a directory that `pubsub-lab bench` wrote, such as runs/latest"
            }
            ReportError::Malformed { .. } => "run the bench again, or name another directory",
            ReportError::Schema { .. } => "read it with the version of pubsub-lab that wrote it",
        }
    }
}

impl Report {
    /// The text of `report.json`, as `--format json` prints it.
    pub fn to_json(&self) -> io::Result<String> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }

    /// Writes `report.json` into a directory, which is made if need be. A reader finds the old file or the new
    /// one, never a half.
    pub fn write(&self, dir: &Path) -> io::Result<()> {
        replace(dir, REPORT_FILE, self.to_json()?.as_bytes())
    }

    /// Reads the report in a directory; a path to the file itself does as well. Unknown fields are
    /// ignored, and strings are [cleaned](Report::cleaned).
    pub fn read(dir: &Path) -> Result<Report, ReportError> {
        // Of a word that names nothing, the user is told that, and not of a file in it.
        let path = if dir.is_dir() { dir.join(REPORT_FILE) } else { dir.to_owned() };
        let malformed = |source| ReportError::Malformed { path: path.clone(), source };
        let text = fs::read_to_string(&path)
            .map_err(|source| ReportError::Unreadable { path: path.clone(), source })?;
        // Some editors put this mark before everything that they save.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        // The schema is checked first: with another one, a missing field is not the news.
        let json: serde_json::Value = serde_json::from_str(text).map_err(malformed)?;
        match json.get("schema").and_then(serde_json::Value::as_u64) {
            Some(schema) if schema != u64::from(SCHEMA) => Err(ReportError::Schema { path, schema }),
            _ if !json.is_object() => Err(malformed(serde::de::Error::custom("it is JSON, and no object"))),
            _ => serde_json::from_str(text).map_err(malformed).map(Report::cleaned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{not_applicable, report, run_with};
    use super::*;

    #[test]
    fn reads_what_it_wrote_and_overwrites_what_was_there() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("runs/one");
        report(vec![]).write(&inner).unwrap();
        let written = report(vec![run_with(|_| {}), not_applicable()]);
        written.write(&inner).unwrap();
        assert_eq!(Report::read(&inner).unwrap(), written);
        assert_eq!(Report::read(&inner.join(REPORT_FILE)).unwrap(), written);
        let files: Vec<_> = fs::read_dir(&inner).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(files, [REPORT_FILE], "nothing temporary stays");
    }

    #[test]
    fn ignores_what_a_later_version_added() {
        let dir = tempfile::tempdir().unwrap();
        let mut json = serde_json::to_value(report(vec![run_with(|_| {})])).unwrap();
        json["weather"] = "fine".into();
        json["runs"][0]["weather"] = "fine".into();
        json["host"]["weather"] = "fine".into();
        fs::write(dir.path().join(REPORT_FILE), json.to_string()).unwrap();
        assert_eq!(Report::read(dir.path()).unwrap(), report(vec![run_with(|_| {})]));
    }

    #[test]
    fn a_mark_of_an_editor_is_no_error() {
        let dir = tempfile::tempdir().unwrap();
        let written = report(vec![run_with(|_| {})]);
        fs::write(dir.path().join(REPORT_FILE), format!("\u{feff}{}", written.to_json().unwrap())).unwrap();
        assert_eq!(Report::read(dir.path()).unwrap(), written);
    }

    #[test]
    fn an_error_says_what_and_where() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(REPORT_FILE);
        let said = || Report::read(dir.path()).unwrap_err().to_string();
        assert_eq!(said(), format!("cannot read {}: No such file or directory (os error 2)", file.display()));
        let absent = dir.path().join("absent");
        let error = Report::read(&absent).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("cannot read {}: No such file or directory (os error 2)", absent.display())
        );
        fs::write(dir.path().join(MERGED_JSON), "{}").unwrap();
        assert!(Report::read(dir.path()).unwrap_err().hint().ends_with("name the file, merged.json"));
        fs::write(&file, "{\"schema\": 1,\n \"seed\": true}").unwrap();
        let malformed = said();
        let begins = malformed.starts_with(&format!("{} is not a report: ", file.display()));
        assert!(begins && malformed.contains("line 2 column"), "{malformed}");
        fs::write(&file, "[1]").unwrap();
        assert_eq!(said(), format!("{} is not a report: it is JSON, and no object", file.display()));
        fs::write(&file, "{\"schema\": 2}").unwrap();
        assert_eq!(said(), format!("{} has schema 2, this program reads schema 1", file.display()));
    }
}
