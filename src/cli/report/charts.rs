//! `report --charts DIR`: writes the charts as files.

use std::path::{Path, PathBuf};

use super::places;
use crate::failure::{ENVIRONMENT, Failure, USAGE};
use crate::stderr::say;

/// Writes the charts of one report.
pub(super) fn write(reports: &[PathBuf], dir: &Path) -> Result<(), Failure> {
    let [only] = reports else {
        let message = format!("--charts takes one report, and {} are named", reports.len());
        return Err(Failure::new(
            USAGE,
            message,
            "write the charts of each report into a directory of its own",
        ));
    };
    let files = places::read(only)?.write_charts(dir).map_err(|error| {
        let message = format!("the charts cannot be written to {}: {error}", dir.display());
        Failure::new(ENVIRONMENT, message, "choose another directory with `--charts`")
    })?;
    match &files[..] {
        [] => say(format_args!("there is no chart in {}: nothing was measured", only.display())),
        files => say(format_args!("{} charts in {}: {}", files.len(), dir.display(), files.join(", "))),
    }
    Ok(())
}
