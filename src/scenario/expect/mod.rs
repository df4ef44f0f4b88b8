//! What a run must show: bounds on figures of the report.

mod bound;
mod read;

use std::fmt;

use super::figures::{FigureKind, figure_kind};
use super::{Pattern, Scenario, figure_base};

pub use bound::Bound;
pub(super) use read::{read, unknown_pattern};

/// One bound on one figure of the report.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// Of whom it is expected.
    pub whose: Whose,
    /// The figure's name, one of [`FIGURES`](super::FIGURES): `lost`, `duplicates`, `p99`, `recovery_ms`.
    pub figure: String,
    /// What it must be.
    pub bound: Bound,
}

/// Of whom something is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// Of everybody: `[expect]`.
    All,
    /// Of a pattern: `[expect.redis]`.
    Pattern(Pattern),
    /// Of a server that is none of our patterns: `[expect.server]`.
    Server,
}

impl Whose {
    /// The word of `[expect.server]`.
    pub const SERVER: &str = "server";

    /// The table's name within `[expect]`; `None` for `[expect]` itself.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Whose::All => None,
            Whose::Pattern(pattern) => Some(pattern.name()),
            Whose::Server => Some(Self::SERVER),
        }
    }

    /// Whose table has this name.
    pub fn named(name: &str) -> Option<Whose> {
        match name {
            Self::SERVER => Some(Whose::Server),
            _ => Pattern::named(name).map(Whose::Pattern),
        }
    }
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

impl Scenario {
    /// What a run of this pattern must show, or (`None`) one of somebody else's server. What is said of it replaces
    /// what is said of all, figure by figure, in whatever unit.
    pub fn expectations_for(&self, pattern: Option<Pattern>) -> Vec<Expectation> {
        let one = pattern.map_or(Whose::Server, Whose::Pattern);
        let own = |figure: &str| {
            let same = |expect: &Expectation| figure_base(&expect.figure) == figure_base(figure);
            self.expect.iter().any(|expect| expect.whose == one && same(expect))
        };
        let holds = |expect: &&Expectation| match expect.whose {
            Whose::All => !own(&expect.figure),
            whose => whose == one,
        };
        self.expect.iter().filter(holds).cloned().collect()
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
