//! Why a run has its verdict, by what each clause does to it.

use serde::{Deserialize, Serialize};

/// The reasons of a verdict, a clause for each, in four lists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct Reasons {
    /// Why the run proves nothing; empty for a run that proves something.
    pub doubts: Vec<String>,
    /// What the run violated: somebody's server failed, or an expectation was not met.
    pub violations: Vec<String>,
    /// What a server did or said that may be the cause of it all, the likeliest first.
    pub causes: Vec<String>,
    /// What a reader should know though it changes nothing.
    pub notes: Vec<String>,
}

impl Reasons {
    /// Every clause, those that decided the verdict first.
    pub fn all(&self) -> impl Iterator<Item = &String> {
        let Self { doubts, violations, causes, notes } = self;
        doubts.iter().chain(violations).chain(causes).chain(notes)
    }
}
