//! The places of reports.

use std::path::{Path, PathBuf};

use crate::failure::{Failure, USAGE};
use report::Report;

/// The directory of the last run, where nobody names another.
pub(super) const LATEST: &str = "runs/latest";

/// The directory of the last run, to which the link leads.
pub(super) fn latest(link: &Path) -> Result<PathBuf, Failure> {
    if link.join(report::REPORT_FILE).exists() {
        return Ok(link.to_owned());
    }
    let message = format!("there is no last run here: {} has no report", link.display());
    let hint = "run `pubsub-lab bench --scenario steady`, or name the directory of a report";
    Err(Failure::new(USAGE, message, hint))
}

/// Reads the report in a directory, or in a file.
pub(super) fn read(dir: &Path) -> Result<Report, Failure> {
    Report::read(dir).map_err(|error| Failure::new(USAGE, error.to_string(), error.hint()))
}

/// Reads every report of some directories that are to be counted together. It is an error if one of them cannot be
/// read, or is there twice: its runs would count twice.
pub(super) fn read_all(dirs: &[PathBuf]) -> Result<Vec<Report>, Failure> {
    let mut reports: Vec<Report> = Vec::new();
    for dir in dirs {
        let report = read(dir)?;
        if let Some(place) = reports.iter().position(|other| *other == report) {
            let (first, again) = (dirs[place].display(), dir.display());
            let message = if dirs[place] == *dir {
                format!("{again} is named twice, and its runs would count twice")
            } else {
                format!("{first} and {again} hold the same report, and its runs would count twice")
            };
            return Err(Failure::new(USAGE, message, "name each report once"));
        }
        reports.push(report);
    }
    Ok(reports)
}

/// The directories of a side: several if the word has commas, or one if a directory has that very name.
pub(super) fn side(word: &Path) -> Vec<PathBuf> {
    match word.to_str() {
        Some(text) if text.contains(',') && !word.exists() => {
            text.split(',').filter(|part| !part.is_empty()).map(PathBuf::from).collect()
        }
        _ => vec![word.to_owned()],
    }
}

/// The directories that the words name; without any words, that of the last run.
pub(super) fn all(words: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    if words.is_empty() {
        return Ok(vec![latest(Path::new(LATEST))?]);
    }
    Ok(words.iter().flat_map(|word| side(word)).collect())
}

/// The directory of a report that may be named by its file.
pub(super) fn directory(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if path.is_file() && parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) if path.is_file() => parent.to_owned(),
        _ => path.to_owned(),
    }
}

/// Refuses to write the files of a report into a directory where it does not lie as `report.json`: files of their names
/// are then another report's, or somebody else's.
pub(super) fn is_of_report(place: &Path, dir: &Path, force: bool) -> Result<(), Failure> {
    let own = place.is_dir() || place.file_name().is_some_and(|name| name == report::REPORT_FILE);
    match report::file_in_the_way(dir).filter(|_| !own && !force) {
        None => Ok(()),
        Some(name) => {
            let file = dir.join(name);
            let message = format!("{} is there, and is not of {}", file.display(), place.display());
            let hint =
                "copy the report as `report.json` to a directory of its own; or `--force` replaces files";
            Err(Failure::new(USAGE, message, hint))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_may_be_several_directories() {
        let paths = |words: &[&str]| words.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(side(Path::new("a,b,")), paths(&["a", "b"]));
        assert_eq!(side(Path::new("a")), paths(&["a"]));
        let dir = tempfile::tempdir().unwrap();
        let odd = dir.path().join("x,y");
        std::fs::create_dir(&odd).unwrap();
        assert_eq!(side(&odd), std::slice::from_ref(&odd));
        std::fs::write(odd.join("report.json"), "").unwrap();
        assert_eq!(directory(&odd.join("report.json")), odd);
    }
}
