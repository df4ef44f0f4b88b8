//! Who is connected, and to which node.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::health::printable;
use ledger::Plan;

/// Who is connected, and to which node. A subscriber counts once its room is subscribed.
#[derive(Debug)]
pub(super) struct Roster {
    heads: watch::Sender<Heads>,
    publisher_nodes: Vec<AtomicUsize>,
    subscriber_nodes: Vec<AtomicUsize>,
    /// The latest failure to connect, to be named when a run cannot start.
    trouble: Mutex<String>,
}

#[derive(Debug, Clone, Copy)]
struct Heads {
    /// Number of clients that are to be there: all except those that are away on purpose.
    expected: usize,
    online: usize,
}

impl Roster {
    /// A roster of clients of which none is connected yet. Each is on its first node, and `away` subscribers are away
    /// on purpose.
    pub(super) fn new(plan: &Plan, away: usize) -> Self {
        let at = |node| AtomicUsize::new(node);
        let expected = plan.publishers + plan.subscribers.saturating_sub(away);
        Self {
            heads: watch::Sender::new(Heads { expected, online: 0 }),
            publisher_nodes: (0..plan.publishers).map(|p| at(plan.publisher_node(p))).collect(),
            subscriber_nodes: plan.all_subscribers().map(|s| at(plan.subscriber_node(s))).collect(),
            trouble: Mutex::new(String::new()),
        }
    }

    /// Records that a publisher can publish, on this node.
    pub(super) fn publisher_online(&self, publisher: usize, node: usize) {
        self.publisher_nodes[publisher].store(node, Ordering::Relaxed);
        self.heads.send_modify(|heads| heads.online += 1);
    }

    /// Records that a subscriber is subscribed, on this node.
    pub(super) fn subscriber_online(&self, subscriber: usize, node: usize) {
        self.subscriber_nodes[subscriber].store(node, Ordering::Relaxed);
        self.heads.send_modify(|heads| heads.online += 1);
    }

    /// Records that a client that was online no longer is.
    pub(super) fn offline(&self) {
        self.heads.send_modify(|heads| heads.online -= 1);
    }

    /// Records that a subscriber, online or not, is now away on purpose.
    pub(super) fn away(&self, was_online: bool) {
        self.heads.send_modify(|heads| {
            heads.expected -= 1;
            heads.online -= usize::from(was_online);
        });
    }

    /// Records that `more` further subscribers are to be there.
    pub(super) fn expect(&self, more: usize) {
        self.heads.send_modify(|heads| heads.expected += more);
    }

    /// The node to which a publisher is, or was last, connected.
    pub(super) fn publisher_node(&self, publisher: usize) -> usize {
        self.publisher_nodes[publisher].load(Ordering::Relaxed)
    }

    /// The node to which a subscriber is, or was last, connected.
    pub(super) fn subscriber_node(&self, subscriber: usize) -> usize {
        self.subscriber_nodes[subscriber].load(Ordering::Relaxed)
    }

    /// Number of clients that are to be there.
    pub(super) fn expected(&self) -> usize {
        self.heads.borrow().expected
    }

    /// Number of clients that are online now.
    pub(super) fn online(&self) -> usize {
        self.heads.borrow().online
    }

    /// Records a failure to connect.
    pub(super) fn trouble(&self, what: String) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = printable(&what);
    }

    /// The latest failure to connect, as the end of a sentence; empty if there was none.
    pub(super) fn latest_trouble(&self) -> String {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.is_empty() { String::new() } else { format!("; the latest failure: {trouble}") }
    }

    /// Waits until every client that is to be there is online. Gives `false` if that takes longer than `limit`.
    pub(super) async fn all_online(&self, limit: Duration) -> bool {
        let mut heads = self.heads.subscribe();
        let all = heads.wait_for(|heads| heads.online == heads.expected);
        tokio::time::timeout(limit, all).await.is_ok_and(|all| all.is_ok())
    }
}
