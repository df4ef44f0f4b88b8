//! The cells of a report's table, for those who draw the table otherwise than a terminal does.

use super::Report;
use super::curve::Curves;
use super::figure::{figures, value};
use super::label::Names;

/// The header and the rows: the same cells that [`table`](super::table) draws with one row for each run.
pub(super) fn cells(report: &Report) -> (Vec<String>, Vec<Vec<String>>) {
    if let Some(curves) = Curves::of(report) {
        return curves.cells();
    }
    let (figures, names_of) = (figures(report), Names::of_all(report));
    let names = figures.iter().map(|figure| figure.name.trim().to_owned());
    let rows = report.runs.iter().map(|run| {
        std::iter::once(names_of.of(run)).chain(figures.iter().map(|figure| value(figure, run))).collect()
    });
    (std::iter::once(String::new()).chain(names).collect(), rows.collect())
}
