//! The bus over ZeroMQ: a full mesh of peers, and no broker.
//!
//! | file | what it is |
//! |---|---|
//! | `address` | where a socket listens |
//! | `message`, `topics` | a message's three frames, and which topics a peer wants |
//! | `publisher`, `backlog` | an XPUB socket: the connection to one peer, and what waits for it |
//! | `subscriber`, `guests` | the SUB socket; who is connected to it, and what strangers may take |
//! | `interest` | the rooms that this node wants, and who was told |
//! | `mesh` | who is there, in both directions |
//! | `zmtp` | the protocol on the wire |
//! | `tally` | what is counted |
//!
//! **The sockets are the other way round than in the textbook**, which binds PUB and connects SUB. Each node binds
//! one SUB, and connects one XPUB to each peer. So each peer has a queue and a writer of its own, and a peer that
//! does not read holds up nobody and costs a bounded queue (`--hwm`).
//!
//! **On the wire** a message has three frames, and any ZeroMQ program can send and read them:
//!
//! | frame | content | example |
//! |---|---|---|
//! | topic | the room and a newline, so that `math` is no beginning of `maths` | `lobby\n` |
//! | message id | the envelope's, to be read without the envelope | `7f3a.0c12` |
//! | frame | the envelope (see [`wire::Envelope`]): a header line, then what a v1 client gets | `2 chat 7f3a.0c12 7f3a - 05fa31c09be2d714 17 1764473357123 lobby\n{...}`; of other programs also version 1 without the count |
//!
//! A program publishes to a node with a PUB socket that *connects* to the node's `--sub`, and listens with a SUB
//! socket that *binds* and is named as a `--peer`.
//!
//! **Why the protocol is here and not a library's.** The crate `zeromq` 0.7 was to carry it, and cannot be made to
//! keep what this bus promises: whoever reaches its SUB socket ends the process with 101 bytes (a frame's length
//! is believed, room is made for it, and the allocator aborts); its handshake has no time-out; a subscription made
//! while a peer connects is lost to that peer for good; one peer that does not read blocks `subscribe`, and with it
//! `recv`, for all; `recv` does not say whom a message is from; a send that fails is `Ok`. All of that is below its
//! surface, out of a supervisor's reach. What PUB and SUB need of ZMTP is little, and with it come the bounds, a
//! time-out for each step, and PING, which confirms subscriptions. The tests speak with that crate and with libzmq.
//!
//! **Strangers.** There is no password: the port is for a network in which everybody may hear and say everything.
//! Whoever reaches it can read which rooms are wanted and publish to them. It cannot make a node slow or large: a
//! subscribe waits for peers alone, and what strangers may take is bounded (see `guests`).
//!
//! **Health**: the bus is up as soon as this node hears every peer that it reaches and knows what it wants, at the
//! latest after a second. It stays up, since peers come and go.

mod address;
mod backlog;
mod guests;
mod interest;
mod mesh;
mod message;
mod publisher;
mod subscriber;
mod tally;
mod topics;
mod zmtp;

use std::cell::OnceCell;
use std::future::{Future, ready};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::backoff::Backoff;
use super::inbox::Inbox;
use super::running::Running;
use super::status::CLOSED;
use super::{BoxFuture, Bus, BusError, BusEvent, Counters, Health, Level, Numbers, PublishOutcome, Receipt};
use address::Address;
use backlog::Backlog;
use guests::Guests;
use interest::Interest;
use mesh::Mesh;
use publisher::Publisher;
use subscriber::Subscriber;
use tally::Tally;
use wire::{Envelope, Room};
use zmtp::NodeId;

