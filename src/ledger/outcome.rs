//! What became of one expectation.

use serde::{Deserialize, Serialize};

/// What became of one expectation of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Outcome {
    /// The expectation as the scenario words it: `lost = 0`, `p99 < 20ms`.
    pub expectation: String,
    /// The figure's name.
    pub figure: String,
    /// The figure's value (a count, a share of 1, milliseconds, or an amount in the unit of its name); null where it does not exist.
    pub value: Option<f64>,
    /// Whether the bound holds.
    pub met: bool,
    /// What is wrong, a clause with figure, bound and time; null if the bound holds.
    pub why: Option<String>,
    /// The start of the time in which the figure went wrong, in milliseconds since the measured load began; null where no
    /// moment is to blame.
    pub from_ms: Option<u64>,
    /// The end of the time in which the figure went wrong, in milliseconds since the measured load began; null where no
    /// moment is to blame.
    pub to_ms: Option<u64>,
}
