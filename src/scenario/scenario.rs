//! One scenario, and what of it concerns a pattern.

use std::collections::BTreeMap;

use super::cluster::Cluster;
use super::expect::{Expectation, Whose};
use super::fault::{Action, FaultPlan, Target};
use super::figures::figure_base;
use super::load::Load;
use super::matrix::Matrix;
use super::pattern::Pattern;

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

/// One variation of a scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Variation {
    /// What was varied, by name; empty where there is no matrix.
    pub params: BTreeMap<String, serde_json::Value>,
    /// The scenario with these values.
    pub scenario: Scenario,
}
