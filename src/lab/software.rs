//! What the nodes of a cluster run: our chat over one of our patterns, or a chat server of somebody else's.

use std::fmt;

use super::product::Product;
use scenario::{Action, End, FaultPlan, Pattern, Scenario, Target, parts};

/// What the nodes of a cluster run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Software {
    /// Our chat server over this pattern.
    Pattern(Pattern),
    /// The chat server of somebody else.
    Server(Server),
}

/// A WebSocket chat server of somebody else's, and how to start it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The name of the server in tables.
    pub label: String,
    /// What `sh -c` runs for each node, with `{port}`, `{node}`, `{peers}` and the blank of a broker in it.
    pub command: String,
    /// The broker that the server needs, if it needs one.
    pub broker: Option<Product>,
}

/// The values that fill in the command of one node.
#[derive(Debug, Clone, Copy)]
pub struct Blanks<'a> {
    /// The loopback port on which the node listens.
    pub port: u16,
    /// The number of the node, counted from 0.
    pub node: usize,
    /// The addresses on which the other nodes listen, `127.0.0.1:PORT` each.
    pub peers: &'a [String],
    /// The URL at which the node finds the broker.
    pub broker: Option<&'a str>,
}

impl Server {
    /// The brokers that a command names by their blanks.
    pub fn named_brokers(command: &str) -> Vec<Product> {
        Product::ALL.into_iter().filter(|product| command.contains(&product.blank())).collect()
    }

    /// Whether the nodes of this server are told of each other.
    pub fn knows_peers(&self) -> bool {
        self.command.contains("{peers}")
    }

    /// Whether the command says where a node is to listen. A server that reads `$PORT` by itself need not be told.
    pub fn names_port(&self) -> bool {
        self.command.contains("{port}") || self.command.contains("PORT")
    }

    /// The command of one node. A blank that the lab does not know stays as it is.
    pub fn filled(&self, blanks: Blanks<'_>) -> String {
        let broker = blanks.broker.unwrap_or_default();
        let filled = self
            .command
            .replace("{port}", &blanks.port.to_string())
            .replace("{node}", &blanks.node.to_string())
            .replace("{peers}", &blanks.peers.join(","));
        Product::ALL.iter().fold(filled, |filled, product| filled.replace(&product.blank(), broker))
    }
}

impl Software {
    /// The name of the software in tables and directories.
    pub fn label(&self) -> &str {
        match self {
            Software::Pattern(pattern) => pattern.name(),
            Software::Server(server) => &server.label,
        }
    }

    /// Our pattern, if the software is one.
    pub fn pattern(&self) -> Option<Pattern> {
        match self {
            Software::Pattern(pattern) => Some(*pattern),
            Software::Server(_) => None,
        }
    }

    /// The broker that the software needs, if it needs one.
    pub fn product(&self) -> Option<Product> {
        match self {
            Software::Pattern(pattern) => Product::of_pattern(*pattern),
            Software::Server(server) => server.broker,
        }
    }

    /// Whether the software has a history service.
    pub fn has_history(&self) -> bool {
        self.pattern().is_some_and(Pattern::has_history)
    }

    /// Whether the nodes of the software connect to each other.
    pub fn has_mesh(&self) -> bool {
        match self {
            Software::Pattern(pattern) => pattern.links_nodes(),
            Software::Server(server) => server.knows_peers(),
        }
    }

    /// Whether a message reaches the clients of other nodes, as far as the lab knows.
    pub fn crosses_nodes(&self) -> bool {
        self.pattern().is_none_or(Pattern::crosses_nodes)
    }

    /// Whether a cluster of this software with this number of nodes has what a fault strikes.
    pub fn has(&self, target: &Target, nodes: usize) -> bool {
        let server = match self {
            Software::Pattern(pattern) => return target.exists_in(*pattern, nodes),
            Software::Server(server) => server,
        };
        let end = |end: End| match end {
            End::Broker => server.broker.is_some(),
            End::History => false,
            _ => true,
        };
        match target {
            Target::Broker => server.broker.is_some(),
            Target::History => false,
            Target::Link(link) => {
                end(link.from) && end(link.to) && (!link.is_of_nodes() || self.has_mesh() && nodes > 1)
            }
            Target::Groups(groups) => {
                let broker = server.broker.map(|_| End::Broker);
                let linked = broker.is_some() || self.has_mesh();
                linked && parts(groups, (0..nodes).map(End::Node).chain(broker))
            }
            _ => true,
        }
    }

    /// Whether the scenario's faults can strike this software at all; if not, the reason in one clause.
    pub fn applies(&self, scenario: &Scenario) -> Result<(), String> {
        if let Software::Pattern(pattern) = self {
            return scenario.applies_to(*pattern);
        }
        match scenario.faults.iter().find(|plan| !self.has(&plan.target, scenario.cluster.nodes)) {
            None => Ok(()),
            Some(FaultPlan { target: Target::Link(link), .. }) => {
                Err(format!("{self} has no link {link} that the lab knows of"))
            }
            Some(FaultPlan { action: Action::Partition, .. }) => {
                Err(format!("{self} has no links between nodes that the lab knows of"))
            }
            Some(FaultPlan { action, target, .. }) => Err(format!("{self} has no {target} to {action}")),
        }
    }
}

impl fmt::Display for Software {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.label())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_filled_and_nothing_else_is_touched() {
        let server = Server {
            label: "mine".into(),
            command: "cd ${DIR} && node app.js {port} {node} --peers={peers} {redis} | awk '{print}'".into(),
            broker: Product::named("redis"),
        };
        let peers = ["127.0.0.1:2".to_owned(), "127.0.0.1:3".to_owned()];
        let blanks = Blanks { port: 1, node: 0, peers: &peers, broker: Some("redis://127.0.0.1:9") };
        assert_eq!(
            server.filled(blanks),
            "cd ${DIR} && node app.js 1 0 --peers=127.0.0.1:2,127.0.0.1:3 redis://127.0.0.1:9 | awk '{print}'"
        );
        assert_eq!(Server::named_brokers(&server.command), [Product::named("redis").unwrap()]);
        assert!(server.knows_peers());
    }
}
