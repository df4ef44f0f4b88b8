//! The ids that a replay told one client, to recognise their live copies. Hashes alone are kept.

use std::collections::{HashSet, VecDeque};

/// How many ids are kept; the oldest are forgotten first. What was said last is what may still come live.
const KEPT: usize = 20_000;

/// The ids that a replay told one client.
#[derive(Debug, Default)]
pub struct Replayed {
    ids: HashSet<u64>,
    /// In the order in which they came; some may be taken already.
    order: VecDeque<u64>,
}

impl Replayed {
    /// Notes the hash of an id.
    pub fn note(&mut self, id: u64) {
        if self.order.is_empty() {
            // Settled before: any order is as good as another.
            self.order.extend(&self.ids);
        }
        if !self.ids.insert(id) {
            return;
        }
        self.order.push_back(id);
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
    }

    /// Whether this was replayed. It is forgotten with that: an id comes live once.
    pub fn take(&mut self, id: u64) -> bool {
        self.ids.remove(&id)
    }

    /// Keeps no more memory than it needs, for nothing is likely to be noted soon.
    pub fn settle(&mut self) {
        self.order = VecDeque::new();
        self.ids.shrink_to_fit();
    }

    /// Whether nothing is left of which a live copy may come.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_recognised_once() {
        let mut replayed = Replayed::default();
        replayed.note(1);
        replayed.note(1);
        assert_eq!([1, 1, 2].map(|id| replayed.take(id)), [true, false, false]);
        assert!(replayed.is_empty());
    }

    #[test]
    fn the_memory_is_bounded_and_keeps_the_newest() {
        let mut replayed = Replayed::default();
        let many = 3 * KEPT as u64;
        (0..many).for_each(|id| replayed.note(id));
        assert_eq!((replayed.ids.len(), replayed.order.len()), (KEPT, KEPT));
        assert!(!replayed.take(0));
        assert!(replayed.take(many - 1) && replayed.take(many - KEPT as u64));
        replayed.settle();
        (many..2 * many).for_each(|id| replayed.note(id));
        assert_eq!((replayed.ids.len(), replayed.order.len()), (KEPT, KEPT));
        // What is taken still counts until its turn comes.
        (0..many).for_each(|id| replayed.note(id));
        assert!(replayed.ids.len() <= KEPT && replayed.order.len() == KEPT);
    }
}
