//! Whose events a part holds, and what is needed to judge them.

use std::path::Path;
use std::time::Duration;

use ledger::{Harness, TrafficFigures};
use serde::{Deserialize, Serialize};

use super::MANIFEST_FILE;
use super::error::PartError;

/// The number of the format that this version writes, and the only one that it reads.
pub const FORMAT: u32 = 1;

/// Whose events a part holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The number of the format: [`FORMAT`].
    pub format: u32,
    /// The version of the program that wrote the part.
    pub version: String,
    /// Which clients the agent played.
    pub share: Share,
    /// The seed of every random choice.
    pub seed: u64,
    /// The name or file under which the scenario was found.
    pub scenario_name: String,
    /// The scenario, as the text of a file that reads as the very scenario that was played.
    pub scenario: String,
    /// What was under load: the name that the report gives it.
    pub subject: String,
    /// The dialect that clients spoke.
    pub dialect: String,
    /// Whether the dialect has answers.
    pub answers: bool,
    /// Whether a message can go from a node to another.
    pub crosses_nodes: bool,
    /// How subscribers heard.
    pub transport: String,
    /// The URL of each node, without passwords.
    pub urls: Vec<String>,
    /// What parts of one run share, and parts of no other run.
    pub run: String,
    /// The machine's wall clock at the agent's own zero, in milliseconds since the Unix epoch.
    pub zero_unix_ms: u64,
    /// When the measured load began, in nanoseconds since the agent's own zero; `None` if it did not begin.
    pub began_ns: Option<u64>,
    /// When the run ended, in nanoseconds since the agent's own zero.
    pub ended_ns: u64,
    /// Whether the agent was interrupted before the end.
    pub partial: bool,
    /// The agents that the barrier waited for in vain, counted from 1.
    pub absent: Vec<u32>,
    /// Round trips to the agent that serves the barrier. Empty on that agent, and where there is no barrier.
    pub clock: Vec<ClockSample>,
    /// The faults that this agent struck.
    pub faults: Vec<FaultPart>,
    /// How the agent's load generator did.
    pub harness: Harness,
    /// What passed over the connections of the agent's subscribers; `None` if the load did not begin.
    pub traffic: Option<TrafficFigures>,
    /// What the agent took of its machine.
    pub cost: AgentCost,
    /// The agent's clients that were to be connected in the end and were not, a clause for each.
    pub locked_out: Vec<LockedOutPart>,
    /// Number of events in the log.
    pub events: u64,
}

/// Which of several agents it is. Publisher `p` and subscriber `s` belong to agent `p mod N + 1` and `s mod N + 1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The number of the agent, counted from 1.
    pub agent: u32,
    /// Number of agents.
    pub of: u32,
}

impl Share {
    /// The agent to which a client belongs, given its number among the publishers or among the subscribers.
    pub fn agent_of(client: usize, of: u32) -> u32 {
        u32::try_from(client % of.max(1) as usize).unwrap_or_default() + 1
    }

    /// Whether a client belongs to this agent, given its number among the publishers or among the subscribers.
    pub fn has(&self, client: usize) -> bool {
        Self::agent_of(client, self.of) == self.agent
    }
}

/// One round trip to another agent. Times are in nanoseconds since an agent's own zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockSample {
    /// The number of the other agent.
    pub peer: u32,
    /// When this agent asked, by its own clock.
    pub sent: u64,
    /// What the other agent's clock said.
    pub peer_time: u64,
    /// When this agent had the answer, by its own clock.
    pub received: u64,
}

/// When a fault struck and was healed, in nanoseconds since the measured load began by the agent's own clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultPart {
    /// The place of the fault in the scenario's schedule for this seed, counted from 0.
    pub place: usize,
    /// [`ledger::FaultTimes::what`]
    pub what: String,
    /// [`ledger::FaultTimes::begin`]
    pub begin: u64,
    /// [`ledger::FaultTimes::heal_begin`]
    pub heal_begin: Option<u64>,
    /// [`ledger::FaultTimes::healed`]
    pub healed: Option<u64>,
    /// [`ledger::FaultTimes::deliberate`]
    pub deliberate: bool,
}

/// A client that was to be connected in the end and was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockedOutPart {
    /// The client: `subscriber 3`.
    pub client: String,
    /// How long it had been out, in milliseconds.
    pub out_ms: u64,
    /// Why it was not let in, or what it waited for.
    pub refusal: String,
    /// Whether this machine, and not the server, was the reason.
    pub own: bool,
}

/// What an agent took of its machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct AgentCost {
    /// CPU time of the agent's process, user and system, in seconds.
    pub cpu_s: f64,
    /// Resident memory of the agent's process at its highest, in MiB.
    pub rss_max_mib: f64,
}

impl Manifest {
    /// Reads the manifest of the part in this directory.
    pub fn read(directory: &Path) -> Result<Self, PartError> {
        let path = directory.join(MANIFEST_FILE);
        let text = std::fs::read_to_string(&path).map_err(|error| PartError::io(&path, error))?;
        let strange = |why: String| PartError::Manifest { path: path.clone(), why };
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let Format { format } = serde_json::from_str(&text).map_err(|error| strange(error.to_string()))?;
        if format != FORMAT {
            return Err(strange(format!("the part has format {format}, and this version reads {FORMAT}")));
        }
        serde_json::from_str(&text).map_err(|error| strange(error.to_string()))
    }

    /// Writes the manifest into this directory. Until it is there, the directory is no part.
    pub fn write(&self, directory: &Path) -> Result<(), PartError> {
        let (path, new) = (directory.join(MANIFEST_FILE), directory.join("part.json.new"));
        let mut text = serde_json::to_string_pretty(self)
            .map_err(|error| PartError::Manifest { path: path.clone(), why: error.to_string() })?;
        text.push('\n');
        std::fs::write(&new, text)
            .and_then(|()| std::fs::rename(&new, &path))
            .map_err(|error| PartError::io(&path, error))
    }

    /// When the measured load began, since the agent's own zero; `None` if it did not begin.
    pub fn began(&self) -> Option<Duration> {
        self.began_ns.map(Duration::from_nanos)
    }
}
