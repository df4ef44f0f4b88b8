//! The units in which a comparison says its figures.

use ledger::FigureValue;
use scenario::{Figure, Presence, Traffic};
use serde::Serialize;

/// A figure's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A number of things.
    Count,
    /// A share of the whole, 0 to 1.
    Share,
    /// Milliseconds.
    Ms,
    /// Microseconds.
    Us,
    /// The unit that the figure's name says.
    Amount,
}

impl Unit {
    /// The unit of a figure.
    pub(super) fn of(figure: Figure) -> Unit {
        match figure {
            Figure::Presence(Presence::Settled) => Unit::Ms,
            Figure::Traffic(Traffic::BytesPerDelivery) => Unit::Amount,
            Figure::Count(_) | Figure::Presence(_) | Figure::Traffic(_) => Unit::Count,
            Figure::Share(_) => Unit::Share,
            Figure::Quantile(..) => Unit::Us,
            Figure::Time(_) => Unit::Ms,
            Figure::Cost(_) => Unit::Amount,
        }
    }
}

/// The bare number of a value in the unit of its figure.
pub(super) fn number(value: FigureValue) -> f64 {
    match value {
        FigureValue::Count(number) | FigureValue::Millis(number) | FigureValue::Micros(number) => {
            number as f64
        }
        FigureValue::Share { .. } | FigureValue::Amount(_) => value.value(),
    }
}
