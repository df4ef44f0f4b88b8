//! The options of a cluster, and whether a cluster with them can be started.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use super::broker;
use super::error::LabError;
use super::product::Product;
use super::software::Software;
use address::SafeUrl;
use scenario::{Fault, Pattern, Scenario, Target};

/// The options of a cluster: what to start.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// The path of this binary.
    pub program: PathBuf,
    /// The software that the nodes run.
    pub software: Software,
    /// Number of nodes.
    pub nodes: usize,
    /// The port of the first node, which those of the others follow; 0 chooses free ports.
    pub port: u16,
    /// The URL of a broker that is not the lab's.
    pub broker: Option<String>,
    /// Additional flags for each node.
    pub node_flags: Vec<String>,
    /// The faults that will strike: the links that they name are proxied, and no others.
    pub faults: Vec<Fault>,
    /// Whether every link between processes is proxied that can be, so that any may be broken later.
    pub every_link: bool,
    /// The address on which the nodes listen for clients.
    pub listen: IpAddr,
    /// The seed of everything that a link draws by chance.
    pub seed: u64,
    /// The directory of the logs; without it they go into the lab's private directory, which is removed at the end.
    pub logs: Option<PathBuf>,
    /// Whether our nodes and our history write a trace beside their logs.
    pub trace: bool,
}

impl ClusterOptions {
    /// Options for one node of a pattern on a free port, with everything else left to the lab.
    pub fn new(pattern: Pattern) -> Result<Self, LabError> {
        Ok(Self {
            program: program()?,
            software: Software::Pattern(pattern),
            nodes: 1,
            port: 0,
            broker: None,
            node_flags: Vec::new(),
            faults: Vec::new(),
            every_link: false,
            listen: Ipv4Addr::LOCALHOST.into(),
            seed: 0,
            logs: None,
            trace: false,
        })
    }

    /// Whether this cluster can be started, and its faults can strike, as far as that is known before the start. A
    /// fault on a broker that the pattern does not have is no error here: such a fault is not applicable.
    pub fn check(&self) -> Result<(), LabError> {
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
            if self.faults.iter().any(|fault| fault.target == Target::Broker) {
                return Err(broker::not_ours(url));
            }
        }
        self.faults.iter().try_for_each(|fault| self.has(&fault.target))
    }

    /// Whether the pattern can use the broker at this URL.
    fn takes(&self, url: &str) -> Result<(), LabError> {
        let whose = match &self.software {
            Software::Pattern(pattern) => format!("the pattern {pattern}"),
            Software::Server(server) => format!("the server {}", server.label),
        };
        let Some(needed) = self.software.product() else {
            let message = format!("{whose} has no broker");
            return Err(LabError::usage(message).hint("leave out `--broker`"));
        };
        let given = Product::of_url(url)?;
        if given == needed {
            return Ok(());
        }
        let shown = SafeUrl::new(url);
        let message = format!("{whose} needs {needed}, and {shown} is one of {given}");
        Err(LabError::usage(message).hint(needed.url_form()))
    }

    fn has(&self, target: &Target) -> Result<(), LabError> {
        match target {
            Target::Node(n) if *n >= self.nodes => Err(no_such_node(*n, self.nodes)),
            Target::History if !self.software.has_history() => Err(no_history(&self.software)),
            _ => Ok(()),
        }
    }
}

/// The path of this binary.
pub(super) fn program() -> Result<PathBuf, LabError> {
    std::env::current_exe().map_err(|error| {
        LabError::environment(format!("the program's own file is not known, so it starts no node: {error}"))
    })
}

pub(super) fn no_history(software: &Software) -> LabError {
    let with = Pattern::ALL.into_iter().filter(|pattern| pattern.has_history()).map(Pattern::name);
    let with = with.collect::<Vec<_>>().join(" and ");
    LabError::usage(format!("the pattern {software} has no history")).hint(format!("{with} has one"))
}

