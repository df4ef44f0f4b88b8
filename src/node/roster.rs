//! How many members a room has on the other nodes. Every node publishes its own counts in the nodes' own room
//! `$roster`: when they change, and every few seconds, so that a node that died is forgotten.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use wire::{Envelope, Kind, Room};

/// The room in which nodes publish their counts. No client can enter it.
pub const ROSTER_ROOM: &str = "$roster";
/// How often a node repeats its counts.
const REPEAT: Duration = Duration::from_secs(5);
/// The least time between two envelopes with counts, so that a crowd that joins at once is told at once.
const GATHER: Duration = Duration::from_millis(100);
/// How long the counts of a silent node are believed; after that its members no longer count.
const FORGET: Duration = Duration::from_secs(12);
/// Largest number of rooms in one envelope. If a node has more, the members in the rest are not counted on other
/// nodes.
const ROOMS_TOLD: usize = 2_000;

#[derive(Debug, Serialize, Deserialize)]
struct NodeCounts {
    /// The id of the node that publishes the counts. It is new at each start, because names may repeat.
    node: String,
    /// Whether the other nodes are asked to answer with their counts.
    ask: bool,
    rooms: BTreeMap<String, usize>,
}

/// The member counts of the other nodes, as far as this node knows them.
#[derive(Debug)]
pub struct Roster {
    me: String,
    others: HashMap<String, (Instant, BTreeMap<String, usize>)>,
    /// When to publish the counts next; `None` in a pattern that does not cross nodes.
    due: Option<Instant>,
    told: Option<Instant>,
}

impl Roster {
    /// Makes a roster that knows of no other node. It never publishes in a pattern that does not cross nodes.
    pub fn new(crosses_nodes: bool) -> Self {
        let due = crosses_nodes.then(Instant::now);
        Self { me: format!("{:016x}", rand::random::<u64>()), others: HashMap::new(), due, told: None }
    }

    /// When to call [`Roster::tell`] next.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Records that this node's counts have changed, or that another node asks for them: they are published soon.
    pub fn changed(&mut self) {
        if self.due.is_some() {
            let soon = self.told.map_or_else(Instant::now, |told| told + GATHER);
            self.due = self.due.min(Some(soon));
        }
    }

    /// Records that the bus is up (again): the counts are published at once, and the other nodes are asked for
    /// theirs.
    pub fn rejoin(&mut self) {
        if self.due.is_some() {
            (self.told, self.due) = (None, Some(Instant::now()));
        }
    }

    /// Makes the envelope with this node's counts, and sets when they are due again.
    pub fn envelope<'a>(
        &mut self,
        now: Instant,
        rooms: impl Iterator<Item = (&'a Room, usize)>,
    ) -> Option<Envelope> {
        let room = Room::any(ROSTER_ROOM).ok()?;
        let ask = self.told.is_none();
        self.told = Some(now);
        self.due = Some(now + REPEAT);
        self.others.retain(|_, (heard, _)| now.saturating_duration_since(*heard) < FORGET);
        let rooms = rooms.take(ROOMS_TOLD).map(|(room, count)| (room.to_string(), count)).collect();
        let counts = NodeCounts { node: self.me.clone(), ask, rooms };
        Some(Envelope {
            kind: Kind::Control,
            room,
            id: format!("roster.{}", self.me).into(),
            sender: self.me.as_str().into(),
            others: true,
            frame: Bytes::from(serde_json::to_vec(&counts).unwrap_or_default()),
        })
    }

    /// Takes in the counts of another node.
    pub fn update(&mut self, now: Instant, frame: &[u8]) {
        let Ok(counts) = serde_json::from_slice::<NodeCounts>(frame) else { return };
        if counts.node == self.me {
            return;
        }
        if counts.ask {
            self.changed();
        }
        self.others.insert(counts.node, (now, counts.rooms));
    }

    /// Number of members that a room has on the other nodes.
    pub fn elsewhere(&self, now: Instant, room: &Room) -> usize {
        let fresh = self.others.values().filter(|(heard, _)| now.saturating_duration_since(*heard) < FORGET);
        fresh
            .filter_map(|(_, rooms)| rooms.get(room.as_str()))
            .fold(0, |sum, count| sum.saturating_add(*count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_counts_the_others_and_forgets_the_dead() {
        let (mut a, mut b) = (Roster::new(true), Roster::new(true));
        let (room, now) = (Room::parse("lobby").unwrap(), Instant::now());
        let told = a.envelope(now, [(&room, 3)].into_iter()).unwrap();
        b.update(now, &told.frame);
        a.update(now, &told.frame);
        assert_eq!((b.elsewhere(now, &room), a.elsewhere(now, &room)), (3, 0));
        assert!(b.due().unwrap() <= now + GATHER, "the first envelope asks for an answer");
        assert_eq!(b.elsewhere(now + FORGET, &room), 0);
    }
}
