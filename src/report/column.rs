//! The columns of a report's table: what each is called, and what it says of a run.

use super::numbers::{amount, millis, percent};
use super::{Report, RunReport};
use ledger::{FigureSource, FigureValue, Verdict, grouped};
use scenario::{Cost, Count, Figure, Heading};

/// A column of a table, or a row where runs are columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Figure(Figure, Heading),
    Verdict,
}

impl Column {
    /// Every column that a figure has, in the order of the table, and the verdict at its end.
    pub(super) fn all() -> impl Iterator<Item = Column> {
        let column = |figure: Figure| Some(Column::Figure(figure, figure.heading()?));
        Figure::all().filter_map(column).chain([Column::Verdict])
    }

    /// The columns of this report's table. What was never sent stands there only if there is such a message: nearly
    /// always everything is sent. What a run cost stands there only if it was measured: older reports lack it.
    pub(super) fn of(report: &Report) -> Vec<Column> {
        let unsent = report.runs.iter().any(|run| run.count(Count::Unsent).is_some_and(|unsent| unsent > 0));
        let measured = report.runs.iter().any(|run| run.cost.is_some());
        let is_cost = |column: &Column| Cost::ALL.iter().any(|cost| column.shows(Figure::Cost(*cost)));
        Column::all()
            .filter(|column| unsent || !column.shows(Figure::Count(Count::Unsent)))
            .filter(|column| measured || !is_cost(column))
            .collect()
    }

    /// Whether the column is of this figure.
    pub(super) fn shows(self, figure: Figure) -> bool {
        matches!(self, Column::Figure(shown, _) if shown == figure)
    }

    /// What the column is called.
    pub(super) fn heading(self) -> Heading {
        match self {
            Column::Figure(_, heading) => heading,
            Column::Verdict => Heading { row: "verdict", wide: "verdict", tight: "verdict" },
        }
    }

    /// What the column says of a run; `-` for a figure that does not exist.
    pub(super) fn cell(self, run: &RunReport) -> String {
        let Column::Figure(figure, _) = self else { return verdict(run).into() };
        match run.value(figure) {
            None => "-".into(),
            Some(FigureValue::Count(number) | FigureValue::Millis(number)) => grouped(number),
            Some(share @ FigureValue::Share { .. }) => percent(share.value()),
            Some(FigureValue::Amount(cost)) => amount(cost),
            Some(FigureValue::Micros(us)) => millis(us) + if run.harness_limited { "*" } else { "" },
        }
    }
}

/// What a table calls the verdict of a run.
pub(super) fn verdict(run: &RunReport) -> &'static str {
    match run.verdict {
        // A partial run is inconclusive as well, and this is why.
        _ if run.partial => "partial",
        Verdict::Valid => "valid",
        Verdict::Violated => "violated",
        Verdict::Inconclusive => "inconclusive",
        Verdict::NotApplicable => "n/a",
    }
}