pub(super) fn no_such_node(n: usize, nodes: usize) -> LabError {
    LabError::usage(format!("there is no node {n}: the cluster has {nodes}, counted from 0"))
        .hint("give more `--nodes`, or strike one that there is")
}

/// The options of the cluster that a scenario needs for some software, if such a cluster can be had.
pub fn cluster_options(
    scenario: &Scenario,
    software: &Software,
    faults: &[Fault],
    broker: Option<&str>,
    node_flags: &[String],
) -> Result<ClusterOptions, LabError> {
    // One node must be able to take all clients, because the others may be down.
    let clients = scenario.load.publishers + scenario.load.subscribers;
    let options = ClusterOptions {
        program: program()?,
        software: software.clone(),
        nodes: scenario.cluster.nodes,
        port: 0,
        broker: broker.map(str::to_owned),
        // The load has the schedule and the clients; a node must not limit either.
        node_flags: ["--max-rate", "0", "--max-clients", &clients.to_string()]
            .into_iter()
            .map(str::to_owned)
            .chain(node_flags.iter().cloned())
            .collect(),
        faults: faults.to_vec(),
        every_link: false,
        listen: Ipv4Addr::LOCALHOST.into(),
        seed: 0,
        logs: None,
        trace: false,
    };
    options.check()?;
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use scenario::Action;
    use std::time::Duration;

    fn options(pattern: Pattern) -> ClusterOptions {
        ClusterOptions { nodes: 3, ..ClusterOptions::new(pattern).unwrap() }
    }

    fn kill(target: Target) -> Fault {
        Fault { at: Duration::ZERO, duration: None, action: Action::Kill, target }
    }

    fn struck(options: ClusterOptions, targets: &[Target]) -> Result<(), LabError> {
        ClusterOptions { faults: targets.iter().cloned().map(kill).collect(), ..options }.check()
    }

    #[test]
    fn what_cannot_be_is_wrong_usage() {
        let with_url = |pattern, url: &str| ClusterOptions { broker: Some(url.into()), ..options(pattern) };
        let (redis, amqp) = ("redis://:pw@host", "amqp://me:pw@host");
        let cases = [
            (ClusterOptions { nodes: 0, ..options(Pattern::Local) }.check(), "at least one"),
            (ClusterOptions { port: 65534, ..options(Pattern::Local) }.check(), "65535"),
            (with_url(Pattern::Local, redis).check(), "local has no broker"),
            (with_url(Pattern::Zeromq, amqp).check(), "zeromq has no broker"),
            (
                with_url(Pattern::Amqp, redis).check(),
                "amqp needs RabbitMQ, and redis://***@host is one of Redis",
            ),
            (
                with_url(Pattern::Redis, amqp).check(),
                "redis needs Redis, and amqp://***@host is one of RabbitMQ",
            ),
            (with_url(Pattern::Redis, "http://me:pw@host").check(), "http://***@host is neither"),
            (struck(with_url(Pattern::Redis, redis), &[Target::Broker]), "redis://***@host is not the lab's"),
            (struck(with_url(Pattern::Amqp, amqp), &[Target::Broker]), "amqp://***@host is not the lab's"),
            (struck(options(Pattern::Redis), &[Target::Node(3)]), "no node 3"),
            (struck(options(Pattern::Redis), &[Target::History]), "redis has no history"),
        ];
        for (outcome, expected) in cases {
            let error = outcome.unwrap_err();
            assert_eq!(error.exit, 2);
            assert!(error.message.contains(expected), "{error}");
            assert!(error.hint.is_some() && !error.to_string().contains("pw"), "{error}");
        }
        struck(options(Pattern::Redis), &[Target::Broker, Target::Node(2)]).unwrap();
        struck(with_url(Pattern::Redis, redis), &[Target::AllNodes]).unwrap();
        struck(with_url(Pattern::Amqp, amqp), &[Target::History]).unwrap();
        struck(options(Pattern::Amqp), &[Target::History, Target::Broker]).unwrap();
        struck(options(Pattern::Local), &[Target::Broker]).unwrap();
    }
}
