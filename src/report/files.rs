//! The files beside `report.json`. All are derived from it alone: nothing stands in them that it does not hold.

mod escape;
mod hgrm;
mod hlog;
mod markdown;
mod tags;
mod timeline;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

pub use hgrm::{HGRM_FILE, hgrm};
pub use hlog::{HLOG_FILE, hlog};
pub use markdown::{MARKDOWN_FILE, markdown};
pub use timeline::{TIMELINE_FILE, timeline_csv};

pub(super) use escape::{row, text};

use super::atomic::replace;
use super::chart::{Shape, Theme, pictures};
use super::page;
use super::{REPORT_FILE, Report};

/// The page's name in the directory of a run.
pub const HTML_FILE: &str = "report.html";

impl Report {
    /// Writes `report.json`, and then everything that is derived from it. Each file is replaced as a whole.
    pub fn write_all(&self, dir: &Path) -> io::Result<()> {
        self.write(dir)?;
        self.write_derived(dir)
    }

    /// Writes each picture of the page as an SVG file of its own, in this shape and these colours, into a directory,
    /// which is made if need be. Gives the names of the files. Files that are there are replaced only with `force`.
    ///
    /// # Errors
    /// When a file cannot be written, or when one is there (`AlreadyExists`) and `force` is false. Nothing is written
    /// then.
    pub fn write_charts(
        &self,
        dir: &Path,
        shape: Shape,
        theme: Theme,
        force: bool,
    ) -> io::Result<Vec<String>> {
        let files = pictures(self, shape).into_iter().filter_map(|picture| {
            let svg = picture.alone(shape, theme)?;
            Some((format!("{}.svg", picture.id), svg))
        });
        let files: Vec<_> = files.collect();
        if !force {
            nothing_there(dir, files.iter().map(|(name, _)| name.as_str()))?;
        }
        files.into_iter().map(|(name, svg)| replace(dir, &name, svg.as_bytes()).map(|()| name)).collect()
    }

    /// Writes everything that is derived from `report.json`, but not that file itself.
    pub fn write_derived(&self, dir: &Path) -> io::Result<()> {
        let mut kept = BTreeSet::new();
        for (name, text) in self.derived(dir) {
            replace(dir, &name, &text?)?;
            kept.insert(name);
        }
        forget_others(dir, &kept)
    }

    /// Writes `report.json`, and then of what is derived from it all that there is room for. Whenever something does
    /// not fit, `make_room` may free some; it says whether it did. Gives the files that were left out, and why; what an
    /// earlier report had under their names is removed.
    ///
    /// # Errors
    /// When `report.json` cannot be written. Nothing else is then.
    pub fn write_what_fits(
        &self,
        dir: &Path,
        mut make_room: impl FnMut() -> bool,
    ) -> io::Result<Vec<(String, io::Error)>> {
        let mut put = |name: &str, text: &[u8]| match replace(dir, name, text) {
            Err(error) if lacks_room(&error) && make_room() => replace(dir, name, text),
            written => written,
        };
        put(REPORT_FILE, self.to_json()?.as_bytes())?;
        let (mut kept, mut left_out) = (BTreeSet::new(), Vec::new());
        for (name, text) in self.derived(dir) {
            match text.and_then(|text| put(&name, &text)) {
                Ok(()) => {
                    kept.insert(name);
                }
                Err(error) => {
                    // Beside the new report, the file of an earlier one would pass for its own.
                    let _ = fs::remove_file(dir.join(&name));
                    left_out.push((name, error));
                }
            }
        }
        // What cannot be removed is no reason to call the report unwritten.
        forget_others(dir, &kept).ok();
        Ok(left_out)
    }

    /// The names and contents of all files that are derived from the report.
    fn derived(&self, dir: &Path) -> impl Iterator<Item = (String, io::Result<Vec<u8>>)> {
        let bytes = |text: io::Result<String>| text.map(String::into_bytes);
        let named = [
            (HLOG_FILE, bytes(hlog(self))),
            (TIMELINE_FILE, bytes(timeline_csv(self))),
            (MARKDOWN_FILE, bytes(Ok(markdown(self)))),
            (HTML_FILE, bytes(Ok(page(self, dir)))),
        ];
        let curves = hgrm::files(self).into_iter().map(|(name, text)| (name, Ok(text.into_bytes())));
        named.into_iter().map(|(name, text)| (name.to_owned(), text)).chain(curves)
    }
}

/// An error of the kind `AlreadyExists` if one of these files is in the directory.
pub(super) fn nothing_there<'a>(dir: &Path, names: impl IntoIterator<Item = &'a str>) -> io::Result<()> {
    match names.into_iter().find(|name| dir.join(name).symlink_metadata().is_ok()) {
        None => Ok(()),
        Some(name) => Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{name} is there already"))),
    }
}

/// The name of a file in this directory that a report would replace, if there is one.
pub fn file_in_the_way(dir: &Path) -> Option<String> {
    let named = [REPORT_FILE, HLOG_FILE, TIMELINE_FILE, MARKDOWN_FILE, HTML_FILE];
    let mut names: Vec<_> = fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| named.contains(&name.as_str()) || hgrm::is_one(name))
        .collect();
    names.sort();
    names.into_iter().next()
}

/// Whether an error says that there is no room: a full disk, a quota, a bound on the size of files.
fn lacks_room(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    [StorageFull, QuotaExceeded, FileTooLarge].contains(&error.kind())
}

/// Removes the percentile files of other runs. An earlier report in the same directory may have had such runs, and
/// their files would pass for this report's.
fn forget_others(dir: &Path, kept: &BTreeSet<String>) -> io::Result<()> {
    for entry in fs::read_dir(dir)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if hgrm::is_one(&name) && !kept.contains(&name) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::sample::{amqp, redis, report};
    use super::*;
    use crate::{Encoded, RunReport};
    use ledger::micros_histogram;

    fn measured(mut run: RunReport) -> RunReport {
        let mut latency = micros_histogram();
        (1..=1_000).for_each(|value| latency.saturating_record(value));
        run.distributions.latency = Encoded::of(&latency);
        run
    }

    #[test]
    fn every_file_is_there_and_none_of_an_earlier_report() {
        let dir = tempfile::tempdir().unwrap();
        let names = || {
            let mut names: Vec<_> = fs::read_dir(dir.path())
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        report(vec![measured(redis()), measured(amqp())]).write_all(dir.path()).unwrap();
        let two = ["percentiles-amqp-1.hgrm", "percentiles-redis-1.hgrm"];
        let all = ["latency.hlog", two[0], two[1], "report.html", "report.json", "report.md", "timeline.csv"];
        assert_eq!(names(), all);
        fs::write(dir.path().join("percentiles of mine.hgrm"), "").unwrap();
        report(vec![measured(redis())]).write_all(dir.path()).unwrap();
        let kept = ["percentiles of mine.hgrm", "percentiles.hgrm"];
        assert_eq!(
            names(),
            ["latency.hlog", kept[0], kept[1], "report.html", "report.json", "report.md", "timeline.csv"]
        );
    }
}
