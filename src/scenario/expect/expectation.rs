//! One bound on one figure of the report.

use std::fmt;

use super::bound::Bound;
use super::whose::Whose;
use crate::figure::{Figure, FigureKind, figure_kind};

/// One bound on one figure of the report.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// The subjects whose runs must keep the bound.
    pub whose: Whose,
    /// The name of the figure, one of [`figure_names`](crate::figure_names): `lost`, `duplicates`, `p99`, `recovery_ms`.
    pub figure: String,
    /// The bound that the figure must keep.
    pub bound: Bound,
}

impl Expectation {
    /// The kind of the expectation's figure.
    pub fn kind(&self) -> FigureKind {
        figure_kind(&self.figure).unwrap_or(FigureKind::Count)
    }
}

impl Expectation {
    /// Whether the bound is on what a server answered, so that a server whose dialect has no answers can neither keep nor
    /// break it.
    pub fn is_of_answers(&self) -> bool {
        Figure::named(&self.figure).is_some_and(|(figure, _)| figure.is_of_answers())
    }
}

impl fmt::Display for Expectation {
    /// Writes the expectation as `lost = 0`, `p99 < 20ms`, `owed = 10 .. 20`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let equals = if matches!(self.bound, Bound::Between(..)) { "= " } else { "" };
        write!(f, "{} {equals}{}", self.figure, self.bound.text(self.kind()))
    }
}
