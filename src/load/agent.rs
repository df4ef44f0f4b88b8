//! A load generator that is one of several agents: it knows the whole plan and plays only its own clients.

use std::net::IpAddr;
use std::sync::Arc;

use part::{Recorder, Share};

use super::clock::LoadClock;

/// What makes a load generator one of several agents.
#[derive(Debug, Clone)]
pub struct Agent {
    /// Which clients it plays.
    pub share: Share,
    /// The number in every text of the run, by which agents know each other's texts: the same in all agents, and in no other
    /// run.
    pub nonce: u32,
    /// The agents that take no part, counted from 1: nothing of theirs is waited for.
    pub absent: Vec<u32>,
    /// The clock of the agent, whose zero is the run's.
    pub clock: LoadClock,
    /// Where everything is written down that the ledger is told.
    pub recorder: Arc<Recorder>,
    /// The addresses from which clients connect, in turn; empty where the system chooses. Each address has its own
    /// ports, of which a system gives some 28,000 to connections to one server.
    pub binds: Vec<IpAddr>,
}

impl Agent {
    /// Whether this agent plays a client, given its number among the publishers or among the subscribers.
    pub(super) fn plays(&self, client: usize) -> bool {
        self.share.has(client)
    }

    /// Whether some agent that takes part plays a client.
    pub(super) fn is_played(&self, client: usize) -> bool {
        !self.absent.contains(&Share::agent_of(client, self.share.of))
    }
}
