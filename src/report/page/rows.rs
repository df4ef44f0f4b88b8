//! The table of the page: a row a figure, a column a run, as the terminal's narrow table has it.

use maud::{Markup, html};

use crate::report::Report;
use crate::report::label::Names;
use crate::report::table::{figures, value};

/// The figures of every run.
pub(super) fn table(report: &Report) -> Markup {
    let names = Names::of_all(report);
    let limited = report.runs.iter().any(|run| run.harness_limited);
    html! {
        div.wide {
            table {
                thead {
                    tr {
                        th scope="col" { "figure" }
                        @for run in &report.runs { th scope="col" { (names.whole(run)) } }
                    }
                }
                tbody {
                    @for figure in figures(report) {
                        tr {
                            th scope="row" class=[figure.name.starts_with(' ').then_some("part")] {
                                (figure.name.trim_start())
                            }
                            @for run in &report.runs { td { (value(figure, run)) } }
                        }
                    }
                }
            }
        }
        p.soft {
            "Messages are counted as sent; debts, one for each message and subscriber of its room, from “owed” on. "
            "“On time” is live within a second of the intended send time; latency is of what was delivered. "
            "“-” does not exist there."
            @if limited { " “*” marks latency that the harness limited." }
        }
    }
}
