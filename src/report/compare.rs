//! Two reports or more, side by side: which figure went which way, and what of it is more than noise.
//!
//! A side is one report or several of the same thing; the first side is the baseline. Runs are matched by label and
//! parameters. A side's latencies are read off the sum of its runs' whole distributions, never averaged from
//! quantiles; its share on time is of all its debts; every other figure is the median of its runs.
//!
//! What counts as more than noise is said in `noise.rs`.

mod differences;
mod figures;
mod groups;
mod markdown;
mod noise;
mod pool;
mod text;
mod words;

use std::collections::BTreeMap;

use serde::Serialize;

pub use figures::{Better, Unit};
pub use noise::MARKED_BELOW;

pub(super) use differences::differences;
pub(super) use pool::{merged, pooled_on_time};

use super::{Report, RunReport};

/// One side of a comparison.
#[derive(Debug)]
pub struct Side {
    /// What the reader calls it: a directory, or several.
    pub name: String,
    /// Its reports.
    pub reports: Vec<Report>,
}

/// What a comparison found.
#[derive(Debug, Serialize)]
pub struct Comparison {
    /// The sides, the baseline first.
    pub sides: Vec<String>,
    /// A difference is marked if chance alone makes one as large with a probability of at most this.
    pub marked_at: f64,
    /// What a reader must know before the figures: the scenarios differ, a run proved nothing, ...
    pub warnings: Vec<String>,
    /// What was compared, in the order of the baseline.
    pub groups: Vec<Group>,
}

/// The runs of one label and parameters.
#[derive(Debug, Serialize)]
pub struct Group {
    /// Label and parameters as one name.
    pub name: String,
    /// What tables call it.
    pub label: String,
    /// What was varied.
    pub params: BTreeMap<String, serde_json::Value>,
    /// How many runs each side has; 0 for a side without any.
    pub runs: Vec<usize>,
    /// Why nothing can be told from noise; `null` where it can.
    pub no_noise_known: Option<String>,
    /// Figure by figure.
    pub figures: Vec<Compared>,
}

/// One figure of a group.
#[derive(Debug, Serialize)]
pub struct Compared {
    /// Its name.
    pub figure: &'static str,
    /// Its unit.
    pub unit: Unit,
    /// Which way is better.
    pub better: Better,
    /// A value for each side, the baseline first.
    pub sides: Vec<Value>,
}

/// A figure on one side.
#[derive(Debug, Serialize)]
pub struct Value {
    /// The side's figure; `null` for what does not exist.
    pub value: Option<f64>,
    /// Each run's own.
    pub runs: Vec<Option<f64>>,
    /// This value minus the baseline's.
    pub difference: Option<f64>,
    /// This value over the baseline's; `null` over 0.
    pub ratio: Option<f64>,
    /// Whether that is better or worse.
    pub direction: Option<Direction>,
    /// How probable a difference at least as large is if nothing but chance tells the sides apart; `null` where it
    /// cannot be said.
    pub p: Option<f64>,
    /// The difference is more than noise.
    pub beyond_noise: bool,
}

/// Where a difference leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To what a user of the pattern wants.
    Better,
    /// Away from it.
    Worse,
    /// Neither is better.
    NoJudgement,
    /// There is no difference.
    Same,
}

/// Compares sides with the first of them.
pub fn compare(sides: &[Side]) -> Comparison {
    let mut warnings = differences::warnings(sides);
    let groups: Vec<_> =
        groups::keys(sides).iter().map(|key| groups::group(key, sides, &mut warnings)).collect();
    Comparison {
        sides: sides.iter().map(|side| side.name.clone()).collect(),
        marked_at: MARKED_BELOW,
        warnings,
        groups,
    }
}

impl Comparison {
    /// For a terminal, in plain text.
    pub fn to_text(&self) -> String {
        text::text(self)
    }

    /// For a pull request.
    pub fn to_markdown(&self) -> String {
        markdown::markdown(self)
    }

    /// For a program.
    pub fn to_json(&self) -> std::io::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

/// The runs of a side that were made and have this name.
fn runs_of<'a>(side: &'a Side, name: &str) -> Vec<&'a RunReport> {
    let runs = side.reports.iter().flat_map(|report| &report.runs);
    runs.filter(|run| run.was_made() && super::label::label(run) == name).collect()
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
