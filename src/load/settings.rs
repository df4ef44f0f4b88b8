//! What a load generator is asked for.

use super::dialect::Dialect;
use super::error::LoadError;
use ledger::Plan;

/// What is sent to whom.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Who publishes what, when, where.
    pub plan: Plan,
    /// The texts' size, the warm-up, and how patient clients are.
    pub load: scenario::Load,
    /// What happens in the scenario; of it the load's part is who leaves, joins and reads slowly, and storms.
    pub faults: Vec<scenario::Fault>,
    /// How the nodes are spoken to.
    pub dialect: Dialect,
    /// Whether what is measured may keep history: then a replay that brings nothing is worth a remark.
    pub keeps_history: bool,
    /// Reaches every random choice.
    pub seed: u64,
    /// Where the nodes are, one URL a node: `ws://127.0.0.1:8080`.
    pub urls: Vec<String>,
}

impl Settings {
    /// Whether this can be done at all.
    pub(super) fn check(&self) -> Result<(), LoadError> {
        let plan = &self.plan;
        let counts = [plan.publishers, plan.subscribers, plan.nodes, plan.rooms];
        let wrong = if counts.contains(&0) {
            "a count is 0"
        } else if self.urls.len() != plan.nodes {
            "there are not as many URLs as nodes"
        } else if !(plan.rate > 0.0 && plan.rate.is_finite()) {
            "the rate is not above 0"
        } else if plan.rooms > 1 && !self.dialect.has_rooms() {
            "the dialect cannot name a room, so that there is only one"
        } else if self.load.resend && !self.dialect.has_answers() {
            "the dialect has no answers, so that nothing says what to send again"
        } else {
            return Ok(());
        };
        Err(LoadError::Settings(wrong))
    }
}
