//! `report --merge A B ...`: makes several reports into one.

use std::path::{Path, PathBuf};

use super::places;
use super::unprinted::{only_one, said, unwritten};
use crate::failure::{Failure, USAGE};
use crate::output::{Format, print_table, print_text};
use report::{markdown, merge};

pub(super) fn run(words: &[PathBuf], format: Format, out: Option<&Path>, force: bool) -> Result<u8, Failure> {
    let reports = places::read_all(&places::all(words)?)?;
    let merged = merge(&reports).map_err(|differing| {
        let message = format!("these reports are of different scenarios: {}", differing.join(", "));
        Failure::new(USAGE, message, "leave out `--merge`: that compares them")
    })?;
    if let Some(out) = out {
        merged.write(out, force).map_err(|error| {
            let message = format!("the merged report cannot be written to {}: {error}", out.display());
            unwritten(&error, message, "choose another directory with `--out`")
        })?;
    }
    said(match format {
        Format::Text => print_table(&merged.report, &merged.sentences()),
        Format::Json => merged.to_json().and_then(|text| print_text(&text)),
        Format::Md => print_text(&markdown(&merged.report)),
        Format::Junit | Format::Csv => return Err(only_one("merged reports", format)),
    })?;
    Ok(0)
}
