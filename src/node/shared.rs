//! What every session of a node shares.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::api::Publisher;
use super::hooks::Hooks;
use super::limits::Limits;
use super::recent::Recent;
use super::room::Command;
use super::sessions::Sessions;
use bus::Bus;
use door::Callers;
use trace::Trace;

/// What every session of a node shares.
pub struct Shared {
    /// How the node is called in `welcome`.
    pub node: String,
    /// The name of the pattern, as `welcome` gives it.
    pub pattern: &'static str,
    /// The bus over which this node reaches the others.
    pub bus: Arc<dyn Bus>,
    /// The queue of commands to the rooms.
    pub rooms: mpsc::Sender<Command>,
    /// The node's bounds.
    pub limits: Limits,
    /// How sessions continue.
    pub sessions: Sessions,
    /// What the operator decides about clients and messages.
    pub hooks: Hooks,
    /// Who may say something over HTTP; `None` if nobody may.
    pub publisher: Option<Publisher>,
    /// Whose requests the node answers.
    pub callers: Arc<Callers>,
    /// The permits of the clients, one for each.
    pub seats: Arc<Semaphore>,
    /// The message ids that each session used recently.
    pub recent: Recent,
    /// The token that is cancelled when the node is to end.
    pub shutdown: CancellationToken,
    /// Trace handle for the steps of messages.
    pub trace: Trace,
    /// Tracks every task of the node, so that the end can wait for them.
    pub tasks: TaskTracker,
    /// A number that is new at each start, so that ids that the node gives never repeat those of an earlier process.
    start_nonce: u32,
    next_id: AtomicU64,
    next_link: AtomicU64,
}

impl Shared {
    /// Makes the part of a node that its sessions share.
    #[expect(clippy::too_many_arguments, reason = "called once, by Node::serve")]
    pub fn new(
        node: String,
        pattern: &'static str,
        bus: Arc<dyn Bus>,
        rooms: mpsc::Sender<Command>,
        limits: Limits,
        sessions: Sessions,
        hooks: Hooks,
        publisher: Option<Publisher>,
        callers: Arc<Callers>,
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
            sessions,
            hooks,
            publisher,
            callers,
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

    /// A fresh second part of a message id, for a message to which its client gave no id.
    pub fn fresh_id(&self) -> String {
        format!("{:08x}-{}", self.start_nonce, self.next_id.fetch_add(1, Ordering::Relaxed))
    }

    /// A fresh number for a connection.
    pub fn fresh_number(&self) -> u64 {
        self.next_link.fetch_add(1, Ordering::Relaxed)
    }
}
