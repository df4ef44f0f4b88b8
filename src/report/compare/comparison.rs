//! What a comparison is of, and what it found.

use std::collections::BTreeMap;

use serde::Serialize;

use super::figures::{Better, Unit};
use crate::Report;

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
