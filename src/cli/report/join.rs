//! `report --join PART ...`: makes one report of the parts of one run.

use std::path::{Path, PathBuf};

use super::unprinted::{said, unwritten};
use crate::failure::{Failure, USAGE};
use crate::output::{Format, print};

/// Joins the parts, writes the report if a directory is named, and prints it.
pub(super) fn run(parts: &[PathBuf], format: Format, out: Option<&Path>, force: bool) -> Result<u8, Failure> {
    let report = lab::join_parts(parts)?;
    if let Some(out) = out {
        if let Some(name) = report::file_in_the_way(out).filter(|_| !force) {
            let message = format!("{} is there already", out.join(name).display());
            return Err(Failure::new(USAGE, message, "choose another directory with `--out`, or `--force`"));
        }
        report.write_all(out).map_err(|error| {
            let message = format!("the joined report cannot be written to {}: {error}", out.display());
            unwritten(&error, message, "choose another directory with `--out`")
        })?;
    }
    said(print(&report, format))?;
    Ok(0)
}

/// Refuses to pool parts of one run: the sums miss the debts between agents.
pub(super) fn refuse_parts(directories: &[PathBuf]) -> Result<(), Failure> {
    match directories.iter().find(|directory| directory.join(part::MANIFEST_FILE).is_file()) {
        None => Ok(()),
        Some(part) => {
            let message = format!("{} is a part of one run and no report", part.display());
            let hint = "`report --join` makes one report of the parts; `--merge` pools repetitions, and its sums would \
                        miss what one agent owes another";
            Err(Failure::new(USAGE, message, hint))
        }
    }
}
