//! The cells of a report's table, for those who draw the table otherwise than a terminal does.

use super::Report;
use super::column::Column;
use super::curve::Curves;
use super::label::Names;
use super::table::FEW;

/// The header and the rows: the same cells that [`table`](super::table) draws. A few runs are columns, many are rows.
pub(super) fn cells(report: &Report) -> (Vec<String>, Vec<Vec<String>>) {
    if let Some(curves) = Curves::of(report) {
        return curves.cells();
    }
    let (columns, names_of) = (Column::of(report), Names::of_all(report));
    let names = columns.iter().map(|column| column.heading().row.trim().to_owned());
    if report.runs.len() <= FEW {
        let header = report.runs.iter().map(|run| names_of.of(run));
        let row = |(column, name): (&Column, String)| {
            std::iter::once(name).chain(report.runs.iter().map(|run| column.cell(run))).collect()
        };
        let rows = columns.iter().zip(names).map(row).collect();
        return (std::iter::once(String::new()).chain(header).collect(), rows);
    }
    let rows = report.runs.iter().map(|run| {
        std::iter::once(names_of.of(run)).chain(columns.iter().map(|column| column.cell(run))).collect()
    });
    (std::iter::once(String::new()).chain(names).collect(), rows.collect())
}
