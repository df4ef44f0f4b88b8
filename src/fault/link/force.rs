//! The conditions in force in one direction of one connection, as the rules hand them to the file of each condition;
//! and the trait `Rule`, which each of these files implements. A byte passes if every rule lets it.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::bandwidth::Bucket;
use scenario::Condition;

/// Identifies a condition on one of the links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ConditionKey {
    pub(super) link: usize,
    pub(super) hold: u64,
}

/// A condition that is in force in one direction of one connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Force {
    pub(super) key: ConditionKey,
    pub(super) condition: Condition,
    /// The seed of the condition's random choices, which differs for each condition, connection and direction.
    pub(super) seed: [u8; 32],
}

/// What happens to a connection as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConnectionFate {
    /// The connection goes on.
    Lives,
    /// The connection stays open, and nothing passes.
    Stands,
    /// The connection is reset.
    Reset,
}

/// All conditions of one kind that are in force, and how far they have come. The default of each method is what holds
/// for most kinds; a rule overrides it where its kind differs.
pub(super) trait Rule: Debug + Send + Sync {
    /// Takes over the conditions that are in force now, and the bandwidths of throttled links. True if a condition was
    /// healed that has held chunks back.
    fn update(&mut self, forces: &[Force], bandwidths: &[Arc<Bucket>]) -> bool;

    /// Whether no condition of this kind is in force.
    fn is_clear(&self) -> bool;

    /// Whether this rule is asked after all others how much may pass, because it reserves what it allows.
    fn is_asked_last(&self) -> bool {
        false
    }

    /// What happens to the connection as a whole.
    fn fate(&self) -> ConnectionFate {
        ConnectionFate::Lives
    }

    /// How long the chunk that just arrived is held back.
    fn delay(&mut self) -> Duration {
        Duration::ZERO
    }

    /// The longest time for which a chunk can be held back now.
    fn longest_delay(&self) -> Duration {
        Duration::ZERO
    }

    /// Number of bytes that still pass before the connection is closed; `None` where nothing closes it.
    fn left(&self) -> Option<u64> {
        None
    }

    /// Number of the wanted bytes that may pass now; the error is the instant at which to ask again.
    fn allow(&mut self, wanted: usize, _now: Instant) -> Result<usize, Instant> {
        Ok(wanted)
    }

    /// Records that this number of the allowed bytes has passed. The instant is one after the write.
    fn passed(&mut self, _bytes: usize, _now: Instant) {}
}

#[cfg(test)]
impl Force {
    /// A condition on a rig's only link.
    pub(super) fn of(condition: Condition) -> Self {
        Self { key: ConditionKey { link: 0, hold: 1 }, condition, seed: [0; 32] }
    }
}
