//! What a load generator is asked for, and why it may refuse.

use std::io;
use std::time::Duration;

use super::dialect::Dialect;
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

/// Why there is no load.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A node's URL cannot be used.
    #[error("{0:?} is not the URL of a node")]
    Url(String),
    /// What was asked for contradicts itself.
    #[error("the load cannot be built: {0}")]
    Settings(&'static str),
    /// Not every client could connect and subscribe.
    #[error("only {online} of {clients} clients were connected and subscribed within {limit:?}{trouble}")]
    Connect {
        /// Clients that were.
        online: usize,
        /// Clients that were to be there.
        clients: usize,
        /// How long they had.
        limit: Duration,
        /// The latest failure, in words that go on the sentence; or nothing.
        trouble: String,
    },
    /// A thread could not be started.
    #[error("a thread of the load generator could not be started: {0}")]
    Thread(#[from] io::Error),
}

impl LoadError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            LoadError::Url(_) => "a node's URL looks like ws://127.0.0.1:8080",
            LoadError::Settings(_) => {
                "every count is at least 1, there is one URL a node, and a dialect has its limits"
            }
            LoadError::Connect { .. } => {
                "each client needs a file descriptor here and one at its node: see `ulimit -n` and `--max-clients`"
            }
            LoadError::Thread(_) => "the machine may be short of memory or threads",
        }
    }
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
