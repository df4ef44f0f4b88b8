//! What a suite keeps so that it can be resumed. URLs of brokers and nodes are not kept: a directory of reports is handed
//! on, and they may hold passwords.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::bench::How;
use crate::failure::{ENVIRONMENT, Failure, USAGE};
use report::{OVERVIEW_FILES, REPORT_FILE};

/// The file's name in the directory of the suite.
const FILE: &str = "suite.json";

/// What a suite is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// The name of its list.
    pub(super) name: String,
    /// The scenarios, in their order, as the user named them.
    pub(super) scenarios: Vec<String>,
    patterns: Vec<String>,
    server: Option<String>,
    label: Option<String>,
    dialect: Option<String>,
    runs: Option<u32>,
    seed: Option<u64>,
    quick: bool,
    /// Whether there were flags that are not kept, so that they have to be given again.
    more: bool,
}

impl Kept {
    /// What is kept of a suite that begins.
    pub(super) fn new(name: &str, scenarios: Vec<String>, how: &How) -> Self {
        let subjects = &how.subjects;
        Self {
            name: name.into(),
            scenarios,
            patterns: subjects.pattern.clone(),
            server: subjects.server.clone(),
            label: subjects.label.clone(),
            dialect: subjects.dialect.clone(),
            runs: how.runs,
            seed: how.seed,
            quick: how.quick,
            more: !subjects.urls.is_empty() || !subjects.brokers.is_empty() || how.changes_more(),
        }
    }

    /// Reads what is kept in the directory of a suite.
    pub(super) fn read(dir: &Path) -> Result<Self, Failure> {
        let file = dir.join(FILE);
        let hint = "name the directory that `pubsub-lab suite` wrote, such as `--resume runs/latest`";
        let wrong = |why: String| Failure::new(USAGE, format!("--resume {}: {why}", dir.display()), hint);
        let text = std::fs::read_to_string(&file).map_err(|_| wrong("there is no suite in it".into()))?;
        serde_json::from_str(&text).map_err(|error| wrong(format!("{FILE} cannot be read: {error}")))
    }

    /// The flags of the suite, with those that had to be given again.
    pub(super) fn completed(&self, given: How) -> Result<How, Failure> {
        let mut how = given;
        let again = !how.subjects.urls.is_empty() || !how.subjects.brokers.is_empty() || how.changes_more();
        if self.more != again {
            let message = match self.more {
                true => "--resume: the suite was begun with flags that are not kept",
                false => {
                    "--resume: the suite was begun without these flags, and its reports would not go together"
                }
            };
            let hint =
                "give `--url`, `--broker`, `--node-flag` and every override exactly as in the first command";
            return Err(Failure::new(USAGE, message, hint));
        }
        let subjects = &mut how.subjects;
        let stray = !subjects.pattern.is_empty()
            || subjects.server.is_some()
            || how.runs.is_some()
            || how.seed.is_some();
        if stray || how.quick {
            let message = "--resume: what is measured stands in the suite, and cannot be changed";
            return Err(Failure::new(
                USAGE,
                message,
                "leave out everything but `--resume DIR`, or begin a new suite",
            ));
        }
        subjects.pattern.clone_from(&self.patterns);
        subjects.server.clone_from(&self.server);
        subjects.label.clone_from(&self.label);
        subjects.dialect.clone_from(&self.dialect);
        (how.runs, how.seed, how.quick) = (self.runs, self.seed, self.quick);
        Ok(how)
    }

    /// Writes it into the directory of the suite, which is made if need be.
    pub(super) fn write(&self, dir: &Path) -> Result<(), Failure> {
        let failed = |error: std::io::Error| {
            let message = format!("the suite cannot be written to {}: {error}", dir.display());
            Failure::new(ENVIRONMENT, message, "choose another directory with `--out`")
        };
        std::fs::create_dir_all(dir).map_err(failed)?;
        let text = serde_json::to_string_pretty(self).map_err(std::io::Error::other).map_err(failed)?;
        std::fs::write(dir.join(FILE), text + "\n").map_err(failed)
    }
}

/// A file of a suite, or of a single report, that is there already.
pub(super) fn in_the_way(dir: &Path) -> Option<PathBuf> {
    let names = OVERVIEW_FILES.iter().chain([&FILE, &REPORT_FILE]);
    names.map(|name| dir.join(name)).find(|path| path.symlink_metadata().is_ok())
}

/// Removes the reports of the suite in this directory: beside new ones they would pass for complete. What is no suite's
/// stays.
pub(super) fn forget(dir: &Path) -> Result<(), Failure> {
    if Kept::read(dir).is_err() {
        return Ok(());
    }
    let inner = std::fs::read_dir(dir).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    for report in inner.map(|path| path.join(REPORT_FILE)).filter(|path| path.is_file()) {
        std::fs::remove_file(&report).map_err(|error| {
            let message = format!("{} cannot be removed: {error}", report.display());
            Failure::new(ENVIRONMENT, message, "choose another directory with `--out`")
        })?;
    }
    Ok(())
}
