//! A cluster on this machine: a broker if the pattern has one, and nodes as processes of this binary.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::future::{join_all, try_join_all};
use futures_util::stream::{self, StreamExt};
use tokio_util::sync::CancellationToken;

use super::base::{Base, Events};
use super::broker::{self, Broker};
use super::error::LabError;
use super::options::{ClusterOptions, no_such_node};
use super::ports;
use super::process::Spec;
use super::service::{Readiness, Service};
use crate::fault;
use crate::scenario::{Action, Fault, Pattern, Target};

/// How long a node may take to be ready.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long a node may take to end when asked to. With the broker's and the warden's time: under three seconds.
const STOP: Duration = Duration::from_millis(1500);
/// How many times a free port is chosen again because somebody took it in between.
const TRIES: usize = 5;

/// How far a start has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// What is waited for now.
    Waiting(String),
    /// The broker serves; what it is, for people.
    Broker(String),
    /// A node serves. Told in the order of the nodes.
    Node {
        /// Which, counted from 0.
        index: usize,
        /// Where, as a browser takes it.
        url: String,
    },
}

/// A running cluster. Dropped without [`stop`](Self::stop): everything is killed at once.
#[derive(Debug)]
pub struct Cluster {
    pattern: Pattern,
    nodes: Vec<Service>,
    broker: Option<Broker>,
    namespace: String,
    events: Option<Events>,
    base: Base,
}

/// What all nodes of one cluster share.
struct Shared<'a> {
    options: &'a ClusterOptions,
    broker: Option<&'a Broker>,
    namespace: &'a str,
    secret: &'a str,
    logs: &'a Path,
    base: &'a Base,
}

impl Cluster {
    /// Starts everything and waits until all of it serves. An error or a cancellation leaves nothing behind.
    pub async fn start(
        options: &ClusterOptions,
        cancel: &CancellationToken,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Self, LabError> {
        options.check(&[])?;
        let ports = match options.port {
            0 => ports::free(options.nodes)?,
            first => wanted_ports(first, options.nodes)?,
        };
        let (base, events) = Base::new(&options.program)?;
        let namespace = format!("pubsub-lab-{:08x}", rand::random::<u32>());
        let build = async {
            let logs = options.logs.as_deref().unwrap_or(base.directory());
            let broker = start_broker(options, logs, &base, progress).await?;
            let secret: String =
                rand::random::<[u8; 32]>().iter().map(|byte| format!("{byte:02x}")).collect();
            let shared = Shared {
                options,
                broker: broker.as_ref(),
                namespace: &namespace,
                secret: &secret,
                logs,
                base: &base,
            };
            let nodes = start_nodes(&shared, ports, progress).await?;
            Ok((broker, nodes))
        };
        let built = tokio::select! {
            built = build => built,
            () = cancel.cancelled() => Err(LabError::interrupted()),
        };
        match built {
            Ok((broker, nodes)) => {
                Ok(Self { pattern: options.pattern, nodes, broker, namespace, events: Some(events), base })
            }
            Err(error) => {
                base.close().await;
                Err(error)
            }
        }
    }

    /// Where a WebSocket client finds each node, in their order.
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(|node| format!("ws://127.0.0.1:{}", node.port())).collect()
    }

    /// The process id of each node at this moment, in their order.
    pub fn node_ids(&self) -> Vec<u32> {
        self.nodes.iter().map(Service::process_id).collect()
    }

    /// The broker, if the pattern has one.
    pub fn broker(&self) -> Option<&Broker> {
        self.broker.as_ref()
    }

    /// What this cluster's native names begin with.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The lab's private directory.
    pub fn directory(&self) -> &Path {
        self.base.directory()
    }

