//! The counts that every event changes at once.

/// The counts that are kept up to date as the events come.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) sent: u64,
    /// Number of messages sent, by [`Answer`](super::Answer).
    pub(super) answers: [u64; 4],
    pub(super) owed: u64,
    pub(super) delivered: u64,
    pub(super) recovered: u64,
    pub(super) on_time: u64,
    pub(super) outstanding: u64,
    pub(super) duplicates: u64,
    pub(super) reordered: u64,
    pub(super) replay_reordered: u64,
    pub(super) unexpected: u64,
    pub(super) corrupted: u64,
    pub(super) foreign: u64,
}
