//! The table of a report: a row a run if the terminal is wide enough, else a column a run.

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};

use super::curve::Curves;
use super::label::Names;
use super::numbers::{millis, percent};
use super::{Quantiles, Report, RunReport};
use ledger::{Debts, Messages, Verdict, grouped};

/// Reads a figure out of a run; `None` for what does not exist.
type Value = fn(&RunReport) -> Option<String>;

/// One figure of a table. The on-time share stands before any latency: latency is only of what was delivered,
/// so that a pattern that loses its slow messages looks fast.
pub(super) struct Figure {
    /// Its name where figures are rows.
    pub(super) name: &'static str,
    /// Its lines where figures are columns.
    heading: &'static str,
    /// The same in less width.
    tight: &'static str,
    value: Value,
}

const fn figure(name: &'static str, heading: &'static str, tight: &'static str, value: Value) -> Figure {
    Figure { name, heading, tight, value }
}

pub(super) static FIGURES: [Figure; 20] = [
    figure("sent", "sent", "sent", |run| message(run, |m| m.sent)),
    figure(UNSENT, "unsent", "un-\nsent", |run| message(run, |m| m.unsent)),
    figure("acked", "acked", "acked", |run| message(run, |m| m.acked)),
    figure("refused", "refused", "re-\nfused", |run| message(run, |m| m.refused)),
    figure("unknown", "un-\nknown", "un-\nknown", |run| message(run, |m| m.unknown)),
    figure("owed", "owed", "owed", |run| debt(run, |d| d.owed)),
    figure("on time", "on\ntime", "on\ntime", |run| run.debts.as_ref()?.on_time.map(percent)),
    figure("delivered", "deliv-\nered", "deliv-\nered", |run| debt(run, |d| d.delivered)),
    figure("recovered", "recov-\nered", "re-\ncov.", |run| debt(run, |d| d.recovered)),
    figure("lost", "lost", "lost", |run| debt(run, |d| d.lost)),
    figure("  of it confirmed", "of it\nconf.", "of it\nconf.", |run| debt(run, |d| d.lost_confirmed)),
    figure("  of it handed", "of it\nhanded", "of it\nhand.", |run| debt(run, |d| d.lost_handed)),
    figure("duplicates", "dupli-\ncates", "dupl.", |run| run.duplicates.map(grouped)),
    figure("reordered", "reor-\ndered", "reor-\ndered", |run| run.reordered.map(grouped)),
    figure("p50 (ms)", "p50\nms", "p50\nms", |run| latency(run, |l| l.p50)),
    figure("p99 (ms)", "p99\nms", "p99\nms", |run| latency(run, |l| l.p99)),
    figure("max (ms)", "max\nms", "max\nms", |run| latency(run, |l| l.max)),
    figure("impact (ms)", "impact\nms", "imp.\nms", |run| run.impact_ms.map(grouped)),
    figure("recovery (ms)", "recov-\nery ms", "recov.\nms", |run| run.recovery_ms.map(grouped)),
    figure("verdict", "verdict", "verdict", |run| Some(verdict(run).into())),
];

/// Stands in the table only where there is something to tell: nearly always everything is sent.
const UNSENT: &str = "unsent";

/// The figures of this report's table.
pub(super) fn figures(report: &Report) -> Vec<&'static Figure> {
    let unsent = report.runs.iter().any(|run| run.messages.is_some_and(|messages| messages.unsent > 0));
    FIGURES.iter().filter(|figure| unsent || figure.name != UNSENT).collect()
}

/// The report as one table, no wider than so many columns where that is possible at all. `-` stands for what
/// does not exist; `*` marks latency that the harness limited. The runs of a matrix stand as curves: a block a
/// pattern, a row for each value.
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
    // Headings stand on the bottom line.
    let standing = |figure: &&Figure| "\n".repeat(tallest - lines(figure)) + heading(figure);
    let mut table = empty();
    table.set_header(std::iter::once(String::new()).chain(figures.iter().map(standing)));
    let names = Names::of_all(report);
    for run in &report.runs {
        table.add_row(std::iter::once(names.of(run)).chain(figures.iter().map(|figure| value(figure, run))));
    }
    finish(table, gap)
}

/// As many columns as fit side by side; the rest below.
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

pub(super) fn empty() -> Table {
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─')));
    table
}

pub(super) fn finish(mut table: Table, gap: u16) -> String {
    for (i, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if i == 0 { 0 } else { gap }, 0));
        column.set_cell_alignment(if i == 0 { CellAlignment::Left } else { CellAlignment::Right });
    }
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n") + "\n"
}

pub(super) fn value(figure: &Figure, run: &RunReport) -> String {
    (figure.value)(run).unwrap_or_else(|| "-".into())
}

fn message(run: &RunReport, count: fn(&Messages) -> u64) -> Option<String> {
    run.messages.as_ref().map(|messages| grouped(count(messages)))
}

fn debt(run: &RunReport, count: fn(&Debts) -> u64) -> Option<String> {
    run.debts.as_ref().map(|debts| grouped(count(debts)))
}

fn latency(run: &RunReport, at: fn(&Quantiles) -> u64) -> Option<String> {
    let mark = if run.harness_limited { "*" } else { "" };
    run.latency_us.as_ref().map(|latency| millis(at(latency)) + mark)
}

pub(super) fn verdict(run: &RunReport) -> &'static str {
    match run.verdict {
        // It is inconclusive as well, and this is why.
        _ if run.partial => "partial",
        Verdict::Valid => "valid",
        Verdict::Violated => "violated",
        Verdict::Inconclusive => "inconclusive",
        Verdict::NotApplicable => "n/a",
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
