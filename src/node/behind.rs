//! What was dropped for a member that was too slow, and is to be brought to it out of the history.

use std::collections::HashSet;
use std::sync::Arc;

use wire::Envelope;

/// The most messages that are brought to one member at once. Further ones are counted, and lost to it.
const MISSING: usize = 100_000;

/// What was dropped for one member in one room.
#[derive(Debug)]
pub struct Behind {
    /// The first message that was dropped. It is kept whole, because the history is asked for what came after it.
    first: Envelope,
    /// The hashes of the ids of what was dropped and is not brought yet, the first one's among them.
    missing: HashSet<u64>,
    /// Number of messages that were dropped after [`MISSING`] others.
    beyond: u64,
}

impl Behind {
    /// This message is the first that was dropped.
    pub fn new(first: &Envelope, id: u64) -> Self {
        Self { first: first.clone(), missing: HashSet::from([id]), beyond: 0 }
    }

    /// Adds a message that was dropped, by the hash of its id.
    pub fn add(&mut self, id: u64) {
        if self.missing.len() < MISSING {
            self.missing.insert(id);
        } else {
            self.beyond += 1;
        }
    }

    /// The id of the first message that was dropped.
    pub fn first_id(&self) -> Arc<str> {
        self.first.id.clone()
    }

    /// The first message that was dropped.
    pub fn first(&self) -> &Envelope {
        &self.first
    }

    /// Whether a message was dropped and is not brought yet.
    pub fn lacks(&self, id: u64) -> bool {
        self.missing.contains(&id)
    }

    /// Records that a message is brought.
    pub fn bring(&mut self, id: u64) {
        self.missing.remove(&id);
    }

    /// Whether everything is brought that can be.
    pub fn is_brought(&self) -> bool {
        self.missing.is_empty()
    }

    /// Number of messages that were dropped and are not brought.
    pub fn lost(&self) -> u64 {
        self.missing.len() as u64 + self.beyond
    }
}

#[cfg(test)]
mod tests {
    use wire::{Kind, Room};

    use super::*;

    fn first() -> Envelope {
        Envelope {
            kind: Kind::Chat,
            room: Room::parse("r").unwrap(),
            id: "s.1".into(),
            sender: "s".into(),
            others: false,
            count: None,
            frame: r#"{"type":"message"}"#.into(),
        }
    }

    #[test]
    fn what_is_not_brought_is_lost() {
        let mut behind = Behind::new(&first(), 1);
        (2..=5).for_each(|id| behind.add(id));
        assert_eq!(&*behind.first_id(), "s.1");
        assert_eq!(behind.first().frame, first().frame);
        assert_eq!([0, 1, 5, 6].map(|id| behind.lacks(id)), [false, true, true, false]);
        [1, 3, 3, 9].into_iter().for_each(|id| behind.bring(id));
        assert_eq!((behind.lost(), behind.is_brought(), behind.lacks(3)), (3, false, false));
        [2, 4, 5].into_iter().for_each(|id| behind.bring(id));
        assert_eq!((behind.lost(), behind.is_brought()), (0, true));
    }

    #[test]
    fn the_memory_is_bounded_and_what_is_beyond_is_counted() {
        let mut behind = Behind::new(&first(), 0);
        let many = MISSING as u64;
        (1..many + 7).for_each(|id| behind.add(id));
        assert_eq!((behind.missing.len(), behind.lost()), (MISSING, many + 7));
        (0..many + 7).for_each(|id| behind.bring(id));
        assert_eq!((behind.lost(), behind.is_brought()), (7, true));
    }
}
