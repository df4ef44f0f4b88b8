//! How many members a room has on the other nodes. Every node tells its own counts in the nodes' own room
//! `$roster`: when they change, and every few seconds, so that a node that died is forgotten.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use wire::{Envelope, Kind, Room};

/// The nodes' own room.
pub const ROSTER_ROOM: &str = "$roster";
/// How often a node repeats its counts.
const REPEAT: Duration = Duration::from_secs(5);
/// The least time between two tellings, so that a crowd that joins is told once.
const GATHER: Duration = Duration::from_millis(100);
/// After so long without a word a node's members no longer count.
const FORGET: Duration = Duration::from_secs(12);
/// Rooms that one telling names at the most; of a node with more, the members in the rest are not counted
/// elsewhere.
const ROOMS_TOLD: usize = 2_000;

#[derive(Debug, Serialize, Deserialize)]
struct Telling {
    /// The node that tells: a fresh id each start, because names may repeat.
    node: String,
    /// The others are to answer with theirs.
    ask: bool,
    rooms: BTreeMap<String, usize>,
}

/// What this node knows of the others' members.
#[derive(Debug)]
pub struct Roster {
    me: String,
    others: HashMap<String, (Instant, BTreeMap<String, usize>)>,
    /// When to tell next; `None` in a pattern that does not cross nodes.
    due: Option<Instant>,
    told: Option<Instant>,
}

impl Roster {
    /// A roster that knows of nobody. Patterns that do not cross nodes never tell.
    pub fn new(crosses_nodes: bool) -> Self {
        let due = crosses_nodes.then(Instant::now);
        Self { me: format!("{:016x}", rand::random::<u64>()), others: HashMap::new(), due, told: None }
    }

    /// When [`Roster::tell`] is to be called next.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// This node's counts have changed, or somebody asks for them: tell soon.
    pub fn changed(&mut self) {
        if self.due.is_some() {
            let soon = self.told.map_or_else(Instant::now, |told| told + GATHER);
            self.due = self.due.min(Some(soon));
        }
    }

    /// The bus has come (back) up: tell at once, and ask.
    pub fn rejoin(&mut self) {
        if self.due.is_some() {
            (self.told, self.due) = (None, Some(Instant::now()));
        }
    }

    /// The envelope that tells this node's counts.
    pub fn tell<'a>(
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
        let telling = Telling { node: self.me.clone(), ask, rooms };
        Some(Envelope {
            kind: Kind::Control,
            room,
            id: format!("roster.{}", self.me).into(),
            sender: self.me.as_str().into(),
            others: true,
            frame: Bytes::from(serde_json::to_vec(&telling).unwrap_or_default()),
        })
    }

    /// Takes in what another node tells.
    pub fn hear(&mut self, now: Instant, frame: &[u8]) {
        let Ok(telling) = serde_json::from_slice::<Telling>(frame) else { return };
        if telling.node == self.me {
            return;
        }
        if telling.ask {
            self.changed();
        }
        self.others.insert(telling.node, (now, telling.rooms));
    }

    /// The members of a room on the other nodes.
    pub fn elsewhere(&self, now: Instant, room: &Room) -> usize {
        let fresh = self.others.values().filter(|(heard, _)| now.saturating_duration_since(*heard) < FORGET);
        fresh.filter_map(|(_, rooms)| rooms.get(room.as_str())).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_counts_the_others_and_forgets_the_dead() {
        let (mut a, mut b) = (Roster::new(true), Roster::new(true));
        let (room, now) = (Room::parse("lobby").unwrap(), Instant::now());
        let told = a.tell(now, [(&room, 3)].into_iter()).unwrap();
        b.hear(now, &told.frame);
        a.hear(now, &told.frame);
        assert_eq!((b.elsewhere(now, &room), a.elsewhere(now, &room)), (3, 0));
        assert!(b.due().unwrap() <= now + GATHER, "the first telling asks for an answer");
        assert_eq!(b.elsewhere(now + FORGET, &room), 0);
    }
}
