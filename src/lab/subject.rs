//! The subject of a run: what is measured.

use super::product::Product;
use super::software::Software;
use scenario::{Action, Expectation, Fault, FaultPlan, Pattern, Scenario, Target};

/// The subject of a run: what is measured.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// A cluster that the lab starts.
    Cluster(Software),
    /// Nodes that already run.
    Attached {
        /// The name of the nodes in tables.
        label: String,
        /// The URL of each node.
        urls: Vec<String>,
    },
}

impl Subject {
    /// The name of the subject in the report.
    pub fn label(&self) -> &str {
        match self {
            Subject::Cluster(software) => software.label(),
            Subject::Attached { label, .. } => label,
        }
    }

    /// Our pattern, if the subject is one.
    pub fn pattern(&self) -> Option<Pattern> {
        match self {
            Subject::Cluster(software) => software.pattern(),
            Subject::Attached { .. } => None,
        }
    }

    /// The name of the subject's pattern in the report.
    pub fn pattern_name(&self) -> &str {
        match self.pattern() {
            Some(pattern) => pattern.name(),
            None => self.label(),
        }
    }

    /// The broker that the subject needs, if the lab is to see to it.
    pub fn product(&self) -> Option<Product> {
        match self {
            Subject::Cluster(software) => software.product(),
            Subject::Attached { .. } => None,
        }
    }

    pub(super) fn crosses_nodes(&self) -> bool {
        match self {
            Subject::Cluster(software) => software.crosses_nodes(),
            Subject::Attached { .. } => true,
        }
    }

    /// Whether the subject may keep a history. Of a server that is not ours nobody knows, so it may.
    pub fn keeps_history(&self) -> bool {
        self.pattern().is_none_or(Pattern::has_history)
    }

    /// The expectations by which a run of this subject is judged.
    pub(super) fn expectations(&self, scenario: &Scenario) -> Vec<Expectation> {
        scenario.expectations_for(self.pattern())
    }

    /// Whether the scenario's faults can strike the subject at all; if not, the reason in one clause.
    pub fn applies(&self, scenario: &Scenario) -> Result<(), String> {
        let strange = match self {
            Subject::Cluster(software) => return software.applies(scenario),
            Subject::Attached { .. } => scenario.faults.iter().find(|plan| !is_of_the_load(plan)),
        };
        // The clients of a server that is not ours are the load's own; its processes and links are somebody else's.
        match strange {
            None => Ok(()),
            Some(plan) => match plan.target {
                Target::Broker => Err("its broker is not the lab's".into()),
                Target::History => Err("its history is not the lab's".into()),
                Target::Link(_) | Target::Groups(_) => {
                    Err(format!("`{plan}` strikes links, and those of the server are not the lab's"))
                }
                _ => Err(format!("`{plan}` strikes processes, and those of the server are not the lab's")),
            },
        }
    }

    /// Whether some fault runs a command of the user's.
    pub(super) fn runs_commands(faults: &[Fault]) -> bool {
        faults.iter().any(|fault| fault.target == Target::Unknown)
    }
}

/// Whether a fault strikes the load's own clients, or whatever a command of the user's strikes.
fn is_of_the_load(plan: &FaultPlan) -> bool {
    use Target::{AnySubscriber, Load, Subscriber, Subscribers, Unknown};
    let target = matches!(plan.target, Subscribers(_) | Subscriber(_) | AnySubscriber | Load | Unknown);
    // In a storm the clients of a node drop their connections; the node itself is not struck.
    target || plan.action == Action::Storm
}
