//! One bound on one figure of the report.

use std::fmt;

use super::bound::Bound;
use super::whose::Whose;
use crate::figures::{FigureKind, figure_kind};

/// One bound on one figure of the report.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// Of whom it is expected.
    pub whose: Whose,
    /// The figure's name, one of [`FIGURES`](crate::FIGURES): `lost`, `duplicates`, `p99`, `recovery_ms`.
    pub figure: String,
    /// What it must be.
    pub bound: Bound,
}

impl Expectation {
    /// What kind of number its figure is.
    pub fn kind(&self) -> FigureKind {
        figure_kind(&self.figure).unwrap_or(FigureKind::Count)
    }
}

impl fmt::Display for Expectation {
    /// `lost = 0`, `p99 < 20ms`, `owed = 10 .. 20`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let equals = if matches!(self.bound, Bound::Between(..)) { "= " } else { "" };
        write!(f, "{} {equals}{}", self.figure, self.bound.text(self.kind()))
    }
}
