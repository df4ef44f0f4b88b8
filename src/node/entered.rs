//! The rooms of one session, in the order in which it entered them.

use std::collections::{BTreeMap, HashMap};

use wire::Room;

/// The rooms of one session. To enter or leave one costs the same however many there are.
#[derive(Debug, Default)]
pub struct Entered {
    /// When each was entered, as a number that only grows.
    moments: HashMap<Room, u64>,
    rooms: BTreeMap<u64, Room>,
    next: u64,
}

impl Entered {
    /// Whether the session is in the room.
    pub fn contains(&self, room: &Room) -> bool {
        self.moments.contains_key(room)
    }

    /// Number of rooms.
    pub fn len(&self) -> usize {
        self.moments.len()
    }

    /// Adds a room. Gives false if the session is in it already.
    pub fn insert(&mut self, room: Room) -> bool {
        if self.contains(&room) {
            return false;
        }
        self.rooms.insert(self.next, room.clone());
        self.moments.insert(room, self.next);
        self.next += 1;
        true
    }

    /// Removes a room. Gives false if the session is not in it.
    pub fn remove(&mut self, room: &Room) -> bool {
        let moment = self.moments.remove(room);
        moment.is_some_and(|moment| self.rooms.remove(&moment).is_some())
    }

    /// The rooms, the one entered first before all others.
    pub fn iter(&self) -> impl Iterator<Item = &Room> {
        self.rooms.values()
    }

    /// Takes all rooms out.
    pub fn take(&mut self) -> impl Iterator<Item = Room> + use<> {
        std::mem::take(self).rooms.into_values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rooms_stand_in_the_order_in_which_they_were_entered() {
        let room = |name| Room::parse(name).unwrap();
        let mut entered = Entered::default();
        for (name, new) in [("c", true), ("a", true), ("c", false), ("b", true)] {
            assert_eq!(entered.insert(room(name)), new, "{name}");
        }
        assert!(entered.remove(&room("c")) && !entered.remove(&room("c")) && !entered.contains(&room("c")));
        assert!(entered.insert(room("c")));
        assert_eq!(entered.len(), 3);
        assert_eq!(entered.iter().cloned().collect::<Vec<_>>(), ["a", "b", "c"].map(room));
        assert_eq!(entered.take().collect::<Vec<_>>(), ["a", "b", "c"].map(room));
        assert_eq!(entered.len(), 0);
    }
}
