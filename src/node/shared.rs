//! What every session of a node shares.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::identity::Secret;
use super::limits::Limits;
use super::recent::Recent;
use super::room::Command;
use bus::Bus;
use trace::Trace;

/// What every session of a node shares.
pub struct Shared {
    /// How the node is called in `welcome`.
    pub node: String,
    /// The pattern's word.
    pub pattern: &'static str,
    /// How this node reaches the others.
    pub bus: Arc<dyn Bus>,
    /// The way to the rooms.
    pub rooms: mpsc::Sender<Command>,
    /// The node's bounds.
    pub limits: Limits,
    /// Signs and checks session tokens.
    pub secret: Secret,
    /// Origins of browsers that may connect beside the node's own; `*` is any.
    pub allowed_origins: Vec<String>,
    /// Whether the node listens on loopback alone.
    pub on_loopback: bool,
    /// One permit a client.
    pub seats: Arc<Semaphore>,
    /// The ids that each session gave its messages lately.
    pub recent: Recent,
    /// Cancelled when the node is to end.
    pub shutdown: CancellationToken,
    /// Where each message was, and when.
    pub trace: Trace,
    /// Every task of the node.
    pub tasks: TaskTracker,
    /// Fresh each start, so that ids that the node gives never repeat an earlier process's.
    start_nonce: u32,
    next_id: AtomicU64,
    next_link: AtomicU64,
}

impl Shared {
    /// The shared part of a node.
    #[expect(clippy::too_many_arguments, reason = "called once, by Node::serve")]
    pub fn new(
        node: String,
        pattern: &'static str,
        bus: Arc<dyn Bus>,
        rooms: mpsc::Sender<Command>,
        limits: Limits,
        secret: Secret,
        allowed_origins: Vec<String>,
        on_loopback: bool,
        shutdown: CancellationToken,
        trace: Trace,
    ) -> Self {
        let seats = Arc::new(Semaphore::new(limits.max_clients.min(Semaphore::MAX_PERMITS)));
        Self {
            node,
            pattern,
            bus,
            rooms,
            limits,
            secret,
            allowed_origins,
            on_loopback,
            seats,
            recent: Recent::default(),
            shutdown,
            trace,
            tasks: TaskTracker::new(),
            start_nonce: rand::random(),
            next_id: AtomicU64::new(1),
            next_link: AtomicU64::new(1),
        }
    }

    /// A message id's second part, for a message to which its client gave none.
    pub fn fresh_id(&self) -> String {
        format!("{:08x}-{}", self.start_nonce, self.next_id.fetch_add(1, Ordering::Relaxed))
    }

    /// A link's number.
    pub fn fresh_link(&self) -> u64 {
        self.next_link.fetch_add(1, Ordering::Relaxed)
    }
}
