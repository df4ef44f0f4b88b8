//! `report A B ...`: says what changed.

use std::path::{Path, PathBuf};

use super::places;
use super::unprinted::{only_one, said};
use crate::failure::Failure;
use crate::output::{Format, print_text};
use report::{Side, compare};

pub(super) fn run(words: &[PathBuf], format: Format) -> Result<(), Failure> {
    let name = |word: &Path| word.display().to_string();
    // Where the only word names several directories, each of them is a side.
    let sides: Vec<(String, Vec<PathBuf>)> = match words {
        [only] => places::side(only).into_iter().map(|dir| (name(&dir), vec![dir])).collect(),
        several => several.iter().map(|word| (name(word), places::side(word))).collect(),
    };
    let read = |(name, dirs): (String, Vec<PathBuf>)| Ok(Side { name, reports: places::read_all(&dirs)? });
    let sides = sides.into_iter().map(read).collect::<Result<Vec<_>, Failure>>()?;
    let comparison = compare(&sides);
    said(match format {
        Format::Text => print_text(&comparison.to_text()),
        Format::Md => print_text(&comparison.to_markdown()),
        Format::Json => comparison.to_json().and_then(|text| print_text(&text)),
        Format::Junit | Format::Csv => return Err(only_one("a comparison", format)),
    })
}
