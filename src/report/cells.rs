//! The cells of a report's table, for those who draw the table otherwise than a terminal does.

use super::Report;
use super::column::Column;
use super::curve::Curves;
use super::label::Names;

/// The header and the rows: the same cells that [`table`](super::table) draws with one row for each run.
pub(super) fn cells(report: &Report) -> (Vec<String>, Vec<Vec<String>>) {
    if let Some(curves) = Curves::of(report) {
        return curves.cells();
    }
    let (columns, names_of) = (Column::of(report), Names::of_all(report));
    let names = columns.iter().map(|column| column.heading().row.trim().to_owned());
    let rows = report.runs.iter().map(|run| {
        std::iter::once(names_of.of(run)).chain(columns.iter().map(|column| column.cell(run))).collect()
    });
    (std::iter::once(String::new()).chain(names).collect(), rows.collect())
}
