//! What became of one expectation.

use serde::{Deserialize, Serialize};

/// What became of one expectation of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Outcome {
    /// As the scenario words it: `lost = 0`, `p99 < 20ms`.
    pub expectation: String,
    /// The figure's name.
    pub figure: String,
    /// The figure's value (a count, a share of 1, or milliseconds); null where it does not exist.
    pub value: Option<f64>,
    /// Whether the bound holds.
    pub met: bool,
    /// What is wrong, a clause with figure, bound and time; null if the bound holds.
    pub why: Option<String>,
    /// Where in time it went wrong: from here, in milliseconds since the measured load began.
    pub from_ms: Option<u64>,
    /// Where in time it went wrong: until here.
    pub to_ms: Option<u64>,
}
