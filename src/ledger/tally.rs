//! The counts that every event changes at once.

use super::counts::{Counts, Debts};

/// The counts that are kept up to date as the events come.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) sent: u64,
    /// Number of messages sent, by [`Answer`](super::Answer).
    pub(super) answers: [u64; 4],
    /// Number of debts that are not yet paid and that have a path.
    pub(super) outstanding: u64,
    /// The debts so far. Which of them are lost is not known before the end.
    pub(super) debts: Debts,
    /// What was counted beside messages and debts so far.
    pub(super) counts: Counts,
}
