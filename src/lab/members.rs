//! The processes of this binary that make a cluster: its nodes, and the history where the pattern has one.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::{join, join_all};
use futures_util::stream::{self, StreamExt};

use super::base::Base;
use super::broker::Broker;
use super::error::LabError;
use super::links::Links;
use super::logging;
use super::options::ClusterOptions;
use super::ports;
use super::process::{SHELL, Spec};
use super::progress::Progress;
use super::service::{Readiness, Service};
use super::software::{Blanks, Server, Software};
use super::ways::Ways;
use report::story::{history_trace, node_trace};
use scenario::Pattern;

/// How long a member may take to be ready after its start.
const PATIENCE: Duration = Duration::from_secs(15);
/// Number of times that free ports are chosen again because somebody took one in between.
const TRIES: usize = 5;

/// What all members of one cluster share.
pub(super) struct MemberContext<'a> {
    pub(super) options: &'a ClusterOptions,
    pub(super) broker: Option<&'a Broker>,
    pub(super) namespace: &'a str,
    pub(super) secret: &'a str,
    pub(super) logs: &'a Path,
    pub(super) base: &'a Base,
    pub(super) links: &'a Links,
    pub(super) progress: &'a (dyn Fn(Progress) + Sync),
}

/// The members of one cluster, all of them serving.
#[derive(Debug)]
pub(super) struct Members {
    pub(super) nodes: Vec<Service>,
    /// The port at which clients find each node.
    pub(super) doors: Vec<u16>,
    pub(super) history: Option<Service>,
}

/// The ports that other members are told, and that therefore cannot change for one member alone.
pub(super) struct Addresses {
    /// The port on which each node listens for the other nodes; empty if the nodes have a broker, or nothing to tell
    /// each other.
    pub(super) subs: Vec<u16>,
    pub(super) history: Option<u16>,
}

/// Why a member did not start.
struct StartFailure {
    error: LabError,
    /// Whether somebody took the member's port after the lab had chosen it: other ports may do.
    taken: bool,
}

impl From<LabError> for StartFailure {
    fn from(error: LabError) -> Self {
        Self { error, taken: false }
    }
}

