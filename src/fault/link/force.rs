//! What is in force in one direction of one connection, as the rules hand it to the file of each condition, and what each
//! of these files is: a rule. A byte passes if every rule lets it.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::bandwidth::Bucket;
use scenario::Condition;

/// A condition on one of the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) line: usize,
    pub(super) hold: u64,
}

/// A condition in force.
#[derive(Debug, Clone, Copy)]
pub(super) struct Force {
    pub(super) key: Key,
    pub(super) condition: Condition,
    /// Of its own for each condition, connection and direction.
    pub(super) seed: [u8; 32],
}

/// What becomes of a connection as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It goes on.
    Lives,
    /// It stays, and nothing passes.
    Stands,
    /// It is reset.
    Reset,
}

/// All conditions of one kind that are in force, and how far they have come. A rule says what is not as it mostly is.
pub(super) trait Rule: Debug + Send + Sync {
    /// Takes over what is in force now: the conditions, and the bandwidths of throttled lines. Says whether something
    /// was healed that has held chunks back.
    fn update(&mut self, forces: &[Force], bandwidths: &[Arc<Bucket>]) -> bool;

    /// Whether nothing of this kind is in force.
    fn is_clear(&self) -> bool;

    /// Whether it is asked after all others what may pass, for it reserves what it allows.
    fn is_asked_last(&self) -> bool {
        false
    }

    /// What becomes of the connection.
    fn fate(&self) -> Fate {
        Fate::Lives
    }

    /// How long the chunk that just arrived is held back.
    fn delay(&mut self) -> Duration {
        Duration::ZERO
    }

    /// The most that a chunk can be held back now.
    fn longest_delay(&self) -> Duration {
        Duration::ZERO
    }

    /// How many bytes still pass before the connection is closed.
    fn left(&self) -> Option<u64> {
        None
    }

    /// How many of the wanted bytes may pass now, or when it is worth to ask again.
    fn allow(&mut self, wanted: usize, _now: Instant) -> Result<usize, Instant> {
        Ok(wanted)
    }

    /// So many of the allowed bytes have passed. The moment is one after the write.
    fn passed(&mut self, _bytes: usize, _now: Instant) {}
}

#[cfg(test)]
impl Force {
    /// A condition on the only line.
    pub(super) fn of(condition: Condition) -> Self {
        Self { key: Key { line: 0, hold: 1 }, condition, seed: [0; 32] }
    }
}
