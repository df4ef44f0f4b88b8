//! What a cluster is to be, and whether it can be.

use std::path::PathBuf;

use super::broker;
use super::error::LabError;
use super::product::Product;
use crate::scenario::{Fault, Pattern, Target};

/// What to start.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// This binary.
    pub program: PathBuf,
    /// How the nodes reach each other.
    pub pattern: Pattern,
    /// How many nodes.
    pub nodes: usize,
    /// The first node's port, the others' follow; 0 chooses free ones.
    pub port: u16,
    /// A broker that is not the lab's.
    pub broker: Option<String>,
    /// More flags for each node.
    pub node_flags: Vec<String>,
    /// Where the logs go; without it, into the lab's private directory, which is removed at the end.
    pub logs: Option<PathBuf>,
}

impl ClusterOptions {
    /// One node of a pattern on a free port, with everything else left to the lab.
    pub fn new(pattern: Pattern) -> Result<Self, LabError> {
        let program = std::env::current_exe().map_err(|error| {
            LabError::environment(format!(
                "the program's own file is not known, so it starts no node: {error}"
            ))
        })?;
        Ok(Self { program, pattern, nodes: 1, port: 0, broker: None, node_flags: Vec::new(), logs: None })
    }

    /// Whether this cluster can be started, and these faults struck, as far as that is known before. A fault
    /// on a broker that the pattern does not have is no error here: it is not applicable.
    pub fn check(&self, faults: &[Fault]) -> Result<(), LabError> {
        let nodes = self.nodes;
        if nodes == 0 {
            return Err(LabError::usage("a cluster has at least one node").hint("give `--nodes` 1 or more"));
        }
        if self.port != 0 && nodes - 1 > usize::from(u16::MAX - self.port) {
            let message = format!("{nodes} nodes from port {} on go beyond port 65535", self.port);
            return Err(LabError::usage(message).hint("give a smaller `--port`, or `--port 0` for free ones"));
        }
        if let Some(url) = &self.broker {
            self.takes(url)?;
            if faults.iter().any(|fault| fault.target == Target::Broker) {
                return Err(broker::not_ours(url));
            }
        }
        faults.iter().try_for_each(|fault| self.has(&fault.target))
    }

    /// Whether the pattern can use the broker at this URL.
    fn takes(&self, url: &str) -> Result<(), LabError> {
        let pattern = self.pattern;
        let Some(needed) = Product::of_pattern(pattern) else {
            let message = format!("the pattern {pattern} has no broker");
            return Err(LabError::usage(message).hint("leave out `--broker`"));
        };
        let given = Product::of_url(url)?;
        if given == needed {
            return Ok(());
        }
        let shown = broker::redact(url);
        let message = format!("the pattern {pattern} needs {needed}, and {shown} is one of {given}");
        Err(LabError::usage(message).hint(needed.url_form()))
    }

    fn has(&self, target: &Target) -> Result<(), LabError> {
        match target {
            Target::Node(n) if *n >= self.nodes => Err(no_such_node(*n, self.nodes)),
            Target::History if !self.pattern.has_history() => Err(no_history(self.pattern)),
            _ => Ok(()),
        }
    }
}

pub(super) fn no_history(pattern: Pattern) -> LabError {
    let with = Pattern::ALL.into_iter().filter(|pattern| pattern.has_history()).map(Pattern::name);
    let with = with.collect::<Vec<_>>().join(" and ");
    LabError::usage(format!("the pattern {pattern} has no history")).hint(format!("{with} has one"))
}

pub(super) fn no_such_node(n: usize, nodes: usize) -> LabError {
    LabError::usage(format!("there is no node {n}: the cluster has {nodes}, counted from 0"))
        .hint("give more `--nodes`, or strike one that there is")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Action;
    use std::time::Duration;

    fn options(pattern: Pattern) -> ClusterOptions {
        ClusterOptions { nodes: 3, ..ClusterOptions::new(pattern).unwrap() }
    }

    fn kill(target: Target) -> Fault {
        Fault { at: Duration::ZERO, duration: None, action: Action::Kill, target }
    }

    #[test]
    fn what_cannot_be_is_wrong_usage() {
        let with_url = |pattern, url: &str| ClusterOptions { broker: Some(url.into()), ..options(pattern) };
        let (redis, amqp) = ("redis://:pw@host", "amqp://me:pw@host");
        let cases = [
            (ClusterOptions { nodes: 0, ..options(Pattern::Local) }.check(&[]), "at least one"),
            (ClusterOptions { port: 65534, ..options(Pattern::Local) }.check(&[]), "65535"),
            (with_url(Pattern::Local, redis).check(&[]), "local has no broker"),
            (with_url(Pattern::Zeromq, amqp).check(&[]), "zeromq has no broker"),
            (
                with_url(Pattern::Amqp, redis).check(&[]),
                "amqp needs RabbitMQ, and redis://host is one of Redis",
            ),
            (
                with_url(Pattern::Redis, amqp).check(&[]),
                "redis needs Redis, and amqp://host is one of RabbitMQ",
            ),
            (with_url(Pattern::Redis, "http://me:pw@host").check(&[]), "http://host is neither"),
            (with_url(Pattern::Redis, redis).check(&[kill(Target::Broker)]), "redis://host is not the lab's"),
            (with_url(Pattern::Amqp, amqp).check(&[kill(Target::Broker)]), "amqp://host is not the lab's"),
            (options(Pattern::Redis).check(&[kill(Target::Node(3))]), "no node 3"),
            (options(Pattern::Redis).check(&[kill(Target::History)]), "redis has no history"),
        ];
        for (outcome, expected) in cases {
            let error = outcome.unwrap_err();
            assert_eq!(error.exit, 2);
            assert!(error.message.contains(expected), "{error}");
            assert!(error.hint.is_some() && !error.to_string().contains("pw"), "{error}");
        }
        options(Pattern::Redis).check(&[kill(Target::Broker), kill(Target::Node(2))]).unwrap();
        with_url(Pattern::Redis, redis).check(&[kill(Target::AllNodes)]).unwrap();
        with_url(Pattern::Amqp, amqp).check(&[kill(Target::History)]).unwrap();
        options(Pattern::Amqp).check(&[kill(Target::History), kill(Target::Broker)]).unwrap();
        options(Pattern::Local).check(&[kill(Target::Broker)]).unwrap();
    }
}
