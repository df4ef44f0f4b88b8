//! The ids of the chat messages that this node received recently, to drop second copies.
//!
//! Second copies come from three sources: a message that was published again because its confirm was lost, a message
//! that a client sent again through another node, and one that RabbitMQ delivers again because our ack was lost.

use std::collections::hash_map::RandomState;
use std::collections::{HashSet, VecDeque};
use std::hash::BuildHasher;
use std::time::Duration;

use tokio::time::Instant;

/// A window over the newest ids. Only hashes are kept: 200,000 ids take 8 MB, and two of them have the same hash once
/// in a billion windows.
pub(super) struct Window {
    hasher: RandomState,
    seen: HashSet<u64>,
    order: VecDeque<(u64, Instant)>,
    most: usize,
    age: Duration,
}

impl Window {
    /// Makes a window that holds at most `most` ids (at least one), none of them for longer than `age`.
    pub(super) fn new(most: usize, age: Duration) -> Self {
        let (seen, order) = (HashSet::new(), VecDeque::new());
        Self { hasher: RandomState::new(), seen, order, most: most.max(1), age }
    }

    /// Whether this id was recorded within the window.
    pub(super) fn contains(&mut self, id: &str, now: Instant) -> bool {
        while let Some((oldest, since)) = self.order.front()
            && now.duration_since(*since) > self.age
        {
            self.seen.remove(oldest);
            self.order.pop_front();
        }
        self.seen.contains(&self.hasher.hash_one(id))
    }

    /// Whether ids had to be removed before their time, or soon will.
    pub(super) fn is_full(&self) -> bool {
        self.order.len() >= self.most
    }

    /// Records an id that is not within the window. Gives true if another id had to be removed before its time.
    pub(super) fn record(&mut self, id: &str, now: Instant) -> bool {
        let hash = self.hasher.hash_one(id);
        if !self.seen.insert(hash) {
            return false;
        }
        self.order.push_back((hash, now));
        if self.order.len() <= self.most {
            return false;
        }
        if let Some((oldest, _)) = self.order.pop_front() {
            self.seen.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::any_moment;

    #[test]
    fn the_second_copy_is_known_until_it_is_too_old() {
        let mut window = Window::new(10, Duration::from_secs(600));
        let began = any_moment();
        assert!(!window.contains("1", began));
        assert!(!window.record("1", began));
        assert!(window.contains("1", began + Duration::from_secs(600)));
        assert!(!window.contains("1", began + Duration::from_secs(601)));
        assert_eq!((window.seen.len(), window.order.len()), (0, 0));
    }

    #[test]
    fn the_oldest_go_first_and_the_caller_is_told() {
        let mut window = Window::new(2, Duration::from_secs(600));
        let now = any_moment();
        let evicted: Vec<_> = ["1", "2", "2", "3", "4"].map(|id| window.record(id, now)).into();
        assert_eq!(evicted, [false, false, false, true, true]);
        assert!(!window.contains("2", now) && window.contains("3", now) && window.contains("4", now));
    }

    #[test]
    fn a_window_of_nothing_is_one() {
        let (mut window, now) = (Window::new(0, Duration::from_secs(600)), any_moment());
        assert!(!window.record("1", now));
        assert!(window.contains("1", now));
        assert!(window.record("2", now));
        assert!(window.contains("2", now) && !window.contains("1", now));
    }

    #[test]
    fn hearing_an_id_again_does_not_make_it_younger() {
        let (mut window, now) = (Window::new(10, Duration::from_secs(10)), any_moment());
        window.record("1", now);
        assert!(!window.record("1", now + Duration::from_secs(9)));
        assert!(!window.contains("1", now + Duration::from_secs(11)));
        assert!(!window.record("1", now + Duration::from_secs(11)));
        assert!(window.contains("1", now + Duration::from_secs(21)));
    }

    proptest! {
        /// The window is compared with the simplest possible one: a list of all ids.
        #[test]
        fn it_knows_exactly_the_newest(
            ids in prop::collection::vec((0u8..20, 0u64..40), 0..200),
            most in 1usize..15,
        ) {
            let age = Duration::from_secs(100);
            let mut window = Window::new(most, age);
            let mut now = any_moment();
            let mut list: Vec<(u8, Instant)> = Vec::new();
            for (id, later) in ids {
                now += Duration::from_secs(later);
                list.retain(|(_, since)| now.duration_since(*since) <= age);
                let known = list.iter().any(|(other, _)| *other == id);
                prop_assert_eq!(window.contains(&id.to_string(), now), known);
                let mut evicts = false;
                if !known {
                    list.push((id, now));
                    evicts = list.len() > most;
                    if evicts {
                        list.remove(0);
                    }
                }
                prop_assert_eq!(window.record(&id.to_string(), now), evicts);
                prop_assert!(window.order.len() <= most);
            }
        }
    }
}
