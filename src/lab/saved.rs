//! What becomes of a report on the disk. The result itself depends on no disk: it is printed whatever happens here.

use std::path::{Path, PathBuf};

use super::bench::LOGS;
use super::error::LabError;
use report::Report;
use scenario::listed;

/// The result of a bench, and what of it is not on the disk.
#[derive(Debug)]
pub struct Measured {
    /// The result.
    pub report: Report,
    /// A sentence that names the files that were left out for want of room, if there are any.
    pub left_out: Option<String>,
    /// Why `report.json` is not there, or what ended the bench before it could be written.
    pub failure: Option<LabError>,
}

impl Measured {
    /// Writes a report into a directory: `report.json` first, and of the rest what there is room for. Traces go before
    /// anything else does.
    pub(super) fn keep(report: Report, out: &Path) -> Self {
        let mut traces = 0;
        let written = report.write_what_fits(out, || {
            let removed = remove_traces(&out.join(LOGS));
            traces += removed;
            removed > 0
        });
        let shown = out.display();
        let gone = if traces > 0 { "; the traces of messages went first" } else { "" };
        match written {
            Ok(missing) => {
                let why = missing.first().map(|(_, error)| format!(": {error}"));
                let names: Vec<_> = missing.into_iter().map(|(name, _)| name).collect();
                let left_out = match (why, traces) {
                    (Some(why), _) => {
                        let are = if names.len() == 1 { "is" } else { "are" };
                        Some(format!("{} {are} not written to {shown}{why}{gone}", listed(&names)))
                    }
                    (None, 0) => None,
                    (None, _) => Some(format!("the traces of messages in {shown} made room for the report")),
                };
                Self { report, left_out, failure: None }
            }
            Err(error) => {
                let message = format!("the report cannot be written to {shown}: {error}{gone}");
                let failure = LabError::environment(message)
                    .hint("what was measured is on stdout; choose another directory with `--out`");
                Self { report, left_out: None, failure: Some(failure) }
            }
        }
    }
}

/// Removes the traces of all runs, and gives their number.
fn remove_traces(logs: &Path) -> usize {
    let mut folders: Vec<PathBuf> = vec![logs.to_owned()];
    let mut removed = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            // A link is neither followed nor removed.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                Ok(kind) if kind.is_file() && path.extension().is_some_and(|it| it == "trace") => {
                    removed += usize::from(std::fs::remove_file(path).is_ok());
                }
                _ => {}
            }
        }
    }
    removed
}
