//! The ids of the messages that a replay sent to one client, to recognise their live copies. Only hashes are kept.

use std::collections::{HashSet, VecDeque};

/// Number of ids that are kept; the oldest is forgotten first, because a live copy is most likely of a recent
/// message.
const KEPT: usize = 20_000;

/// The ids of the messages that a replay sent to one client.
#[derive(Debug, Default)]
pub struct Replayed {
    ids: HashSet<u64>,
    /// The ids in the order in which they came. Some of them may no longer be in `ids`.
    order: VecDeque<u64>,
}

impl Replayed {
    /// Adds the hash of a message's id.
    pub fn add(&mut self, id: u64) {
        if self.order.is_empty() {
            // [`Replayed::settle`] has dropped the order, and any other order serves as well.
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

    /// Whether a message with this hash was replayed. The hash is removed, because a live message comes only once.
    pub fn take(&mut self, id: u64) -> bool {
        self.ids.remove(&id)
    }

    /// Gives spare memory back, because few ids are likely to follow.
    pub fn settle(&mut self) {
        self.order = VecDeque::new();
        self.ids.shrink_to_fit();
    }

    /// Whether no id is left of which a live copy may come.
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
        replayed.add(1);
        replayed.add(1);
        assert_eq!([1, 1, 2].map(|id| replayed.take(id)), [true, false, false]);
        assert!(replayed.is_empty());
    }

    #[test]
    fn the_memory_is_bounded_and_keeps_the_newest() {
        let mut replayed = Replayed::default();
        let many = 3 * KEPT as u64;
        (0..many).for_each(|id| replayed.add(id));
        assert_eq!((replayed.ids.len(), replayed.order.len()), (KEPT, KEPT));
        assert!(!replayed.take(0));
        assert!(replayed.take(many - 1) && replayed.take(many - KEPT as u64));
        replayed.settle();
        (many..2 * many).for_each(|id| replayed.add(id));
        assert_eq!((replayed.ids.len(), replayed.order.len()), (KEPT, KEPT));
        // An id that was taken still counts against the bound until it is the oldest.
        (0..many).for_each(|id| replayed.add(id));
        assert!(replayed.ids.len() <= KEPT && replayed.order.len() == KEPT);
    }
}
