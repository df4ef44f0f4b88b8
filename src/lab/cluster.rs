//! A cluster on this machine: a broker and a history if the pattern has them, and nodes as processes of this binary.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::future::{join_all, try_join_all};
use tokio_util::sync::CancellationToken;

use super::base::{Base, Events};
use super::broker::Broker;
use super::cost::{Part, Root};
use super::error::LabError;
use super::links::Links;
use super::members::{MemberContext, Members, client_ports};
use super::options::{ClusterOptions, no_history, no_such_node};
use super::ports;
use super::process::Supervision;
use super::progress::Progress;
use super::service::Service;
use super::software::Software;
use address::SafeUrl;
use scenario::{Action, Fault, Pattern, Target};

/// How long a node may take to end when asked to. Together with the steps that follow, stopping a cluster takes under
/// three seconds.
const STOP: Duration = Duration::from_millis(1500);
/// How long the history may take to end when asked to.
const STOP_HISTORY: Duration = Duration::from_millis(500);

/// A running cluster. If it is dropped without [`stop`](Self::stop), everything is killed at once.
#[derive(Debug)]
pub struct Cluster {
    software: Software,
    /// The address on which the nodes listen.
    listen: IpAddr,
    links: Links,
    members: Members,
    broker: Option<Broker>,
    namespace: String,
    events: Option<Events>,
    base: Base,
}

