//! What became of the requests with an `Idempotency-Key`, so that one that is made again says nothing twice
//! (draft-ietf-httpapi-idempotency-key-header).
//!
//! Each node knows its own requests only. Made again at another node, a message goes out a second time, under the same
//! id: whoever receives it sees that it is the same.
//!
//! Overflow policy: the oldest answered key is forgotten first. While all keys wait for their answers, new ones are
//! refused.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bus::{Level, PublishOutcome};

/// Number of keys that are remembered.
const KEYS: usize = 4_096;

/// The remembered keys of one node. Cheap to clone.
#[derive(Clone, Default)]
pub struct Outcomes(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    hasher: RandomState,
    keys: HashMap<Arc<str>, One>,
    /// The answered keys, in the order in which they were answered.
    answered: VecDeque<Arc<str>>,
}

struct One {
    /// The hash of what the key stands for.
    content: u64,
    /// What the broker has acknowledged; `None` while the answer is to come.
    level: Option<Level>,
}

/// What is known of a key.
pub enum Begun {
    /// Nothing: the request is to be carried out.
    New(UnderWay),
    /// The same request was acknowledged before.
    Again(Level),
    /// The same request waits for its answer.
    UnderWay,
    /// The key stood for another request.
    Another,
    /// Too many requests wait for their answers.
    Full,
}

/// A request that is carried out. Its key is forgotten if this is dropped, so that it can be made again.
pub struct UnderWay {
    outcomes: Outcomes,
    key: Arc<str>,
}

impl Outcomes {
    /// Begins a request with this key.
    pub fn begin(&self, key: &str, content: impl Hash) -> Begun {
        let known = &mut *self.known();
        let content = known.hasher.hash_one(content);
        match known.keys.get(key) {
            Some(one) if one.content != content => return Begun::Another,
            Some(One { level: Some(level), .. }) => return Begun::Again(*level),
            Some(_) => return Begun::UnderWay,
            None => {}
        }
        if known.keys.len() >= KEYS {
            let Some(oldest) = known.answered.pop_front() else { return Begun::Full };
            known.keys.remove(&oldest);
        }
        let key: Arc<str> = key.into();
        known.keys.insert(key.clone(), One { content, level: None });
        Begun::New(UnderWay { outcomes: self.clone(), key })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnderWay {
    /// Records the outcome. Only what was acknowledged is remembered: anything else may be tried again.
    pub fn end(self, outcome: &PublishOutcome) {
        let PublishOutcome::Ack(level) = outcome else { return };
        let known = &mut *self.outcomes.known();
        if let Some(one) = known.keys.get_mut(&self.key) {
            one.level = Some(*level);
            known.answered.push_back(self.key.clone());
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let known = &mut *self.outcomes.known();
        if known.keys.get(&self.key).is_some_and(|one| one.level.is_none()) {
            known.keys.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(begun: Begun) -> UnderWay {
        let Begun::New(under_way) = begun else { panic!("it is new") };
        under_way
    }

    #[test]
    fn what_was_acknowledged_is_answered_again_and_nothing_else_is_remembered() {
        let outcomes = Outcomes::default();
        let first = new(outcomes.begin("k", "a"));
        assert!(matches!(outcomes.begin("k", "a"), Begun::UnderWay));
        assert!(matches!(outcomes.begin("k", "b"), Begun::Another));
        first.end(&PublishOutcome::Ack(Level::Confirmed));
        assert!(matches!(outcomes.begin("k", "a"), Begun::Again(Level::Confirmed)));
        assert!(matches!(outcomes.begin("k", "b"), Begun::Another));
        for outcome in [PublishOutcome::bus_down("x"), PublishOutcome::Unknown { reason: "x".into() }] {
            new(outcomes.begin("l", "a")).end(&outcome);
        }
        drop(new(outcomes.begin("l", "b")));
        new(outcomes.begin("l", "c")).end(&PublishOutcome::Ack(Level::Handed));
    }

    #[test]
    fn the_oldest_answer_is_forgotten_first_and_none_that_is_to_come() {
        let outcomes = Outcomes::default();
        let waiting = new(outcomes.begin("waits", ""));
        for n in 0..KEYS {
            new(outcomes.begin(&n.to_string(), "")).end(&PublishOutcome::Ack(Level::Handed));
        }
        assert_eq!(outcomes.known().keys.len(), KEYS);
        assert!(matches!(outcomes.begin("waits", ""), Begun::UnderWay));
        assert!(matches!(outcomes.begin("1", ""), Begun::Again(_)));
        drop(new(outcomes.begin("0", "")));
        drop(waiting);
        let many: Vec<_> = (0..KEYS).map(|n| new(outcomes.begin(&format!("new {n}"), ""))).collect();
        assert!(matches!(outcomes.begin("one more", ""), Begun::Full));
        drop(many);
        drop(new(outcomes.begin("one more", "")));
    }
}
