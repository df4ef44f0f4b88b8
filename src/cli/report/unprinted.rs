//! The reasons why reports are not printed.

use std::io;

use crate::failure::{Failure, USAGE};
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
