//! Who is really there: presence across nodes, from outside.

mod bounds;
mod bus_away;
mod gone;
mod truth;

use crate::support::node::{Node, PATIENCE};
use crate::support::people::{Observer, Someone};
use crate::support::process::{Running, pubsub_lab};
use crate::support::redis::RedisServer;
use crate::support::zeromq_bus::Addresses;

/// The nodes of one cluster, and what they need.
pub struct Cluster {
    pub nodes: Vec<Node>,
    pub redis: Option<RedisServer>,
    _addresses: Option<Addresses>,
}

impl Cluster {
    pub async fn local() -> Self {
        Self { nodes: vec![Node::with_secret("s")], redis: None, _addresses: None }
    }

    pub async fn redis(count: usize, flags: &[&str]) -> Self {
        let redis = RedisServer::start();
        let nodes = (0..count).map(|_| redis_node(&redis.url(), flags)).collect();
        let cluster = Self { nodes, redis: Some(redis), _addresses: None };
        cluster.ready().await;
        cluster
    }

    pub async fn zeromq(count: usize) -> Self {
        let addresses = Addresses::new(count);
        let secret = ["--secret", "s"];
        let nodes = (0..count).map(|index| addresses.node(index, &secret)).collect();
        let cluster = Self { nodes, redis: None, _addresses: Some(addresses) };
        cluster.ready().await;
        cluster
    }

    /// Waits until every node is ready and knows the others.
    pub async fn ready(&self) {
        for node in &self.nodes {
            node.ready().await;
        }
        // Whom a node hears of first was there before, and has not joined: so the nodes get to know each other here.
        let names: Vec<_> = (0..self.nodes.len()).map(|n| format!("probe{n}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let mut probes = Vec::new();
        for (node, name) in self.nodes.iter().zip(&names) {
            probes.push(Observer::on(node, name, "probes").await);
        }
        for probe in &mut probes {
            probe.people_are(&names).await;
        }
    }

    /// Kills a node with SIGKILL, and gives it up.
    pub fn kill(&mut self, index: usize) {
        self.nodes[index].running.signal(nix::sys::signal::Signal::SIGKILL);
        self.nodes[index].running.ended_within(PATIENCE);
    }
}

pub fn redis_node(url: &str, flags: &[&str]) -> Node {
    let mut command = pubsub_lab(&["node", "redis", "--listen", "127.0.0.1:0", "--broker", url]);
    command.args(["--secret", "s"]).args(flags);
    let running = Running::start(command);
    let line = running.out_line("listening http://");
    let address = line.rsplit_once('/').unwrap().1.parse().unwrap();
    Node { running, address }
}
