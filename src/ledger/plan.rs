//! Who publishes what, when, where, and who is to hear it: pure arithmetic on the message's number.
//!
//! Message `n` (counted from 0) is publisher `n mod P`'s number `floor(n / P)`, goes to room
//! `floor(n / P) mod rooms`, and is due `n / rate` seconds after the measured load begins. Subscriber `i` starts
//! on node `i mod nodes` and listens in room `floor(i / nodes) mod rooms`; publisher `p` starts on node
//! `p mod nodes`.

use std::ops::Range;
use std::time::Duration;

/// The arithmetic of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Clients that publish.
    pub publishers: usize,
    /// Clients that listen.
    pub subscribers: usize,
    /// Nodes that they are spread over.
    pub nodes: usize,
    /// Rooms that they are spread over.
    pub rooms: usize,
    /// Messages a second, all publishers together.
    pub rate: f64,
    /// Messages of the measured load.
    pub messages: usize,
    /// Whether the pattern carries a message from one node to another.
    pub crosses_nodes: bool,
}

impl Plan {
    /// The publisher of message `n`.
    pub fn publisher(&self, n: usize) -> usize {
        n % self.publishers
    }

    /// The number of message `n` among its publisher's own.
    pub fn seq(&self, n: usize) -> usize {
        n / self.publishers
    }

    /// The message that a publisher calls its number `seq`; `None` beyond the measured load.
    pub fn message(&self, publisher: usize, seq: usize) -> Option<usize> {
        let n = seq.checked_mul(self.publishers)?.checked_add(publisher)?;
        (publisher < self.publishers && n < self.messages).then_some(n)
    }

    /// The room of message `n`.
    pub fn room(&self, n: usize) -> usize {
        self.seq(n) % self.rooms
    }

    /// When message `n` is due, since the measured load began.
    pub fn due(&self, n: usize) -> Duration {
        Duration::from_nanos((n as f64 * 1e9 / self.rate).round() as u64)
    }

    /// The room that a subscriber listens in.
    pub fn subscriber_room(&self, subscriber: usize) -> usize {
        (subscriber / self.nodes) % self.rooms
    }

    /// The node that a subscriber starts on.
    pub fn subscriber_node(&self, subscriber: usize) -> usize {
        subscriber % self.nodes
    }

    /// The node that a publisher starts on.
    pub fn publisher_node(&self, publisher: usize) -> usize {
        publisher % self.nodes
    }

    /// Every subscriber.
    pub fn all_subscribers(&self) -> Range<usize> {
        0..self.subscribers
    }

    /// Whether a message can go from a client of one node to a client of another (or the same).
    pub fn has_path(&self, from_node: usize, to_node: usize) -> bool {
        self.crosses_nodes || from_node == to_node
    }
}
