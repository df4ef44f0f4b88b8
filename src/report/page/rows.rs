//! The tables of the page: a row for each figure and a column for each run, as in the terminal's narrow table.

use maud::{Markup, html};

use crate::column::Column;
use crate::label::Names;
use crate::latency::{Extent, extent};
use crate::{Report, RunReport};

/// Number of runs that have room beside each other on a sheet of paper.
const ROOM: usize = 5;

/// Gives the text of a run in a row.
pub(super) type Cell<'a> = dyn Fn(&RunReport) -> String + 'a;

/// The table of the figures of every run.
pub(super) fn table(report: &Report) -> Markup {
    let vague = |text: &str| text.contains('≤') || (text.contains('-') && text.len() > 1);
    let whole = report.runs.iter().any(|run| extent(run) == Extent::Everything && run.latency_us.is_some());
    let cells: Vec<_> = Column::of(report)
        .into_iter()
        .map(|column| (column.heading().row, move |run: &RunReport| column.cell(run)))
        .collect();
    let rows = cells.iter().map(|(name, cell)| (*name, cell as &Cell));
    let limited = report.runs.iter().any(|run| cells.iter().any(|(_, cell)| vague(&cell(run))));
    html! {
        (grid(&report.runs.iter().collect::<Vec<_>>(), Names::of_all(report), rows))
        p.soft {
            "The first rows count messages; from “owed” on they count debts, one for each message and subscriber of its room. "
            "“On time” is live within a second of the intended send time; latency is of what was delivered, and steady while nothing was broken or "
            "recovering. "
            "“-” stands where there is no such figure."
            @if whole { " Latency in parentheses is that of the whole run, no part of which was steady." }
            @if limited {
                " The load generator was late: “0.42-0.52” is the latency from the actual and from the intended send "
                "time, and “≤” stands where the first is not known."
            }
        }
    }
}

/// A table of these rows. A name that begins with a space is a part of the figure above it.
pub(super) fn grid<'a>(
    runs: &[&RunReport],
    names: Names,
    rows: impl IntoIterator<Item = (&'a str, &'a Cell<'a>)>,
) -> Markup {
    html! {
        div class=(if runs.len() > ROOM { "wide many" } else { "wide" }) {
            table {
                thead {
                    tr {
                        th scope="col" { "figure" }
                        @for run in runs { th scope="col" { (names.whole(run)) } }
                    }
                }
                tbody {
                    @for (name, cell) in rows {
                        tr {
                            th scope="row" class=[name.starts_with(' ').then_some("part")] { (name.trim_start()) }
                            @for run in runs { td { (cell(run)) } }
                        }
                    }
                }
            }
        }
    }
}
