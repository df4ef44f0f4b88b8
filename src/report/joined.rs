//! What a report says that was joined from the parts of several agents.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::numbers::counted;
use super::quantiles::Quantiles;

/// What is particular to a run that several agents played together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JoinedReport {
    /// Number of agents among which the clients were shared.
    pub of: u32,
    /// The agents whose clients never played, counted from 1. What they were to send is not missed, and nothing was owed to
    /// their subscribers.
    pub absent: Vec<u32>,
    /// The agents that played and whose part was not joined, counted from 1.
    pub unjoined: Vec<u32>,
    /// Latency of debts whose publisher and subscriber are of one agent, in microseconds: exact. It is the run's `latency_us`.
    pub latency_inside_us: Option<Quantiles>,
    /// Latency of debts whose publisher and subscriber are of two agents, in microseconds; `null` where the clocks are not
    /// known well enough, or where nothing came.
    pub latency_cross_us: Option<CrossLatency>,
    /// Why `latency_cross_us` is left out, a clause; `null` where it is there.
    pub cross_left_out: Option<String>,
    /// Number of debts that may be in another class within the bounds of the clocks: owed or not, on time or late.
    pub undecided: u64,
    /// The agents whose parts were joined.
    pub agents: Vec<AgentReport>,
}

/// Latency between two agents: each true quantile is between the two values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CrossLatency {
    /// The quantiles of the least that each latency may have been, in microseconds.
    pub low: Quantiles,
    /// The quantiles of the most that each latency may have been, in microseconds.
    pub high: Quantiles,
}

/// One agent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AgentReport {
    /// The number of the agent, counted from 1.
    pub agent: u32,
    /// How far off the comparison of the agent's clock may be, in microseconds; `null` where the clock is unknown.
    pub clock_bound_us: Option<u64>,
    /// CPU time of the agent's process, user and system, in seconds.
    pub cpu_s: f64,
    /// Resident memory of the agent's process at its highest, in MiB.
    pub rss_max_mib: f64,
}

impl JoinedReport {
    /// What a reader has to know, a clause for each.
    pub fn clauses(&self) -> Vec<String> {
        let agents = counted(u64::from(self.of), "agent", "agents");
        let mut clauses = vec![format!(
            "joined from {} of {agents}; the latency is that of debts inside one agent",
            counted(self.agents.len() as u64, "part", "parts")
        )];
        let named = |agents: &[u32]| agents.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        if !self.absent.is_empty() {
            clauses.push(format!(
                "absent: agent {}, whose clients did not play, and which is not counted as loss",
                named(&self.absent)
            ));
        }
        if let Some(CrossLatency { low, high }) = &self.latency_cross_us {
            clauses.push(format!(
                "between agents the p50 is {} to {} us and the p99 {} to {} us",
                low.p50, high.p50, low.p99, high.p99
            ));
        }
        if let Some(why) = &self.cross_left_out {
            clauses.push(format!("latency between agents is left out, because {why}"));
        }
        if self.undecided > 0 {
            let debts = counted(self.undecided, "debt is", "debts are");
            clauses.push(format!("{debts} undecided within the bounds of the clocks"));
        }
        for AgentReport { agent, cpu_s, rss_max_mib, .. } in &self.agents {
            clauses.push(format!("agent {agent} took {cpu_s:.1} s of CPU time and {rss_max_mib:.0} MiB"));
        }
        clauses
    }
}
