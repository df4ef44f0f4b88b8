//! The settings of a load generator.

use super::dialect::Dialect;
use super::error::LoadError;
use ledger::Plan;

/// The settings of a load generator: what is sent, and to whom.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which client publishes what, when and where.
    pub plan: Plan,
    /// The size of the texts, the warm-up, and the patience of the clients.
    pub load: scenario::Load,
    /// The faults of the scenario. The load acts on those in which subscribers leave, join or read slowly, and on
    /// storms.
    pub faults: Vec<scenario::Fault>,
    /// The dialect in which the nodes are spoken to.
    pub dialect: Dialect,
    /// Whether the pattern may keep a history. If so, a replay that brings nothing is worth a remark.
    pub keeps_history: bool,
    /// The seed of every random choice.
    pub seed: u64,
    /// The URL of each node, such as `ws://127.0.0.1:8080`.
    pub urls: Vec<String>,
}

impl Settings {
    /// Checks whether a load with these settings is possible at all.
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
        } else if self.load.presence && self.dialect != Dialect::V1 {
            "the dialect does not tell who is there, so that nobody can watch presence"
        } else {
            return Ok(());
        };
        Err(LoadError::Settings(wrong))
    }
}
