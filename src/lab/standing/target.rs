//! What there is to break in a cluster that stands.

use super::super::broker::Broker;
use super::super::cluster::Cluster;
use super::super::error::LabError;
use super::super::options::{no_history, no_such_node};
use address::SafeUrl;
use scenario::{End, Link, Pattern, Target};

/// The processes that a target means.
pub(super) fn ends(cluster: &Cluster, target: &Target) -> Vec<End> {
    match target {
        Target::AllNodes => cluster.ends().into_iter().filter(|end| end.is_node()).collect(),
        one => one.end().into_iter().collect(),
    }
}

/// The process as a target.
pub(super) fn end_of(end: End) -> Target {
    match end {
        End::Broker => Target::Broker,
        End::History => Target::History,
        End::Node(n) => Target::Node(n),
        End::AllNodes | End::AnyNode | End::Clients => Target::AllNodes,
    }
}

impl Cluster {
    /// Whether somebody at a prompt can strike this target. The error says what there is instead.
    pub(super) fn has_standing(&self, target: &Target) -> Result<(), LabError> {
        let pattern = self.pattern();
        match target {
            Target::Broker => match self.broker() {
                Some(broker) if broker.is_external() => Err(not_ours(broker)),
                Some(_) => Ok(()),
                None => Err(LabError::usage(format!("the pattern {} has no broker", self.software()))
                    .hint("its nodes reach each other without one: strike a node, or a link between two")),
            },
            Target::History if self.history().is_none() => Err(no_history(self.software())),
            Target::Node(n) if *n >= self.size() => {
                Err(no_such_node(*n, self.size()).hint(self.nodes_there_are()))
            }
            Target::AnyNode => Err(LabError::usage("nobody draws a node here").hint(self.nodes_there_are())),
            Target::Link(link) => match pattern {
                Some(pattern) => self.has_link(pattern, *link),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn has_link(&self, pattern: Pattern, link: Link) -> Result<(), LabError> {
        for end in [link.from, link.to] {
            match end {
                End::Node(n) => self.has_standing(&Target::Node(n))?,
                End::AnyNode => self.has_standing(&Target::AnyNode)?,
                End::Clients => {
                    let message = "the links of clients cannot be broken here: no proxy stands on them";
                    return Err(LabError::usage(message)
                        .hint("close the page, or `kill` or `pause` the node that it is on"));
                }
                _ => {}
            }
        }
        if link.exists_in(pattern, self.size()) {
            return Ok(());
        }
        let mut links = Vec::new();
        if pattern.has_broker() {
            links.push("`node 1 <-> broker`");
        }
        if pattern.has_history() {
            links.extend(["`node 1 <-> history`", "`history <-> broker`"]);
        }
        if pattern.links_nodes() && self.size() > 1 {
            links.push("`node 0 <-> node 1`");
        }
        let message = format!("there is no link {link} here");
        Err(LabError::usage(message).hint(match links.is_empty() {
            true => "its nodes are linked to nobody: strike a node".into(),
            false => format!("there are links such as {}", scenario::listed(&links)),
        }))
    }

    fn nodes_there_are(&self) -> String {
        match self.size() {
            1 => "there is `node 0` alone".into(),
            nodes => format!("there are `node 0` to `node {}`", nodes - 1),
        }
    }
}

fn not_ours(broker: &Broker) -> LabError {
    let message =
        format!("the broker at {} is not the lab's, so the lab cannot strike it", SafeUrl::new(broker.url()));
    LabError::usage(message).hint("`cut node * <-> broker` parts the nodes from it")
}
