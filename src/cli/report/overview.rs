//! `report --overview A B ...`: makes one grid of many reports.

use std::path::{Component, Path, PathBuf};

use super::places;
use super::unprinted::{said, unwritten};
use crate::failure::{Failure, USAGE};
use crate::output::{Format, print_text, table_width};
use crate::stderr::say;
use report::{HTML_FILE, OVERVIEW_PAGE, Overview, OverviewSource, REPORT_FILE, Report, overview};

pub(super) fn run(words: &[PathBuf], format: Format, out: Option<&Path>, force: bool) -> Result<u8, Failure> {
    let (dirs, beside) = (within(&places::all(words)?), out.unwrap_or(Path::new(".")));
    let reports = places::read_all(&dirs)?.into_iter().zip(&dirs);
    let grid = overview(&reports.map(|(report, dir)| source(report, dir, beside)).collect::<Vec<_>>());
    if let Some(out) = out {
        write(&grid, out, force)?;
    }
    said(print(&grid, format)?)?;
    Ok(0)
}

/// A report for a grid whose page is in `out`, with the address of the page in the report's directory.
pub(in super::super) fn source(report: Report, dir: &Path, out: &Path) -> OverviewSource {
    let page = places::directory(dir).join(HTML_FILE);
    OverviewSource { report, page: page.is_file().then(|| address(&page, out)) }
}

/// Writes every form of the grid, and says where its page is.
pub(in super::super) fn write(grid: &Overview, out: &Path, force: bool) -> Result<(), Failure> {
    grid.write(out, force).map_err(|error| {
        let message = format!("the grid cannot be written to {}: {error}", out.display());
        unwritten(&error, message, "choose another directory with `--out`")
    })?;
    say(format_args!("grid: {}", out.join(OVERVIEW_PAGE).display()));
    Ok(())
}

/// Prints the grid; the outer error is of a format that it does not have.
pub(in super::super) fn print(grid: &Overview, format: Format) -> Result<std::io::Result<()>, Failure> {
    Ok(match format {
        Format::Text => print_text(&grid.to_text(table_width())),
        Format::Json => grid.to_json().and_then(|text| print_text(&text)),
        Format::Md => print_text(&grid.to_markdown()),
        Format::Csv => grid.to_csv().and_then(|text| print_text(&text)),
        Format::Junit => {
            let message = format!("--format {} is not for a grid", format.name());
            return Err(Failure::new(USAGE, message, "use text, json, md or csv, or name one report alone"));
        }
    })
}

/// The directories of reports: a directory without a report of its own stands for those directly in it that have one, in
/// the order of their names.
fn within(places: &[PathBuf]) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for place in places {
        let mut inner: Vec<PathBuf> = match std::fs::read_dir(place) {
            Ok(entries) if !place.join(REPORT_FILE).exists() => entries
                .filter_map(|entry| Some(entry.ok()?.path()))
                // A link such as `latest` leads to a directory that has its own name here.
                .filter(|path| !path.is_symlink() && path.join(REPORT_FILE).is_file())
                .collect(),
            _ => Vec::new(),
        };
        inner.sort();
        // What holds no report is kept: reading it gives the right error.
        all.extend(if inner.is_empty() { vec![place.clone()] } else { inner });
    }
    all
}

/// The address of a page, as a link from a page in `out`.
fn address(page: &Path, out: &Path) -> String {
    let whole = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).ok();
    let (Some(page), Some(out)) = (whole(page), whole(out)) else { return page.display().to_string() };
    let (page, out): (Vec<Component>, Vec<Component>) =
        (page.components().collect(), out.components().collect());
    let shared = page.iter().zip(&out).take_while(|(one, other)| one == other).count();
    let up = out[shared..].iter().map(|_| "..".to_owned());
    let down = page[shared..].iter().map(|part| encoded(&part.as_os_str().to_string_lossy()));
    up.chain(down).collect::<Vec<_>>().join("/")
}

/// A name as it stands in a link: what would end the path is written as `%23`.
fn encoded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$'()*+,;=@".contains(&byte);
    name.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_from_the_grid_to_the_report() {
        let dir = tempfile::tempdir().unwrap();
        for inner in ["suite/steady", "other"] {
            std::fs::create_dir_all(dir.path().join(inner)).unwrap();
        }
        let page = |inner: &str| dir.path().join(inner).join("report.html");
        let (suite, other) = (dir.path().join("suite"), dir.path().join("other"));
        std::fs::write(page("suite/steady"), "").unwrap();
        assert_eq!(address(&page("suite/steady"), &suite), "steady/report.html");
        assert_eq!(address(&page("suite/steady"), &other), "../suite/steady/report.html");
        assert_eq!(encoded("a b#c"), "a%20b%23c");
    }

    #[test]
    fn a_directory_of_reports_stands_for_them() {
        let dir = tempfile::tempdir().unwrap();
        let inner = |name: &str| dir.path().join(name);
        for name in ["b", "a", "empty"] {
            std::fs::create_dir(inner(name)).unwrap();
        }
        for name in ["a", "b"] {
            std::fs::write(inner(name).join(REPORT_FILE), "{}").unwrap();
        }
        std::os::unix::fs::symlink(inner("b"), inner("latest")).unwrap();
        assert_eq!(within(&[dir.path().to_owned()]), [inner("a"), inner("b")]);
        assert_eq!(within(&[inner("a"), inner("empty")]), [inner("a"), inner("empty")]);
    }
}
