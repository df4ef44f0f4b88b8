//! The people on this node: with how many connections each is in a room, and who may come back at once.
//!
//! Who says goodbye has left at once. Whose connection ends without one, as when a page is loaded again, stays for a
//! [`GRACE`]: if the same session is back by then, on whatever node, nobody hears that it was away.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use wire::Room;

/// How long somebody stays whose connection ended.
pub const GRACE: Duration = Duration::from_secs(3);
/// The most who may stay that way; of any more, each has left at once. Otherwise clients that only come and go would
/// fill the memory of every node.
const STAY: usize = 20_000;

/// How a session is in a room.
#[derive(Debug, Default)]
struct Stay {
    /// Number of its connections. It is 0 for those who may come back.
    connections: u32,
    /// The end of the grace of those who may come back.
    until: Option<Instant>,
}

/// Who is on this node.
#[derive(Debug, Default)]
pub struct Here {
    rooms: HashMap<Room, HashMap<Arc<str>, Stay>>,
    /// Those who may come back, by the end of their grace. Some of them have come back meanwhile.
    away: VecDeque<(Instant, Room, Arc<str>)>,
}

impl Here {
    /// Records that one more connection of a session is in a room.
    pub fn enter(&mut self, room: &Room, id: &Arc<str>) {
        let stay = self.rooms.entry(room.clone()).or_default().entry(id.clone()).or_default();
        stay.connections = stay.connections.saturating_add(1);
        stay.until = None;
    }

    /// Records that a connection of a session is no longer in a room; `goodbye` if the client said so. Gives true if
    /// the person is gone by this.
    pub fn leave(&mut self, now: Instant, room: &Room, id: &Arc<str>, goodbye: bool) -> bool {
        let Some(stay) = self.rooms.get_mut(room).and_then(|people| people.get_mut(id)) else {
            return false;
        };
        stay.connections = stay.connections.saturating_sub(1);
        if stay.connections > 0 {
            return false;
        }
        if goodbye || self.away.len() >= STAY {
            self.drop_out(room, id);
            return true;
        }
        let end = now + GRACE;
        stay.until = Some(end);
        self.away.push_back((end, room.clone(), id.clone()));
        false
    }

    /// When the next grace ends.
    pub fn due(&self) -> Option<Instant> {
        self.away.front().map(|(end, ..)| *end)
    }

    /// The next of those whose grace has ended and who are gone by it.
    pub fn next_gone(&mut self, now: Instant) -> Option<(Room, Arc<str>)> {
        loop {
            self.away.front().filter(|(end, ..)| *end <= now)?;
            let (end, room, id) = self.away.pop_front()?;
            // Who came back has no end any more, or has another one after having gone again.
            let stay = self.rooms.get(&room).and_then(|people| people.get(&id));
            if stay.is_some_and(|stay| stay.connections == 0 && stay.until == Some(end)) {
                self.drop_out(&room, &id);
                return Some((room, id));
            }
        }
    }

    fn drop_out(&mut self, room: &Room, id: &str) {
        if let Some(people) = self.rooms.get_mut(room) {
            people.remove(id);
            if people.is_empty() {
                self.rooms.remove(room);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_goodbye_has_left_and_who_is_cut_off_stays_for_a_grace() {
        let mut here = Here::default();
        let (room, now) = (Room::parse("r").unwrap(), Instant::now());
        let [a, b, c] = ["a", "b", "c"].map(Arc::<str>::from);
        for id in [&a, &a, &b, &c] {
            here.enter(&room, id);
        }
        assert!(!here.leave(now, &room, &a, true), "another connection is there");
        assert!(here.leave(now, &room, &a, true));
        assert!(!here.leave(now, &room, &a, true), "nobody leaves twice");
        assert!(!here.leave(now, &room, &b, false) && !here.leave(now, &room, &c, false));
        assert_eq!(here.due(), Some(now + GRACE));
        // One comes back and is cut off again later.
        here.enter(&room, &c);
        assert!(!here.leave(now + GRACE / 2, &room, &c, false));
        assert_eq!(here.next_gone(now + GRACE / 2), None);
        assert_eq!(here.next_gone(now + GRACE), Some((room.clone(), b)));
        assert_eq!(here.next_gone(now + GRACE), None);
        assert_eq!(here.next_gone(now + GRACE * 2), Some((room, c)));
        assert!(here.rooms.is_empty() && here.away.is_empty());
    }

    #[test]
    fn not_more_than_so_many_may_come_back() {
        let mut here = Here::default();
        let (room, now) = (Room::parse("r").unwrap(), Instant::now());
        let gone = (0..STAY + 5).filter(|n| {
            let id = n.to_string().into();
            here.enter(&room, &id);
            here.leave(now, &room, &id, false)
        });
        assert_eq!(gone.count(), 5);
    }
}
