//! The client's own ids that a session used lately, to refuse one that comes again with another text.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;

/// How many ids a session remembers; the oldest are forgotten first.
const REMEMBERED: usize = 1024;

/// The ids that one session used lately. Hashes alone are kept: 32 bytes an id.
#[derive(Debug, Default)]
pub struct RecentIds {
    hasher: RandomState,
    seen: HashMap<u64, u64>,
    order: VecDeque<u64>,
}

impl RecentIds {
    /// Notes an id with what it stands for. False when it stood for something else before.
    pub fn note(&mut self, id: &str, room: &str, text: &str) -> bool {
        let (id, content) = (self.hasher.hash_one(id), self.hasher.hash_one((room, text)));
        if let Some(before) = self.seen.get(&id) {
            return *before == content;
        }
        if self.order.len() == REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        self.order.push_back(id);
        self.seen.insert(id, content);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_again_is_fine_and_another_text_is_not() {
        let mut ids = RecentIds::default();
        assert!(ids.note("1", "r", "a"));
        assert!(ids.note("1", "r", "a"));
        assert!(!ids.note("1", "r", "b"));
        assert!(!ids.note("1", "other", "a"));
        assert!(ids.note("2", "r", "b"));
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut ids = RecentIds::default();
        for n in 0..10 * REMEMBERED {
            assert!(ids.note(&n.to_string(), "r", "a"));
        }
        assert_eq!((ids.seen.len(), ids.order.len()), (REMEMBERED, REMEMBERED));
    }
}
