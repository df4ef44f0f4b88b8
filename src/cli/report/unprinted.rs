//! The reasons why reports are not printed or written.

use std::io;

use crate::failure::{ENVIRONMENT, Failure, USAGE};
use crate::output::{Format, delivered};

/// The error when stdout takes no report.
pub(super) fn said(printed: io::Result<()>) -> Result<(), Failure> {
    delivered(printed, "the report is on disk all the same")
}

/// The error for a format that only a single report has.
pub(super) fn only_one(what: &str, format: Format) -> Failure {
    let message = format!("--format {} is not for {what}", format.name());
    Failure::new(USAGE, message, "use text, json or md, or name one report alone")
}

/// The error for files that were not written; the hint is for those that are in nobody's way.
pub(super) fn unwritten(error: &io::Error, message: String, hint: &str) -> Failure {
    match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Failure::new(USAGE, message, format!("`--force` replaces what is there; or {hint}"))
        }
        _ => Failure::new(ENVIRONMENT, message, hint),
    }
}
