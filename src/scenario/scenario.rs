//! One scenario, and what of it concerns each pattern.

use std::collections::BTreeMap;

use super::cluster::Cluster;
use super::expect::{Expectation, Whose};
use super::fault::{Action, FaultPlan, Target};
use super::figure::Figure;
use super::load::Load;
use super::matrix::Matrix;
use super::pattern::Pattern;

/// One scenario, validated, with every default filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// The name by which it was asked for: a shipped scenario's name, or a file's stem.
    pub name: String,
    /// The title, one line for people.
    pub title: String,
    /// What to look at while it runs and in its report, in a sentence or two; `None` if the file says nothing.
    pub watch: Option<String>,
    /// The patterns over which the scenario runs without `--pattern`.
    pub patterns: Vec<Pattern>,
    /// The cluster that the scenario needs.
    pub cluster: Cluster,
    /// The load: what is sent, and who listens.
    pub load: Load,
    /// The fields that are varied from run to run.
    pub matrix: Matrix,
    /// The faults, which say what breaks and when; in the order of the file.
    pub faults: Vec<FaultPlan>,
    /// The expectations, which say what a run must show; in the order of the file.
    pub expect: Vec<Expectation>,
}

impl Scenario {
    /// Whether the scenario's faults can strike this pattern at all; if not, the reason in one clause.
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

    /// The expectations for a run of this pattern or, with `None`, of somebody else's server. A bound for this subject
    /// replaces the bound for all subjects on the same figure, in whatever unit.
    pub fn expectations_for(&self, pattern: Option<Pattern>) -> Vec<Expectation> {
        let one = pattern.map_or(Whose::Server, Whose::Pattern);
        let figure_named = |name: &str| Figure::named(name).map(|(figure, _)| figure);
        let own = |name: &str| {
            let same = |expect: &Expectation| figure_named(&expect.figure) == figure_named(name);
            self.expect.iter().any(|expect| expect.whose == one && same(expect))
        };
        let holds = |expect: &&Expectation| match expect.whose {
            Whose::All => !own(&expect.figure),
            whose => whose == one,
        };
        self.expect.iter().filter(holds).cloned().collect()
    }
}

/// One variation of a scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Variation {
    /// The varied values, by the names of their fields; empty where there is no matrix.
    pub params: BTreeMap<String, serde_json::Value>,
    /// The scenario with these values.
    pub scenario: Scenario,
}