/// How long a subscribe waits for the peers, and a start for the mesh.
const CONFIRM_WITHIN: Duration = Duration::from_secs(1);
/// The pause before the second attempt to connect to a peer, before jitter. It doubles with each failure, and is short
/// so that a peer that comes back is found at once.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause between two attempts to connect to a peer.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// How a ZeroMQ bus is set up.
#[derive(Debug, Clone)]
pub struct ZeromqOptions {
    /// The address at which this node's SUB socket listens: `tcp://127.0.0.1:9000`, or without `tcp://`. The host `*`
    /// means every interface, port 0 any free port.
    pub sub: String,
    /// The addresses of the other nodes' SUB sockets, in the same form. The node's own address is ignored, and so is
    /// a second mention: the list may be the same for all nodes.
    pub peers: Vec<String>,
    /// High-water mark: number of frames (here: whole messages) that may wait for one peer; further ones are dropped
    /// and counted. Nor may more than 64 MiB wait.
    pub hwm: usize,
    /// Number of events that may wait for the node; further ones are dropped and counted.
    pub queue: usize,
    /// The longest message that is read, in bytes; a longer one is passed over, and counted as garbled. All nodes of a
    /// mesh have to have the same.
    pub longest: usize,
}

impl ZeromqOptions {
    /// Whether a bus can be started with these options, as far as they themselves tell.
    ///
    /// # Errors
    /// When an address is malformed, or the high-water mark is 0.
    pub fn check(&self) -> Result<(), BusError> {
        self.addresses().map(drop)
    }

    /// Our own address, and those of the other nodes.
    fn addresses(&self) -> Result<(Address, Vec<Address>), BusError> {
        if self.hwm == 0 {
            return Err(BusError::Setup("a high-water mark of 0 lets nothing through".into()));
        }
        let own = Address::own(&self.sub)?;
        let mut peers = Vec::new();
        for text in &self.peers {
            let peer = Address::peer(text)?;
            if peer == own {
                tracing::info!("the peer {peer} is this node itself: ignored");
            } else if peers.contains(&peer) {
                tracing::warn!("the peer {peer} is given twice: ignored the second time");
            } else {
                peers.push(peer);
            }
        }
        Ok((own, peers))
    }
}

/// The bus over ZeroMQ. Dropping it ends its tasks.
pub struct ZeromqBus {
    address: SocketAddr,
    peers: Vec<Arc<Backlog>>,
    interest: Arc<Interest>,
    inbox: Arc<Inbox>,
    mesh: Arc<Mesh>,
    counters: Arc<Counters>,
    numbers: Arc<Numbers>,
    health: Arc<watch::Sender<Health>>,
    running: Running,
}

impl ZeromqBus {
    /// Binds the SUB socket and starts to connect to the peers. The counters are registered at once, before the
    /// future is polled.
    ///
    /// # Errors
    /// When an address is malformed or cannot be bound, or the high-water mark is 0.
    pub fn start(options: ZeromqOptions) -> impl Future<Output = Result<Self, BusError>> + Send {
        let counters = Arc::new(Counters::register());
        let tally = Tally::register();
        async move {
            let (own, peers) = options.addresses()?;
            let listener = own.bind().await?;
            let address = listener
                .local_addr()
                .map_err(|error| BusError::Setup(format!("cannot listen on {own}: {error}")))?;
            let interest = Arc::new(Interest::default());
            let (inbox, events) = Inbox::new(options.queue, Arc::clone(&counters));
            let inbox = Arc::new(inbox);
            let mesh = Arc::new(Mesh::new(peers.len()));
            let running = Running::new("ZeroMQ", events);
            let (tasks, stop) = (running.tasks(), running.stop());

            tasks.spawn(Arc::clone(&inbox).report_losses(stop.clone()));
            let subscriber = Subscriber {
                interest: Arc::clone(&interest),
                inbox: Arc::clone(&inbox),
                mesh: Arc::clone(&mesh),
                guests: Arc::new(Guests::new(&mesh, options.longest)),
                longest: options.longest,
                tasks: tasks.clone(),
                stop: stop.clone(),
            };
            tasks.spawn(Arc::new(subscriber).run(listener));
            let mut backlogs = Vec::new();
            for (place, address) in peers.into_iter().enumerate() {
                let backlog = Arc::new(Backlog::new(address.to_string(), options.hwm, tally.clone()));
                let publisher = Publisher::new(address, &backlog, &mesh, place, stop);
                running.keep(publisher, Backoff::new(FIRST_PAUSE, LONGEST_PAUSE), &counters);
                backlogs.push(backlog);
            }
            let health = Arc::new(watch::Sender::new(Health::Down("connecting to the peers".into())));
            tasks.spawn(settle(Arc::clone(&mesh), Arc::clone(&health), stop.clone()));
            tracing::info!("the ZeroMQ bus listens on tcp://{address}");
            let numbers = Arc::default();
            Ok(Self { address, peers: backlogs, interest, inbox, mesh, counters, numbers, health, running })
        }
    }

