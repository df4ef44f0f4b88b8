//! What one of several agents of a load is asked for, and whether it can be.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use super::error::LabError;
use load::Dialect;
use part::Share;
use scenario::{Action, Fault, Scenario, Transport};

/// What one of several agents of a load plays, and with whom.
#[derive(Debug)]
pub struct AgentOptions {
    /// The scenario that all agents play together.
    pub scenario: Scenario,
    /// The name or file under which it was found.
    pub name: String,
    /// The seed, which reaches every random choice.
    pub seed: u64,
    /// Which clients this agent plays.
    pub share: Share,
    /// The name of the nodes in tables.
    pub label: String,
    /// The URL of each node.
    pub urls: Vec<String>,
    /// The dialect in which clients speak; `None` means that the agent finds out.
    pub dialect: Option<Dialect>,
    /// How agents find each other, and when they begin.
    pub start: Start,
    /// The addresses from which clients connect, in turn; empty where the system chooses.
    pub binds: Vec<IpAddr>,
    /// The directory of the part. It is made.
    pub out: PathBuf,
}

/// How agents find each other, and when they begin.
#[derive(Debug, Clone)]
pub enum Start {
    /// Each begins at this moment of its own wall clock.
    At(SystemTime),
    /// They meet at a barrier.
    Barrier(Meeting),
}

/// How an agent meets the others.
#[derive(Debug, Clone)]
pub struct Meeting {
    /// Where this agent serves the barrier; `None` for one that only calls it.
    pub serves: Option<SocketAddr>,
    /// Where the barrier is; `None` for the agent that serves it.
    pub at: Option<String>,
    /// How long to wait for agents that do not come.
    pub wait: Duration,
    /// How far a wall clock may be off.
    pub clock_limit: Duration,
}

impl AgentOptions {
    /// The faults that strike, and when.
    pub(super) fn faults(&self) -> Vec<Fault> {
        self.scenario.schedule(None, self.seed)
    }

    /// How subscribers hear.
    pub(super) fn transport(&self) -> Transport {
        self.scenario.load.transports.first().copied().unwrap_or(Transport::Ws)
    }

    /// Refuses what several agents cannot play together.
    pub(super) fn check(&self) -> Result<(), LabError> {
        let (load, of) = (&self.scenario.load, self.share.of as usize);
        for (count, what) in [(load.publishers, "publishers"), (load.subscribers, "subscribers")] {
            if of > count {
                let message = format!("{of} agents cannot share {count} {what}: each needs one of its own");
                let hint = format!("start fewer agents, or give a greater number with `--{what}`");
                return Err(LabError::usage(message).hint(hint));
            }
        }
        if self.scenario.matrix.fields.is_empty() && load.transports.len() > 1 {
            let message =
                "several agents play one run, and the scenario has one for each of several transports";
            return Err(LabError::usage(message).hint("choose one with `--transport ws`"));
        }
        if !self.scenario.matrix.fields.is_empty() {
            let message = "several agents play one run, and the scenario's [matrix] asks for more";
            return Err(LabError::usage(message).hint("give a scenario without [matrix]"));
        }
        let own = |action: &Action| {
            use Action::{Join, Leave, Run, Slow, Storm, Surge};
            matches!(action, Join | Leave | Run(_) | Slow(_) | Storm | Surge(_))
        };
        if let Some(fault) = self.faults().iter().find(|fault| !own(&fault.action)) {
            let message = format!("agents of a load start no processes, so that none of them can `{fault}`");
            let hint =
                "strike from outside by a fault that runs a command: `run = \"...\"`, which agent 1 does";
            return Err(LabError::usage(message).hint(hint));
        }
        Ok(())
    }

    /// Makes the directory of the part.
    pub(super) fn make_directory(&self) -> Result<(), LabError> {
        let (out, shown) = (&self.out, self.out.display());
        if out.exists() {
            return Err(LabError::usage(format!("{shown} is there already, and a part overwrites nothing"))
                .hint("choose another directory with `--out`"));
        }
        std::fs::create_dir_all(out).map_err(|error| {
            LabError::environment(format!("the directory {shown} cannot be made: {error}"))
                .hint("choose another with `--out`")
        })
    }

    /// What agents of one load have in common, in a word that tells it from others.
    pub(super) fn load_word(&self) -> String {
        let what = format!("{}|{}|{}|{}", self.scenario.to_json(), self.seed, self.share.of, self.urls.len());
        format!("{:016x}", hashed(&what))
    }
}

/// A number that stands for a text, the same in every build.
pub(super) fn hashed(text: &str) -> u64 {
    let digest: [u8; 32] = Sha256::digest(text).into();
    digest.first_chunk().copied().map(u64::from_be_bytes).unwrap_or_default()
}