    /// What ran, in which version.
    pub fn versions(&self) -> BTreeMap<String, String> {
        let own = ("pubsub-lab".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        let broker =
            self.broker.as_ref().map(|broker| (self.pattern.name().to_owned(), broker.version().to_owned()));
        std::iter::once(own).chain(broker).collect()
    }

    /// What happens unasked. There is one reader: the first call takes it.
    pub fn take_events(&mut self) -> Option<Events> {
        self.events.take()
    }

    /// Strikes a fault. Gives the moment in which its condition held.
    pub async fn apply(&self, fault: &Fault) -> Result<Instant, LabError> {
        self.each(fault, Wound::Strike(fault.action)).await
    }

    /// Heals a fault. Gives the moment in which all of its target served again.
    pub async fn heal(&self, fault: &Fault) -> Result<Instant, LabError> {
        self.each(fault, Wound::Heal(fault.action)).await
    }

    async fn each(&self, fault: &Fault, wound: Wound) -> Result<Instant, LabError> {
        match fault.target {
            Target::Broker => match &self.broker {
                Some(broker) => wound.on(broker).await?,
                None => return Err(LabError::usage(format!("the pattern {} has no broker", self.pattern))),
            },
            Target::Node(n) => match self.nodes.get(n) {
                Some(node) => wound.on(node).await?,
                None => return Err(no_such_node(n, self.nodes.len())),
            },
            Target::History | Target::Subscribers(_) => {}
            Target::AllNodes => {
                try_join_all(self.nodes.iter().map(|node| wound.on(node))).await?;
            }
        }
        Ok(Instant::now())
    }

    /// Ends everything, nodes first, within three seconds.
    pub async fn stop(self) {
        join_all(self.nodes.iter().map(|node| node.stop(STOP))).await;
        if let Some(broker) = &self.broker {
            broker.stop().await;
        }
        self.base.close().await;
    }
}

/// What is done to a target.
#[derive(Debug, Clone, Copy)]
enum Wound {
    Strike(Action),
    Heal(Action),
}

impl Wound {
    async fn on<V: fault::Victim>(self, victim: &V) -> Result<(), V::Error> {
        match self {
            Wound::Strike(action) => fault::strike(action, victim).await,
            Wound::Heal(action) => fault::heal(action, victim).await,
        }
    }
}

/// The ports that were asked for, if all of them are free.
fn wanted_ports(first: u16, count: usize) -> Result<Vec<u16>, LabError> {
    let ports: Vec<u16> = (first..=u16::MAX).take(count).collect();
    for (index, port) in ports.iter().enumerate() {
        if let Err(error) = ports::check(*port) {
            return Err(port_taken(index, *port, &error));
        }
    }
    Ok(ports)
}

fn port_taken(index: usize, port: u16, error: &std::io::Error) -> LabError {
    let message = if error.kind() == std::io::ErrorKind::AddrInUse {
        format!("port {port} is in use, so node {index} cannot listen on it")
    } else {
        format!("node {index} cannot listen on port {port}: {error}")
    };
    LabError::environment(message).hint("choose another with `--port`, or `--port 0` for free ones")
}

async fn start_broker(
    options: &ClusterOptions,
    logs: &Path,
    base: &Base,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Option<Broker>, LabError> {
    if !options.pattern.has_broker() {
        return Ok(None);
    }
    let broker = match &options.broker {
        Some(url) => {
            progress(Progress::Waiting(format!("the broker at {}", broker::redact(url))));
            Broker::external(url).await?
        }
        None => {
            progress(Progress::Waiting("Redis".into()));
            Broker::redis(base.directory(), logs, base.supervision()).await?
        }
    };
    progress(Progress::Broker(broker.describe()));
    Ok(Some(broker))
}

/// All at once; told in their order.
async fn start_nodes(
    shared: &Shared<'_>,
    ports: Vec<u16>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Vec<Service>, LabError> {
    let count = ports.len();
    let starts = ports.into_iter().enumerate().map(|(index, port)| start_node(shared, index, port));
    let mut starting = stream::iter(starts).buffered(count);
    let mut nodes = Vec::with_capacity(count);
    progress(Progress::Waiting("node 0".into()));
    while let Some(node) = starting.next().await {
        let (node, index) = (node?, nodes.len());
        progress(Progress::Node { index, url: format!("http://127.0.0.1:{}", node.port()) });
        nodes.push(node);
        progress(Progress::Waiting(format!("node {}", nodes.len())));
    }
    Ok(nodes)
}

async fn start_node(shared: &Shared<'_>, index: usize, wanted: u16) -> Result<Service, LabError> {
    let mut port = wanted;
    for _ in 1..TRIES {
        match try_node(shared, index, port).await {
            Err(_) if shared.options.port == 0 && ports::check(port).is_err() => {
                // Somebody took it between the look and the start.
                port = ports::free(1)?.first().copied().unwrap_or(port);
            }
            outcome => return outcome,
        }
    }
    try_node(shared, index, port).await
}

async fn try_node(shared: &Shared<'_>, index: usize, port: u16) -> Result<Service, LabError> {
    let supervision = shared.base.supervision();
    let node =
        Service::launch(node_spec(shared, index, port), port, Readiness::Node, supervision, PATIENCE).await?;
    node.ready_within(PATIENCE).await?;
    Ok(node)
}

fn node_spec(shared: &Shared<'_>, index: usize, port: u16) -> Spec {
    let options = shared.options;
    let mut args: Vec<String> = vec!["node".into(), options.pattern.name().into()];
    args.extend(["--listen".into(), format!("127.0.0.1:{port}"), "--name".into(), format!("node-{index}")]);
    // Not arguments: everybody can read those, and a URL may hold a password.
    let mut env: Vec<(OsString, OsString)> = vec![("PUBSUB_LAB_SECRET".into(), shared.secret.into())];
    if let Some(broker) = shared.broker {
        args.extend(["--namespace".into(), shared.namespace.into()]);
        env.push(("PUBSUB_LAB_BROKER".into(), broker.url().into()));
    }
    args.extend(options.node_flags.iter().cloned());
    Spec {
        name: format!("node {index}"),
        program: options.program.clone(),
        args: args.into_iter().map(OsString::from).collect(),
        env,
        dir: None,
        log: shared.logs.join(format!("node-{index}.log")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, TcpListener};

    #[test]
    fn a_taken_port_is_named_with_its_node() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = wanted_ports(port, 1).unwrap_err();
        assert_eq!(error.message, format!("port {port} is in use, so node 0 cannot listen on it"));
        assert_eq!(error.hint.as_deref(), Some("choose another with `--port`, or `--port 0` for free ones"));
        assert_eq!(error.exit, 4);
    }
}
