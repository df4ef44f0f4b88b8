//! The grid: many scenarios over many subjects in one table, made of the reports of their benches.
//!
//! | file | what it is |
//! |---|---|
//! | `harm`, `cell`, `row` | what a run did to messages, in one word, one cell and one row |
//! | `condition`, `promises`, `advice` | the sentences below the table |
//! | `page`, `text`, `markdown`, `csv`, `svg` | its forms |

mod advice;
mod cell;
mod condition;
mod csv;
mod harm;
mod markdown;
mod page;
mod promises;
mod row;
mod svg;
mod text;

#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::Report;
use super::atomic::replace;
use super::chart::{Picture, together};
use super::files::nothing_there;

pub use cell::Cell;
pub use harm::Harm;
pub use row::Row;

/// The version of the grid's JSON. Fields are only ever added.
const SCHEMA: u32 = 1;

/// The names of the grid's files, in the order in which they are written.
pub const OVERVIEW_FILES: [&str; 5] =
    ["overview.json", "overview.md", "overview.csv", "overview.svg", "overview.html"];
/// The grid's page.
pub const OVERVIEW_PAGE: &str = OVERVIEW_FILES[4];

/// A report that the grid is made of, and where its page is, relative to the grid.
#[derive(Debug, Clone)]
pub struct OverviewSource {
    /// The report.
    pub report: Report,
    /// The address of its page, relative to that of the grid; `None` if there is none.
    pub page: Option<String>,
}

/// The grid: a row for each scenario, a column for each subject.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Overview {
    /// The version of this format.
    pub schema: u32,
    /// The names of the columns, in their order.
    pub subjects: Vec<String>,
    /// The rows, in the order of the reports.
    pub rows: Vec<Row>,
    /// What each subject promised, and what it kept.
    pub promises: Vec<String>,
    /// What follows for who must choose.
    pub advice: Vec<String>,
    /// The machines on which the runs were made, one sentence each.
    pub machines: Vec<String>,
    /// The latencies of all subjects on one axis, and what each sustained.
    #[serde(skip)]
    pub pictures: Vec<Picture>,
}

/// Makes the grid of some reports.
pub fn overview(sources: &[OverviewSource]) -> Overview {
    let (subjects, rows) = row::rows(sources);
    let reports: Vec<_> = sources.iter().map(|source| &source.report).collect();
    Overview {
        schema: SCHEMA,
        promises: promises::sentences(&subjects, &rows, &reports),
        advice: advice::sentences(&rows),
        machines: machines(&reports),
        pictures: together::pictures(&subjects, &reports),
        subjects,
        rows,
    }
}

/// A sentence for each kind of machine. Figures of several machines do not stand side by side in silence.
fn machines(reports: &[&Report]) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for report in reports {
        let host = &report.host;
        let cores = if host.cores == 1 { "1 core".to_owned() } else { format!("{} cores", host.cores) };
        let cpu = host.cpu.as_ref().map_or_else(String::new, |cpu| format!(", {cpu}"));
        let words = format!("{cores}{cpu}, {} on {}", host.os, host.arch);
        if !seen.contains(&words) {
            seen.push(words);
        }
    }
    match &seen[..] {
        [only] => vec![format!("All of it was measured on one machine: {only}.")],
        several => {
            several.iter().map(|machine| format!("A part of it was measured on: {machine}.")).collect()
        }
    }
}

impl Overview {
    /// The grid as JSON.
    pub fn to_json(&self) -> io::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// The grid as a table for a terminal of this width, and the sentences below it.
    pub fn to_text(&self, width: usize) -> String {
        text::text(self, width)
    }

    /// The grid as Markdown.
    pub fn to_markdown(&self) -> String {
        markdown::markdown(self)
    }

    /// The grid as CSV: a line for each cell.
    pub fn to_csv(&self) -> io::Result<String> {
        csv::csv(self)
    }

    /// The grid as a page that needs nothing else.
    pub fn to_page(&self) -> String {
        page::page(self)
    }

    /// Writes every form of the grid into a directory, which is made if need be: the page last, for it leads to nothing
    /// that is not there. Files that are there are replaced only with `force`; without it they are an error
    /// (`AlreadyExists`).
    pub fn write(&self, dir: &Path, force: bool) -> io::Result<()> {
        if !force {
            nothing_there(dir, OVERVIEW_FILES)?;
        }
        let forms = [self.to_json()?, self.to_markdown(), self.to_csv()?, svg::svg(self), self.to_page()];
        OVERVIEW_FILES.iter().zip(forms).try_for_each(|(name, form)| replace(dir, name, form.as_bytes()))
    }
}
