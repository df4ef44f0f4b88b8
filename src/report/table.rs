//! The table of a report: one column for each run, because a run has many figures. Many runs have a row each, if the
//! terminal is wide enough.

use super::column::Column;
use super::curve::Curves;
use super::grid::{empty, finish};
use super::label::Names;
use super::{Report, RunReport};

/// The most runs that have a column each whatever the width: so many can be compared side by side.
pub(super) const FEW: usize = 4;

/// The report as one table, no wider than `width` columns where that is possible at all. `-` stands for what does not
/// exist. Latency is `0.42-0.52`, from the actual and from the intended send time, where the harness limited it. The runs of a matrix stand as curves: a block for each pattern,
/// and a row for each value.
pub fn table(report: &Report, width: usize) -> String {
    if let Some(curves) = Curves::of(report) {
        let loose = curves.table(2);
        return if fits(&loose, width) { loose } else { curves.table(1) };
    }
    let columns = Column::of(report);
    if report.runs.len() <= FEW {
        return run_a_column(report, &columns, width);
    }
    let loose = run_a_row(report, &columns, 2, |column| column.heading().wide);
    if fits(&loose, width) {
        return loose;
    }
    let tight = run_a_row(report, &columns, 1, |column| column.heading().tight);
    if fits(&tight, width) { tight } else { run_a_column(report, &columns, width) }
}

fn fits(table: &str, width: usize) -> bool {
    table.lines().all(|line| line.chars().count() <= width)
}

fn run_a_row(report: &Report, columns: &[Column], gap: u16, heading: fn(&Column) -> &'static str) -> String {
    let lines = |column: &Column| heading(column).lines().count();
    let tallest = columns.iter().map(lines).max().unwrap_or(1);
    // Headings that have fewer lines than the tallest stand on the bottom line.
    let standing = |column: &Column| "\n".repeat(tallest - lines(column)) + heading(column);
    let mut table = empty();
    table.set_header(std::iter::once(String::new()).chain(columns.iter().map(standing)));
    let names = Names::of_all(report);
    for run in &report.runs {
        table.add_row(std::iter::once(names.of(run)).chain(columns.iter().map(|column| column.cell(run))));
    }
    finish(table, gap)
}

/// The table with one column for each run: as many columns as fit side by side, and the rest below.
fn run_a_column(report: &Report, columns: &[Column], width: usize) -> String {
    let names = Names::of_all(report);
    let mut blocks = Vec::new();
    let mut runs = &report.runs[..];
    loop {
        let most = (1..=runs.len()).rev().find(|most| fits(&block(&runs[..*most], names, columns), width));
        let (now, later) = runs.split_at(most.unwrap_or(1).min(runs.len()));
        blocks.push(block(now, names, columns));
        runs = later;
        if runs.is_empty() {
            return blocks.join("\n");
        }
    }
}

fn block(runs: &[RunReport], names: Names, columns: &[Column]) -> String {
    let mut table = empty();
    table.set_header(std::iter::once(String::new()).chain(runs.iter().map(|run| names.of(run))));
    for column in columns {
        // The one verdict of many letters stands in two lines, so that four runs fit into 80 columns.
        let in_two = |cell: String| match column {
            Column::Verdict => cell.replace("no expectations", "no\nexpectations"),
            _ => cell,
        };
        let cells = runs.iter().map(|run| in_two(column.cell(run)));
        table.add_row(std::iter::once(column.heading().row.to_owned()).chain(cells));
    }
    finish(table, 2)
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
