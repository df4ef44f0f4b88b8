//! A condition in force in one direction of one connection, as the rules hand it to the file of its condition.

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
