//! Who publishes what, when, where, and who is to hear it: pure arithmetic on the message's number.
//!
//! Message `n` (counted from 0) is publisher `n mod P`'s number `floor(n / P)`, goes to room
//! `floor(n / P) mod rooms`, and is due `n / rate` seconds after the measured load begins; surges draw the
//! messages closer together. Subscriber `i` starts on node `i mod nodes` and listens in room
//! `floor(i / nodes) mod rooms`; publisher `p` starts on node `p mod nodes`.

use std::ops::Range;
use std::time::Duration;

use super::tempo::{Surge, Tempo};
use scenario::{Fault, Load};

/// The most subscribers that observe who is said to be in their room. There is one on each node for each room, as far as
/// that goes.
const MOST_OBSERVERS: usize = 32;

/// The arithmetic of one run. None of its numbers is zero, except perhaps `messages` and `subscribers`.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Number of clients that publish.
    pub publishers: usize,
    /// Number of clients that listen.
    pub subscribers: usize,
    /// Number of nodes that the clients are spread over.
    pub nodes: usize,
    /// Number of rooms that the clients are spread over.
    pub rooms: usize,
    /// Messages a second, all publishers together.
    pub rate: f64,
    /// The stretches of time in which the rate is another; empty for a steady load.
    pub surges: Vec<Surge>,
    /// Number of messages of the measured load.
    pub messages: usize,
    /// Whether the pattern carries a message from one node to another.
    pub crosses_nodes: bool,
}

impl Plan {
    /// The plan of a load over this many nodes, with the surges among these faults.
    pub fn of(load: &Load, faults: &[Fault], nodes: usize, crosses_nodes: bool) -> Self {
        let surges = Surge::among(faults);
        let messages = Self::count(load.rate, &surges, load.duration);
        let Load { publishers, subscribers, rooms, rate, .. } = *load;
        Self { publishers, subscribers, nodes, rooms, rate, surges, messages, crosses_nodes }
    }

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

    /// When each message is due. Callers that ask often build it once and keep it.
    pub fn tempo(&self) -> Tempo {
        Tempo::new(self.rate, &self.surges)
    }

    /// Number of messages that a load of this rate has within a duration.
    pub fn count(rate: f64, surges: &[Surge], duration: Duration) -> usize {
        Tempo::new(rate, surges).count(duration)
    }

    /// When message `n` is due, since the measured load began. Builds a [`Tempo`] each time.
    pub fn due(&self, n: usize) -> Duration {
        self.tempo().due(n)
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

    /// Number of subscribers that observe who is said to be in their room, if any do. They are the first ones, so that they
    /// start on different nodes or are in different rooms: one for each node and room, at most 32.
    pub fn observers(&self) -> usize {
        self.nodes.saturating_mul(self.rooms).min(self.subscribers).min(MOST_OBSERVERS)
    }

    /// The numbers of all subscribers.
    pub fn all_subscribers(&self) -> Range<usize> {
        0..self.subscribers
    }

    /// Whether a message can go from a client of one node to a client of another (or the same) node.
    pub fn has_path(&self, from_node: usize, to_node: usize) -> bool {
        self.crosses_nodes || from_node == to_node
    }

    /// Number of messages that are due when the measured load has lasted this long.
    pub fn due_by(&self, elapsed: Duration) -> usize {
        self.tempo().due_by(elapsed, self.messages)
    }

    /// Number of messages that go to a room.
    pub fn room_messages(&self, room: usize) -> usize {
        let (rows, rest) = (self.messages / self.publishers, self.messages % self.publishers);
        let full = rows / self.rooms + usize::from(room < rows % self.rooms);
        full * self.publishers + if rows % self.rooms == room { rest } else { 0 }
    }

    /// The place of message `n` among the messages of its room, without gaps.
    pub fn place(&self, n: usize) -> usize {
        self.seq(n) / self.rooms * self.publishers + self.publisher(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(publishers: usize, rooms: usize, messages: usize) -> Plan {
        let (subscribers, nodes, rate, surges, crosses_nodes) = (4, 2, 10.0, vec![], true);
        Plan { publishers, subscribers, nodes, rooms, rate, surges, messages, crosses_nodes }
    }

    #[test]
    fn the_messages_of_a_room_have_places_without_gaps() {
        for (publishers, rooms, messages) in [(1, 1, 5), (3, 2, 20), (2, 3, 17), (5, 4, 3), (2, 2, 0)] {
            let plan = plan(publishers, rooms, messages);
            for room in 0..rooms {
                let places: Vec<_> =
                    (0..messages).filter(|n| plan.room(*n) == room).map(|n| plan.place(n)).collect();
                let dense: Vec<_> = (0..plan.room_messages(room)).collect();
                assert_eq!(places, dense, "{plan:?} room {room}");
            }
        }
    }

    #[test]
    fn there_is_an_observer_for_each_node_and_room_as_far_as_that_goes() {
        let plan = |nodes, rooms, subscribers| Plan { nodes, rooms, subscribers, ..plan(1, 1, 1) };
        let eyes = plan(3, 8, 2_000);
        let mut seen: Vec<_> =
            (0..eyes.observers()).map(|s| (eyes.subscriber_node(s), eyes.subscriber_room(s))).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!((eyes.observers(), seen.len()), (24, 24));
        let counts = [plan(3, 1, 30), plan(3, 1, 2), plan(3, 50, 5_000)].map(|plan| plan.observers());
        assert_eq!(counts, [3, 2, 32]);
    }

    #[test]
    fn a_message_is_due_at_its_moment_and_not_before() {
        let plan = plan(1, 1, 5);
        let due = |ms| plan.due_by(Duration::from_millis(ms));
        assert_eq!([due(0), due(99), due(100), due(400), due(9_000)], [1, 1, 2, 5, 5]);
    }
}