    /// The address at which the SUB socket listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Reports the bus as up once the mesh is whole, or once it has had its time.
async fn settle(mesh: Arc<Mesh>, health: Arc<watch::Sender<Health>>, stop: CancellationToken) {
    let up = async {
        if timeout(CONFIRM_WITHIN, mesh.whole()).await.is_err() {
            mesh.excuse();
        }
        health.send_replace(Health::Up);
    };
    tokio::select! {
        () = up => stop.cancelled().await,
        () = stop.cancelled() => {}
    }
    health.send_replace(Health::Down(CLOSED.into()));
}

impl Bus for ZeromqBus {
    /// A publish is never refused while the bus is open: if a peer's queue is full, that peer loses the message,
    /// which is counted.
    fn publish(&self, mut envelope: Envelope) -> Receipt {
        if self.running.stop().is_cancelled() {
            let outcome = PublishOutcome::bus_down(CLOSED);
            self.counters.count(&outcome);
            return Receipt::ready(outcome);
        }
        // What a queue drops from here on is missed by that peer. Two publishes at once may reach it in either order.
        self.numbers.count(&mut envelope);
        let topic = message::topic(&envelope.room);
        let encoded = OnceCell::new();
        for peer in &self.peers {
            let message = || encoded.get_or_init(|| message::encode(&topic, &envelope)).clone();
            peer.offer(topic.as_bytes(), message);
        }
        if self.interest.wants(&envelope.room) {
            self.inbox.deliver(envelope);
        }
        let outcome = PublishOutcome::Ack(Level::Handed);
        self.counters.count(&outcome);
        Receipt::ready(outcome)
    }

    /// The future resolves when every peer that is connected, or is about to be, knows of the room; after a second in
    /// any case. A stranger is told as well, and not waited for.
    fn subscribe(&self, room: Room) -> BoxFuture<Result<(), BusError>> {
        let changed = self.interest.change(&room, true);
        let (interest, mesh) = (Arc::clone(&self.interest), Arc::clone(&self.mesh));
        Box::pin(async move {
            changed?;
            let deadline = Instant::now() + CONFIRM_WITHIN;
            if timeout_at(deadline, mesh.whole()).await.is_err() {
                mesh.excuse();
            }
            let is_peer = |node: &NodeId| mesh.knows(node);
            let mut missing = interest.unconfirmed(is_peer);
            let all = join_all(missing.iter_mut().map(interest::Unconfirmed::resolved));
            if timeout_at(deadline, all).await.is_err() {
                interest.give_up_on(&missing, is_peer);
            }
            if interest.is_closed() { Err(BusError::Closed) } else { Ok(()) }
        })
    }

    /// The future resolves at once: messages of the room that still come are not handed on.
    fn unsubscribe(&self, room: Room) -> BoxFuture<Result<(), BusError>> {
        Box::pin(ready(self.interest.change(&room, false)))
    }

    fn events(&self) -> Option<mpsc::Receiver<BusEvent>> {
        self.running.take_events()
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    fn crosses_nodes(&self) -> bool {
        true
    }

    fn numbers(&self) -> Option<Arc<Numbers>> {
        Some(Arc::clone(&self.numbers))
    }

    /// Gives the peers a moment to take the messages that wait for them; the rest is counted as unsent.
    fn close(&self) -> BoxFuture<()> {
        self.interest.close();
        self.running.end()
    }
}
