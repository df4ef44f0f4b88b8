//! The table of a report: one row for each run if the terminal is wide enough, otherwise one column for each run.

use super::curve::Curves;
use super::figure::{Figure, figures, value};
use super::grid::{empty, finish};
use super::label::Names;
use super::{Report, RunReport};

/// The report as one table, no wider than `width` columns where that is possible at all. `-` stands for what does not
/// exist; `*` marks latency that the harness limited. The runs of a matrix stand as curves: a block for each pattern,
/// and a row for each value.
pub fn table(report: &Report, width: usize) -> String {
    if let Some(curves) = Curves::of(report) {
        let loose = curves.table(2);
        return if fits(&loose, width) { loose } else { curves.table(1) };
    }
    let figures = figures(report);
    let loose = run_a_row(report, &figures, 2, |figure| figure.heading);
    if fits(&loose, width) {
        return loose;
    }
    let tight = run_a_row(report, &figures, 1, |figure| figure.tight);
    if fits(&tight, width) { tight } else { run_a_column(report, &figures, width) }
}

fn fits(table: &str, width: usize) -> bool {
    table.lines().all(|line| line.chars().count() <= width)
}

fn run_a_row(report: &Report, figures: &[&Figure], gap: u16, heading: fn(&Figure) -> &'static str) -> String {
    let lines = |figure: &&Figure| heading(figure).lines().count();
    let tallest = figures.iter().map(lines).max().unwrap_or(1);
    // Headings that have fewer lines than the tallest stand on the bottom line.
    let standing = |figure: &&Figure| "\n".repeat(tallest - lines(figure)) + heading(figure);
    let mut table = empty();
    table.set_header(std::iter::once(String::new()).chain(figures.iter().map(standing)));
    let names = Names::of_all(report);
    for run in &report.runs {
        table.add_row(std::iter::once(names.of(run)).chain(figures.iter().map(|figure| value(figure, run))));
    }
    finish(table, gap)
}

/// The table with one column for each run: as many columns as fit side by side, and the rest below.
fn run_a_column(report: &Report, figures: &[&Figure], width: usize) -> String {
    let names = Names::of_all(report);
    let mut blocks = Vec::new();
    let mut runs = &report.runs[..];
    loop {
        let most = (1..=runs.len()).rev().find(|most| fits(&block(&runs[..*most], names, figures), width));
        let (now, later) = runs.split_at(most.unwrap_or(1).min(runs.len()));
        blocks.push(block(now, names, figures));
        runs = later;
        if runs.is_empty() {
            return blocks.join("\n");
        }
    }
}

fn block(runs: &[RunReport], names: Names, figures: &[&Figure]) -> String {
    let mut table = empty();
    table.set_header(std::iter::once(String::new()).chain(runs.iter().map(|run| names.of(run))));
    for figure in figures {
        table.add_row(
            std::iter::once(figure.name.to_owned()).chain(runs.iter().map(|run| value(figure, run))),
        );
    }
    finish(table, 2)
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
