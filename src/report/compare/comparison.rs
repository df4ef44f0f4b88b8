//! The sides of a comparison, and what it found.

use std::collections::BTreeMap;

use serde::Serialize;

use super::unit::Unit;
use crate::Report;
use scenario::Better;

/// One side of a comparison.
#[derive(Debug)]
pub struct Side {
    /// The reader's name for the side: a directory, or several.
    pub name: String,
    /// The reports of the side.
    pub reports: Vec<Report>,
}

/// What a comparison found.
#[derive(Debug, Serialize)]
pub struct Comparison {
    /// The names of the sides, the baseline first.
    pub sides: Vec<String>,
    /// The greatest probability at which a difference is marked: that chance alone makes one as large.
    pub marked_at: f64,
    /// What a reader must know before the figures: the scenarios differ, a run proved nothing, ...
    pub warnings: Vec<String>,
    /// The groups that were compared, in the order of the baseline.
    pub groups: Vec<Group>,
}

/// The runs of one label and parameters.
#[derive(Debug, Serialize)]
pub struct Group {
    /// The label and the parameters as one name.
    pub name: String,
    /// The name of the group in tables.
    pub label: String,
    /// The parameters that were varied.
    pub params: BTreeMap<String, serde_json::Value>,
    /// Number of runs of each side; 0 for a side without any.
    pub runs: Vec<usize>,
    /// The reason why nothing can be told from noise; `null` where it can.
    pub no_noise_known: Option<String>,
    /// The figures of the group, compared one by one.
    pub figures: Vec<Compared>,
}

/// One figure of a group.
#[derive(Debug, Serialize)]
pub struct Compared {
    /// The name of the figure.
    pub figure: &'static str,
    /// The unit of the figure.
    pub unit: Unit,
    /// Which way the figure is better.
    pub better: Better,
    /// A value for each side, the baseline first.
    pub sides: Vec<Value>,
}

/// A figure on one side.
#[derive(Debug, Serialize)]
pub struct Value {
    /// The side's figure; `null` for a figure that does not exist.
    pub value: Option<f64>,
    /// The figure of each run of the side.
    pub runs: Vec<Option<f64>>,
    /// This value minus the baseline's.
    pub difference: Option<f64>,
    /// This value over the baseline's; `null` over 0.
    pub ratio: Option<f64>,
    /// Whether the difference is one to the better or to the worse.
    pub direction: Option<Direction>,
    /// The probability of a difference at least as large if nothing but chance tells the sides apart; `null` where it
    /// cannot be said.
    pub p: Option<f64>,
    /// Whether the difference is more than noise.
    pub beyond_noise: bool,
}

/// Where a difference leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The difference leads to what a user of the pattern wants.
    Better,
    /// The difference leads away from what a user of the pattern wants.
    Worse,
    /// The figures differ, and neither is better.
    NoJudgement,
    /// There is no difference.
    Same,
}
