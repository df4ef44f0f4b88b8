//! Which routing keys this node's queue is bound by, and for which rooms.
//!
//! The bindings may differ from the rooms that the node wants: the queue outlives a connection, and bindings made
//! before may have to be removed afterwards. Rooms with very long names share a key.

use std::collections::{HashMap, HashSet};

use super::topology::routing_key;
use wire::Room;

/// The bindings of one queue.
#[derive(Default)]
pub(super) struct Bindings(HashMap<String, HashSet<Room>>);

impl Bindings {
    /// Records that a room is to be bound, and gives its key.
    pub(super) fn add(&mut self, room: &Room) -> String {
        let key = routing_key(room);
        self.0.entry(key.clone()).or_default().insert(room.clone());
        key
    }

    /// Records that a room is bound no longer. Gives its key if no other room needs it.
    pub(super) fn remove(&mut self, room: &Room) -> Option<String> {
        let key = routing_key(room);
        let rooms = self.0.get_mut(&key)?;
        rooms.remove(room);
        if !rooms.is_empty() {
            return None;
        }
        self.0.remove(&key);
        Some(key)
    }

    /// The rooms that are bound although they are not among those `wanted`.
    pub(super) fn others(&self, wanted: &[Room]) -> Vec<Room> {
        let wanted: HashSet<_> = wanted.iter().collect();
        self.0.values().flatten().filter(|room| !wanted.contains(room)).cloned().collect()
    }

    /// Forgets all bindings, because the queue is a new one.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_key_stays_until_its_last_room_goes() {
        let long = |first: char| Room::parse(&format!("{first}{}", "\u{1F600}".repeat(63))).unwrap();
        let (a, b, short) = (long('\u{1F601}'), long('\u{1F602}'), Room::parse("short").unwrap());
        let mut bindings = Bindings::default();
        assert_eq!(bindings.add(&a), bindings.add(&b));
        assert_eq!(bindings.add(&short), "short");
        assert_eq!(bindings.others(&[a.clone(), short.clone()]), std::slice::from_ref(&b));
        assert_eq!(bindings.remove(&a), None);
        assert_eq!(bindings.remove(&b), Some(routing_key(&b)));
        assert_eq!(bindings.remove(&b), None);
        assert_eq!(bindings.remove(&short), Some("short".into()));
    }
}
