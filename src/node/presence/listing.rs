//! Who one node says is in one of its rooms, and the difference between two such statements.

use std::collections::HashMap;
use std::sync::Arc;

use super::word::RoomWord;
use crate::identity::Identity;
use wire::Room;

/// Who is in a room on one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listing {
    /// These people, by the ids of their sessions.
    People(HashMap<Arc<str>, Identity>),
    /// So many people that they are only counted.
    Count(u64),
}

impl Default for Listing {
    fn default() -> Self {
        Self::People(HashMap::new())
    }
}

impl Listing {
    /// Whether nobody is there.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::People(people) => people.is_empty(),
            Self::Count(count) => *count == 0,
        }
    }

    /// Whether a person is listed by name. Nobody knows who is among those that are counted.
    pub fn names(&self, id: &str) -> bool {
        match self {
            Self::People(people) => people.contains_key(id),
            Self::Count(_) => false,
        }
    }

    /// A person who is listed by name.
    pub fn person(&self, id: &str) -> Option<&Identity> {
        match self {
            Self::People(people) => people.get(id),
            Self::Count(_) => None,
        }
    }

    /// Number of people who are listed by name.
    pub fn named(&self) -> usize {
        match self {
            Self::People(people) => people.len(),
            Self::Count(_) => 0,
        }
    }

    /// Number of entries that the listing costs in memory and on the bus.
    pub fn entries(&self) -> usize {
        self.named() + 1
    }

    /// What another node must be told that knows `before` and is to know this. `None` if nothing changed.
    pub fn since(&self, before: &Self, room: &Room) -> Option<RoomWord> {
        if self == before {
            return None;
        }
        let mut word = RoomWord::of(room);
        match (before, self) {
            (_, Self::Count(count)) => word.count = Some(*count),
            (Self::People(old), Self::People(new)) => {
                word.came = new.values().filter(|now| old.get(&now.id) != Some(*now)).cloned().collect();
                word.gone = old.keys().filter(|id| !new.contains_key(*id)).cloned().collect();
            }
            // A room in which people are named again may be empty by now, and a word must say so.
            (Self::Count(_), Self::People(new)) if new.is_empty() => word.count = Some(0),
            (Self::Count(_), Self::People(new)) => {
                word.counted_before = true;
                word.came = new.values().cloned().collect();
            }
        }
        Some(word)
    }
}
