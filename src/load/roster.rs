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
    /// The latest failure to connect, to name it when a run cannot start.
    trouble: Mutex<String>,
}

#[derive(Debug, Clone, Copy)]
struct Heads {
    /// Clients that are to be there: all but those who are away on purpose.
    expected: usize,
    online: usize,
}

impl Roster {
    /// Nobody is connected yet; everybody is at home, but so many subscribers who are away on purpose.
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

    /// A publisher can publish, on this node.
    pub(super) fn publisher_online(&self, publisher: usize, node: usize) {
        self.publisher_nodes[publisher].store(node, Ordering::Relaxed);
        self.heads.send_modify(|heads| heads.online += 1);
    }

    /// A subscriber is subscribed, on this node.
    pub(super) fn subscriber_online(&self, subscriber: usize, node: usize) {
        self.subscriber_nodes[subscriber].store(node, Ordering::Relaxed);
        self.heads.send_modify(|heads| heads.online += 1);
    }

    /// A client that was online no longer is.
    pub(super) fn offline(&self) {
        self.heads.send_modify(|heads| heads.online -= 1);
    }

    /// A subscriber, online or not, is away on purpose from here.
    pub(super) fn away(&self, was_online: bool) {
        self.heads.send_modify(|heads| {
            heads.expected -= 1;
            heads.online -= usize::from(was_online);
        });
    }

    /// So many subscribers more are to be there.
    pub(super) fn expect(&self, more: usize) {
        self.heads.send_modify(|heads| heads.expected += more);
    }

    /// The node that a publisher is, or was last, connected to.
    pub(super) fn publisher_node(&self, publisher: usize) -> usize {
        self.publisher_nodes[publisher].load(Ordering::Relaxed)
    }

    /// The node that a subscriber is, or was last, connected to.
    pub(super) fn subscriber_node(&self, subscriber: usize) -> usize {
        self.subscriber_nodes[subscriber].load(Ordering::Relaxed)
    }

    /// Clients that are to be there.
    pub(super) fn expected(&self) -> usize {
        self.heads.borrow().expected
    }

    /// Clients online now.
    pub(super) fn online(&self) -> usize {
        self.heads.borrow().online
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

    /// Waits until every client that is to be there is online; `false` if that takes longer than `limit`.
    pub(super) async fn all_online(&self, limit: Duration) -> bool {
        let mut heads = self.heads.subscribe();
        let all = heads.wait_for(|heads| heads.online == heads.expected);
        tokio::time::timeout(limit, all).await.is_ok_and(|all| all.is_ok())
    }
}
