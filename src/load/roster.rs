//! Who is connected, and to which node.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::health::printable;
use crate::ledger::Plan;

/// Who is connected, and to which node. A subscriber counts once its room is subscribed.
#[derive(Debug)]
pub(super) struct Roster {
    clients: usize,
    online: watch::Sender<usize>,
    publisher_nodes: Vec<AtomicUsize>,
    subscriber_nodes: Vec<AtomicUsize>,
    /// The latest failure to connect, to name it when a run cannot start.
    trouble: Mutex<String>,
}

impl Roster {
    /// Nobody is connected yet; everybody is at home.
    pub(super) fn new(plan: &Plan) -> Self {
        let at = |node| AtomicUsize::new(node);
        Self {
            clients: plan.publishers + plan.subscribers,
            online: watch::Sender::new(0),
            publisher_nodes: (0..plan.publishers).map(|p| at(plan.publisher_node(p))).collect(),
            subscriber_nodes: plan.all_subscribers().map(|s| at(plan.subscriber_node(s))).collect(),
            trouble: Mutex::new(String::new()),
        }
    }

    /// A publisher can publish, on this node.
    pub(super) fn publisher_online(&self, publisher: usize, node: usize) {
        self.publisher_nodes[publisher].store(node, Ordering::Relaxed);
        self.online.send_modify(|online| *online += 1);
    }

    /// A subscriber is subscribed, on this node.
    pub(super) fn subscriber_online(&self, subscriber: usize, node: usize) {
        self.subscriber_nodes[subscriber].store(node, Ordering::Relaxed);
        self.online.send_modify(|online| *online += 1);
    }

    /// A client that was online no longer is.
    pub(super) fn offline(&self) {
        self.online.send_modify(|online| *online -= 1);
    }

    /// The node that a publisher is, or was last, connected to.
    pub(super) fn publisher_node(&self, publisher: usize) -> usize {
        self.publisher_nodes[publisher].load(Ordering::Relaxed)
    }

    /// The node that a subscriber is, or was last, connected to.
    pub(super) fn subscriber_node(&self, subscriber: usize) -> usize {
        self.subscriber_nodes[subscriber].load(Ordering::Relaxed)
    }

    /// Every client that there is.
    pub(super) fn clients(&self) -> usize {
        self.clients
    }

    /// Clients online now.
    pub(super) fn online(&self) -> usize {
        *self.online.borrow()
    }

    /// Remembers a failure to connect.
    pub(super) fn trouble(&self, what: String) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = printable(&what);
    }

    /// The latest failure to connect, as the end of a sentence; nothing if there was none.
    pub(super) fn latest_trouble(&self) -> String {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.is_empty() { String::new() } else { format!("; the latest failure: {trouble}") }
    }

    /// Waits until every client is online; `false` if that takes longer than `limit`.
    pub(super) async fn all_online(&self, limit: Duration) -> bool {
        let mut online = self.online.subscribe();
        let all = online.wait_for(|online| *online == self.clients);
        tokio::time::timeout(limit, all).await.is_ok_and(|all| all.is_ok())
    }
}
