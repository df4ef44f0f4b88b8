//! The scenario file: cluster, load, faults and expectations. Typed, validated, defaulted; no I/O beyond
//! reading it.
//!
//! `parse` goes from text to a [`Scenario`] by way of `section` (one table of the file), `fields` (what each
//! value may be), `fault` and `expect`; `check` judges what only the whole can tell. Every error knows its line
//! and column, or the flag that caused it.

use std::collections::BTreeMap;
use std::time::Duration;

mod check;
mod error;
mod example;
mod expect;
mod fault;
mod fields;
mod figures;
mod json;
mod matrix;
mod parse;
mod pattern;
mod schema;
mod section;
mod share;
mod shipped;
#[cfg(test)]
mod tests;
mod words;

pub use error::ScenarioError;
pub use example::syntax_hint;
pub use expect::{Bound, Expectation, Whose};
pub use fault::{ACTIONS, Action, Condition, End, Fault, FaultPlan, Link, Moment, Target, parts, side};
pub use fields::{CLUSTER_FIELDS, Field, LOAD_FIELDS};
pub use figures::{FIGURES, FigureKind, figure_base, figure_kind};
pub use matrix::{MATRIX_FIELDS, Matrix, Variation};
pub use pattern::Pattern;
pub use schema::json_schema;
pub use share::share_of;
pub use shipped::{ScenarioFile, Shipped};
pub use words::{nearest, suggestion, suggestion_within};

/// One scenario, validated, every default filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// The name by which it was asked for: a shipped scenario's name, or a file's stem.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// The patterns that it runs without `--pattern`.
    pub patterns: Vec<Pattern>,
    /// What stands.
    pub cluster: Cluster,
    /// What is sent and who listens.
    pub load: Load,
    /// What is varied from run to run.
    pub matrix: Matrix,
    /// What breaks, and when; in the order of the file.
    pub faults: Vec<FaultPlan>,
    /// What a run must show; in the order of the file.
    pub expect: Vec<Expectation>,
}

impl Scenario {
    /// Whether its faults can strike this pattern at all; else why not, in one clause.
    pub fn applies_to(&self, pattern: Pattern) -> Result<(), String> {
        let mut plans = self.faults.iter().filter(|plan| plan.is_for(pattern)).peekable();
        if !self.faults.is_empty() && plans.peek().is_none() {
            return Err(format!("no fault of the scenario is for {pattern}"));
        }
        let nodes = self.cluster.nodes;
        match plans.find(|plan| !plan.target.exists_in(pattern, nodes)) {
            Some(FaultPlan { target: Target::Link(link), .. }) => {
                let few = if link.exists_in(pattern, 2) { " with one node" } else { "" };
                Err(format!("{pattern} has no link {link}{few}"))
            }
            Some(FaultPlan { action: Action::Partition, .. }) if pattern.crosses_nodes() => {
                Err(format!("the partition parts nobody in {pattern}"))
            }
            Some(FaultPlan { action: Action::Partition, .. }) => {
                Err(format!("{pattern} has no links between nodes"))
            }
            Some(FaultPlan { action, target, .. }) => Err(format!("{pattern} has no {target} to {action}")),
            None => Ok(()),
        }
    }
}

/// What stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// Chat servers.
    pub nodes: usize,
}

/// What is sent and who listens.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// Clients that publish; publisher p starts on node `p mod nodes`.
    pub publishers: usize,
    /// Clients that listen; subscriber i starts on node `i mod nodes`.
    pub subscribers: usize,
    /// Messages a second, all publishers together, open loop.
    pub rate: f64,
    /// Bytes of text a message.
    pub payload: usize,
    /// Rooms; subscriber i is in room `floor(i / nodes) mod rooms`.
    pub rooms: usize,
    /// Whether a client sends unanswered and unknown messages again, under the same id.
    pub resend: bool,
    /// Load before the measurement.
    pub warm_up: Duration,
    /// The measured load.
    pub duration: Duration,
    /// How long late messages are waited for.
    pub drain: Duration,
    /// How long a client waits for a connection.
    pub connect_timeout: Duration,
    /// A client's first pause before it reconnects; it doubles, with jitter.
    pub reconnect_min: Duration,
    /// A client's longest pause before it reconnects.
    pub reconnect_max: Duration,
}

/// Values for a scenario's fields that a flag of the same name gave (keys as in the file: `warm_up`); an absent
/// one leaves the file's value.
pub type Overrides = BTreeMap<&'static str, String>;