impl Cluster {
    /// Starts a whole cluster and waits until every part of it serves. An error or a cancellation leaves nothing
    /// behind.
    pub async fn start(
        options: &ClusterOptions,
        cancel: &CancellationToken,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Self, LabError> {
        options.check()?;
        let clients = client_ports(options.listen, options.port, options.nodes)?;
        let (base, events) = Base::new(&options.program)?;
        let namespace = format!("pubsub-lab-{:08x}", rand::random::<u32>());
        let links = match options.every_link {
            true => Links::every(options.nodes, options.seed),
            false => Links::of(&options.faults, options.nodes, options.seed),
        };
        let mut broker = None;
        let build = async {
            let logs = options.logs.as_deref().unwrap_or(base.directory());
            broker = start_broker(options, logs, &base, progress).await?;
            if let Some(broker) = broker.as_ref().filter(|broker| broker.is_external()) {
                base.supervision()
                    .warden
                    .guest(broker.product(), &namespace, broker.url())
                    .map_err(|error| LabError::environment(format!("the warden cannot be told: {error}")))?;
            }
            let secret: String =
                rand::random::<[u8; 32]>().iter().map(|byte| format!("{byte:02x}")).collect();
            let context = MemberContext {
                options,
                broker: broker.as_ref(),
                namespace: &namespace,
                secret: &secret,
                logs,
                base: &base,
                links: &links,
                progress,
            };
            Members::start(&context, clients).await
        };
        let built = tokio::select! {
            built = build => built,
            () = cancel.cancelled() => Err(LabError::interrupted()),
        };
        match built {
            Ok(members) => {
                let software = options.software.clone();
                let (listen, events) = (options.listen, Some(events));
                Ok(Self { software, listen, links, members, broker, namespace, events, base })
            }
            Err(error) => {
                // First everybody who uses the broker ends; then the warden removes what they left at the broker.
                base.close().await;
                Err(error)
            }
        }
    }

    /// The URL at which a WebSocket client finds each node, in the order of the nodes; behind a proxied link, the URL
    /// of its proxy.
    pub fn urls(&self) -> Vec<String> {
        self.members.doors.iter().map(|port| format!("ws://127.0.0.1:{port}")).collect()
    }

    /// The URL of each node as a browser on this machine takes it, in the order of the nodes.
    pub fn node_urls(&self) -> Vec<String> {
        self.node_urls_at(ports::reached(SocketAddr::from((self.listen, 0))).ip()).collect()
    }

    /// The URL of each node as a browser takes it that finds this machine under an address, in the order of the nodes.
    pub fn node_urls_at(&self, address: IpAddr) -> impl Iterator<Item = String> {
        self.members
            .nodes
            .iter()
            .map(move |node| format!("http://{}", SocketAddr::from((address, node.port()))))
    }

    /// The process id of each node at this moment, in the order of the nodes.
    pub fn node_ids(&self) -> Vec<u32> {
        self.members.nodes.iter().map(Service::process_id).collect()
    }

    /// The process id of every process at this moment, with its name for people: nodes, history, broker.
    pub fn process_ids(&self) -> Vec<(String, u32)> {
        let of = |service: &Service| (service.name().to_owned(), service.process_id());
        let nodes = self.members.nodes.iter().map(of);
        let broker = self.broker.as_ref();
        let broker =
            broker.and_then(|broker| Some((broker.product().name().to_owned(), broker.process_id()?)));
        nodes.chain(self.history().map(of)).chain(broker).collect()
    }

    /// The processes of this cluster whose cost is measured, each with the part that it belongs to.
    pub(crate) fn cost_roots(&self) -> Vec<Root> {
        let nodes = self.members.nodes.iter().map(|node| (Part::Nodes, node.id()));
        let broker =
            self.broker.iter().flat_map(Broker::services).map(|service| (Part::Broker, service.id()));
        let history = self.history().map(|history| (Part::History, history.id()));
        nodes.chain(broker).chain(history).collect()
    }

    /// The software that the nodes run.
    pub fn software(&self) -> &Software {
        &self.software
    }

    /// The pattern of the nodes; `None` if they are somebody else's servers.
    pub fn pattern(&self) -> Option<Pattern> {
        self.software.pattern()
    }

    /// Number of nodes.
    pub fn size(&self) -> usize {
        self.members.nodes.len()
    }

    /// One node, counted from 0.
    pub(crate) fn node(&self, n: usize) -> Option<&Service> {
        self.members.nodes.get(n)
    }

    /// The history service, if the pattern has one.
    pub fn history(&self) -> Option<&Service> {
        self.members.history.as_ref()
    }

    /// The broker, if the pattern has one.
    pub fn broker(&self) -> Option<&Broker> {
        self.broker.as_ref()
    }

    /// The links of this cluster that are proxied.
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// The supervision under which other processes of the lab are started.
    pub fn supervision(&self) -> &Supervision {
        self.base.supervision()
    }

    /// Waits until the nodes that a fault on a link has concerned serve again, except nodes that are killed meanwhile.
    pub async fn serve_again(&self, target: &Target) {
        let nodes = self.links.concerned(target);
        let concerned = nodes.iter().filter_map(|n| self.members.nodes.get(*n));
        // A node that does not come back is the matter of another fault, and its clients will tell.
        join_all(concerned.filter(|node| node.is_running()).map(fault::Victim::ready)).await;
    }

    /// Resolves when no node runs any more.
    pub async fn nobody_serves(&self) {
        join_all(self.members.nodes.iter().map(Service::ended)).await;
    }

    /// The prefix of this cluster's native names at the broker.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The lab's private directory.
    pub fn directory(&self) -> &Path {
        self.base.directory()
    }

    /// The version of each program that runs in this cluster, by its name.
    pub fn versions(&self) -> BTreeMap<String, String> {
        let own = ("pubsub-lab".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        let broker = self.broker.as_ref();
        let broker = broker.map(|broker| (broker.product().word().to_owned(), broker.version().to_owned()));
        std::iter::once(own).chain(broker).collect()
    }

    /// The events that nobody asked for, such as deaths. There is one reader: the first call takes it.
    pub fn take_events(&mut self) -> Option<Events> {
        self.events.take()
    }

    /// Strikes a fault. Gives the instant at which its condition held.
    pub async fn apply(&self, fault: &Fault) -> Result<Instant, LabError> {
        self.each(fault, Wound::Strike(&fault.action)).await
    }

    /// Heals a fault. Gives the instant at which all of its target served again.
    pub async fn heal(&self, fault: &Fault) -> Result<Instant, LabError> {
        self.each(fault, Wound::Heal(&fault.action)).await
    }

    async fn each(&self, fault: &Fault, wound: Wound<'_>) -> Result<Instant, LabError> {
        match &fault.target {
            Target::Broker => match &self.broker {
                Some(broker) => wound.on(broker).await?,
                None => return Err(LabError::usage(format!("the pattern {} has no broker", self.software))),
            },
            Target::Node(n) => match self.members.nodes.get(*n) {
                Some(node) => wound.on(node).await?,
                None => return Err(no_such_node(*n, self.members.nodes.len())),
            },
            Target::History => match self.history() {
                Some(history) => wound.on(history).await?,
                None => return Err(no_history(&self.software)),
            },
            Target::AllNodes => {
                try_join_all(self.members.nodes.iter().map(|node| wound.on(node))).await?;
            }
            // Faults of the load and of the links are struck elsewhere.
            _ => {}
        }
        Ok(Instant::now())
    }

    /// Ends everything, nodes first, within three seconds. Gives a sentence for people on what is left at a broker that
    /// is not the lab's; mostly nothing.
    pub async fn stop(self) -> Option<String> {
        join_all(self.members.nodes.iter().map(|node| node.stop(STOP))).await;
        if let Some(history) = self.history() {
            history.stop(STOP_HISTORY).await;
        }
        let left = match &self.broker {
            Some(broker) => {
                let nodes = self.base.supervision().warden.started();
                broker.stop(&self.namespace, &nodes).await.err()
            }
            None => None,
        };
        if left.is_none() {
            // An error means that the warden is gone, and so nobody has to be told.
            self.base.supervision().warden.guest_gone().ok();
        }
        self.base.close().await;
        left
    }
}

/// What a fault does to a process that it targets.
#[derive(Debug, Clone, Copy)]
enum Wound<'a> {
    Strike(&'a Action),
    Heal(&'a Action),
}

impl Wound<'_> {
    async fn on<V: fault::Victim>(self, victim: &V) -> Result<(), V::Error> {
        match self {
            Wound::Strike(action) => fault::strike(action, victim).await,
            Wound::Heal(action) => fault::heal(action, victim).await,
        }
    }
}

async fn start_broker(
    options: &ClusterOptions,
    logs: &Path,
    base: &Base,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Option<Broker>, LabError> {
    let Some(product) = options.software.product() else { return Ok(None) };
    let broker = match &options.broker {
        Some(url) => {
            progress(Progress::Waiting(format!("the broker at {}", SafeUrl::new(url))));
            Broker::external(product, url, &options.node_flags).await?
        }
        None => {
            progress(Progress::Waiting(product.name().into()));
            Broker::start(product, base.directory(), logs, base.supervision()).await?
        }
    };
    progress(Progress::Broker(broker.describe()));
    Ok(Some(broker))
}
