//! The columns of a report's table: what each is called, and what it says of a run.

use super::latency::{self, Extent};
use super::numbers::{amount, millis, percent};
use super::verdict_words::{share_met, word};
use super::{Report, RunReport};
use ledger::{FigureSource, FigureValue, grouped};
use scenario::{Cost, Count, Distribution, Figure, Heading, Quantile, Transport};

/// A column of a table, or a row where runs are columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Figure(Figure, Heading),
    /// How many expectations were met.
    Met,
    Verdict,
}

impl Column {
    /// Every column that a figure has, in the order of the table, and the expectations and the verdict at its end.
    pub(super) fn all() -> impl Iterator<Item = Column> {
        let column = |figure: Figure| Some(Column::Figure(figure, figure.heading()?));
        Figure::all().filter_map(column).chain([Column::Met, Column::Verdict])
    }

    /// The columns of this report's table. What seldom happens stands there only if it did, expectations only if the
    /// scenario has any, who was said to be there only if somebody watched, what passed over connections only if some
    /// subscribers heard otherwise than over WebSockets, and what a run cost only if it was measured: older reports lack
    /// it.
    pub(super) fn of(report: &Report) -> Vec<Column> {
        let happened =
            |count: Count| report.runs.iter().any(|run| run.count(count).is_some_and(|times| times > 0));
        let expects = report.runs.iter().any(|run| !run.outcomes.is_empty());
        let measured = report.runs.iter().any(|run| run.cost.is_some());
        let watched = report.runs.iter().any(|run| run.presence.is_some());
        let is_web_socket = |name: &String| *name == Transport::Ws.name();
        let carried =
            report.runs.iter().any(|run| run.transport.as_ref().is_some_and(|name| !is_web_socket(name)));
        let is_cost = |column: &Column| Cost::ALL.iter().any(|cost| column.shows(Figure::Cost(*cost)));
        let shown = |column: &Column| match column {
            Column::Met => expects,
            Column::Figure(Figure::Traffic(_), _) => carried,
            Column::Figure(Figure::Cost(Cost::NodesCpuUsPerDelivery), _) => measured && carried,
            column if is_cost(column) => measured,
            Column::Figure(Figure::Presence(_), _) => watched,
            Column::Figure(Figure::Count(count), _) if Figure::Count(*count).is_seldom() => happened(*count),
            _ => true,
        };
        Column::all().filter(shown).collect()
    }

    /// Whether the column is of this figure.
    pub(super) fn shows(self, figure: Figure) -> bool {
        matches!(self, Column::Figure(shown, _) if shown == figure)
    }

    /// What the column is called.
    pub(super) fn heading(self) -> Heading {
        match self {
            Column::Figure(_, heading) => heading,
            Column::Met => Heading { row: "expectations met", wide: "met", tight: "met" },
            Column::Verdict => Heading { row: "verdict", wide: "verdict", tight: "verdict" },
        }
    }

    /// What the column says of a run; `-` for a figure that does not exist.
    pub(super) fn cell(self, run: &RunReport) -> String {
        let figure = match self {
            Column::Figure(figure, _) => figure,
            Column::Met => return share_met(run),
            Column::Verdict => return word(run).into(),
        };
        if let Figure::Quantile(Distribution::Latency, quantile) = figure {
            return latency_cell(run, quantile);
        }
        match run.value(figure) {
            None => "-".into(),
            Some(FigureValue::Count(number) | FigureValue::Millis(number)) => grouped(number),
            Some(share @ FigureValue::Share { .. }) => percent(share.value()),
            Some(FigureValue::Amount(cost)) => amount(cost),
            Some(FigureValue::Micros(us)) => millis(us),
        }
    }
}

/// Latency in milliseconds: of the steady phase, but for the longest, which is of the whole run. In parentheses it is of
/// the whole run as well, because no part of it was steady.
fn latency_cell(run: &RunReport, quantile: Quantile) -> String {
    let in_parentheses = latency::extent(run) == Extent::Everything && quantile != Quantile::Max;
    let shown = match quantile {
        Quantile::Max => latency::whole(run, quantile),
        _ => latency::steady(run, quantile),
    };
    match shown.map(|shown| shown.text(millis)) {
        None => "-".into(),
        Some(text) if in_parentheses => format!("({text})"),
        Some(text) => text,
    }
}