/// The ports that were asked for, for the clients of the nodes, if all of them are free; free ports if none were asked
/// for.
pub(super) fn client_ports(listen: IpAddr, first: u16, count: usize) -> Result<Vec<u16>, LabError> {
    if let Err(error) = ports::check_at(SocketAddr::from((listen, 0))) {
        let message = format!("the nodes cannot listen on {listen}: {error}");
        let hint = "`--listen` takes an address of this machine, or 0.0.0.0 for all of them";
        return Err(LabError::environment(message).hint(hint));
    }
    if first == 0 {
        return ports::free(count);
    }
    let ports: Vec<u16> = (first..=u16::MAX).take(count).collect();
    for (index, port) in ports.iter().enumerate() {
        if let Err(error) = ports::check_at(SocketAddr::from((listen, *port))) {
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

impl Members {
    /// Starts all members at once and waits until they serve. Reports them in their order.
    pub(super) async fn start(context: &MemberContext<'_>, mut clients: Vec<u16>) -> Result<Self, LabError> {
        for _ in 1..TRIES {
            match Self::attempt(context, &clients).await {
                Err(failure) if failure.taken => {
                    if context.options.port == 0 {
                        clients = ports::free(clients.len())?;
                    }
                }
                outcome => return outcome.map_err(|failure| failure.error),
            }
        }
        Self::attempt(context, &clients).await.map_err(|failure| failure.error)
    }

    async fn attempt(context: &MemberContext<'_>, clients: &[u16]) -> Result<Self, StartFailure> {
        let addresses = Addresses::free(&context.options.software, clients)?;
        context.links.clear();
        let ways = Ways::of(context, clients, &addresses).await?;
        // Both starts go on to their ends: a member that has started holds its port until it is gone.
        let started =
            join(start_nodes(context, clients, &addresses, &ways), start_history(context, &addresses, &ways))
                .await;
        let (nodes, history) = match started {
            (Ok(nodes), Ok(history)) => (nodes, history),
            (Ok(nodes), Err(failure)) => {
                kill(&nodes).await;
                return Err(failure);
            }
            (Err(failure), history) => {
                kill(history.iter().flatten()).await;
                return Err(failure);
            }
        };
        if let Some(history) = &history {
            (context.progress)(Progress::History(format!("http://127.0.0.1:{}", history.port())));
        }
        for (index, node) in nodes.iter().enumerate() {
            let address = ports::reached(SocketAddr::from((context.options.listen, node.port())));
            (context.progress)(Progress::Node { index, url: format!("http://{address}") });
        }
        Ok(Self { nodes, doors: ways.doors, history })
    }
}

impl Addresses {
    /// Chooses free ports, and none of those that the clients use.
    fn free(software: &Software, clients: &[u16]) -> Result<Self, LabError> {
        let subs = if software.pattern().is_some_and(Pattern::links_nodes) { clients.len() } else { 0 };
        let history = usize::from(software.has_history());
        let mut free = ports::free(subs + history + clients.len())?;
        // The clients' ports look free as well until somebody listens on them.
        free.retain(|port| !clients.contains(port));
        let history = if software.has_history() { free.pop() } else { None };
        free.truncate(subs);
        Ok(Self { subs: free, history })
    }
}

async fn start_nodes(
    context: &MemberContext<'_>,
    clients: &[u16],
    addresses: &Addresses,
    ways: &Ways,
) -> Result<Vec<Service>, StartFailure> {
    let tell = |index| (context.progress)(Progress::Waiting(format!("node {index}")));
    let starts = clients.iter().enumerate().map(|(index, port)| {
        let (spec, sub) = (node_spec(context, index, *port, addresses, ways), addresses.subs.get(index));
        // The lab may not change a port that the user asked for.
        let chosen = (context.options.port == 0).then_some(*port).into_iter().chain(sub.copied());
        start(context, spec, SocketAddr::from((context.options.listen, *port)), chosen.collect())
    });
    let mut starting = stream::iter(starts).buffered(clients.len());
    let mut nodes = Vec::with_capacity(clients.len());
    tell(0);
    while let Some(node) = starting.next().await {
        match node {
            Ok(node) => nodes.push(node),
            Err(failure) => {
                let others: Vec<_> = starting.filter_map(async |node| node.ok()).collect().await;
                kill(nodes.iter().chain(&others)).await;
                return Err(failure);
            }
        }
        tell(nodes.len());
    }
    Ok(nodes)
}

async fn start_history(
    context: &MemberContext<'_>,
    addresses: &Addresses,
    ways: &Ways,
) -> Result<Option<Service>, StartFailure> {
    let Some(port) = addresses.history else { return Ok(None) };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    start(context, history_spec(context, port, ways), address, vec![port]).await.map(Some)
}

/// Starts one member. `chosen` are those of its ports that the lab chose.
async fn start(
    context: &MemberContext<'_>,
    spec: Spec,
    address: SocketAddr,
    chosen: Vec<u16>,
) -> Result<Service, StartFailure> {
    let supervision = context.base.supervision();
    let started = async {
        let readiness = match spec.is_member() {
            true => Readiness::Node(address.ip()),
            false => Readiness::WebSocket,
        };
        let service = Service::launch(spec, address.port(), readiness, supervision, PATIENCE).await?;
        match service.ready_within(PATIENCE).await {
            Ok(()) => Ok(service),
            Err(error) => {
                service.stop(Duration::ZERO).await;
                Err(error)
            }
        }
    };
    started.await.map_err(|mut error| {
        // The log that follows is that of a server which does not know its port, and says anything but that.
        if matches!(&context.options.software, Software::Server(server) if !server.names_port()) {
            error.message +=
                "; the command of `--server` has no {port}, so it has to listen on the port in $PORT";
        }
        let is_taken = |port| ports::check_at(SocketAddr::from((address.ip(), port))).is_err();
        let taken = chosen.into_iter().any(is_taken);
        StartFailure { error, taken }
    })
}

async fn kill(services: impl IntoIterator<Item = &Service>) {
    join_all(services.into_iter().map(|service| service.stop(Duration::ZERO))).await;
}

fn node_spec(
    context: &MemberContext<'_>,
    index: usize,
    port: u16,
    addresses: &Addresses,
    ways: &Ways,
) -> Spec {
    let options = context.options;
    let pattern = match &options.software {
        Software::Pattern(pattern) => *pattern,
        Software::Server(server) => return server_spec(context, server, index, port, ways),
    };
    let mut args: Vec<String> = vec!["node".into(), pattern.name().into()];
    let listen = SocketAddr::from((options.listen, port)).to_string();
    args.extend(["--listen".into(), listen, "--name".into(), format!("node-{index}")]);
    if let Some(sub) = addresses.subs.get(index) {
        args.extend(["--sub".into(), format!("tcp://127.0.0.1:{sub}")]);
    }
    for peer in ways.peers_of(index) {
        args.extend(["--peer".into(), format!("tcp://{peer}")]);
    }
    // The secret and the URLs are not arguments: everybody can read those, and a URL may hold a password.
    let mut env: Vec<(OsString, OsString)> = vec![("PUBSUB_LAB_SECRET".into(), context.secret.into())];
    if let Some(broker) = ways.brokers.get(index) {
        args.extend(["--namespace".into(), context.namespace.into()]);
        env.push(("PUBSUB_LAB_BROKER".into(), broker.into()));
    }
    if let Some(history) = ways.histories.get(index) {
        // The warden deletes the queue of a killed node, and knows no more of the node than its process id.
        args.push("--queue-by-process".into());
        env.push(("PUBSUB_LAB_HISTORY".into(), format!("http://127.0.0.1:{history}").into()));
    }
    env.extend(logging::environment());
    args.extend(options.node_flags.iter().cloned());
    let trace = trace_args(context, node_trace(context.logs, index));
    Spec {
        name: format!("node {index}"),
        program: options.program.clone(),
        args: args.into_iter().map(OsString::from).chain(trace).collect(),
        env,
        clean: false,
        dir: None,
        log: context.logs.join(format!("node-{index}.log")),
        leaves: false,
    }
}

/// How to start somebody else's server. A SIGTERM goes to everything that the server's shell has started, too.
fn server_spec(context: &MemberContext<'_>, server: &Server, index: usize, port: u16, ways: &Ways) -> Spec {
    let broker = ways.brokers.get(index).map(String::as_str);
    let peers = ways.peers_of(index);
    let command = server.filled(Blanks { port, node: index, peers: &peers, broker });
    Spec {
        name: format!("node {index}"),
        program: SHELL.into(),
        args: vec!["-c".into(), command.into()],
        env: vec![("PORT".into(), port.to_string().into())],
        clean: false,
        dir: None,
        log: context.logs.join(format!("node-{index}.log")),
        leaves: false,
    }
}

fn history_spec(context: &MemberContext<'_>, port: u16, ways: &Ways) -> Spec {
    let db = context.base.directory().join("history.db").into_os_string();
    let args =
        ["history", "--listen", &format!("127.0.0.1:{port}"), "--namespace", context.namespace, "--db"];
    let trace = trace_args(context, history_trace(context.logs));
    let broker = ways.history_broker.as_ref().map(|broker| ("PUBSUB_LAB_BROKER".into(), broker.into()));
    Spec {
        name: "history".into(),
        program: context.options.program.clone(),
        args: args.into_iter().map(OsString::from).chain([db]).chain(trace).collect(),
        env: broker.into_iter().chain(logging::environment()).collect(),
        clean: false,
        dir: None,
        log: context.logs.join("history.log"),
        leaves: false,
    }
}

/// The arguments that make one of our processes write a trace. A process that is started again appends to it.
fn trace_args(context: &MemberContext<'_>, file: PathBuf) -> Vec<OsString> {
    if context.options.trace { vec!["--trace".into(), file.into()] } else { Vec::new() }
}

#[cfg(test)]
mod tests_of_the_machine {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_taken_port_is_named_with_its_node() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = client_ports(Ipv4Addr::LOCALHOST.into(), port, 1).unwrap_err();
        assert_eq!(error.message, format!("port {port} is in use, so node 0 cannot listen on it"));
        assert_eq!(error.hint.as_deref(), Some("choose another with `--port`, or `--port 0` for free ones"));
        assert_eq!(error.exit, 4);
    }

    #[test]
    fn nobody_gets_a_port_twice() {
        let clients = ports::free(3).unwrap();
        let mesh = Addresses::free(&Software::Pattern(Pattern::Zeromq), &clients).unwrap();
        assert_eq!(mesh.subs.len(), 3);
        assert!(mesh.subs.iter().all(|port| !clients.contains(port)));
        assert_eq!(mesh.history, None);
        let amqp = Addresses::free(&Software::Pattern(Pattern::Amqp), &clients).unwrap();
        assert!(amqp.subs.is_empty() && amqp.history.is_some_and(|port| !clients.contains(&port)));
        let redis = Addresses::free(&Software::Pattern(Pattern::Redis), &clients).unwrap();
        assert!(redis.subs.is_empty() && redis.history.is_none());
    }
}
