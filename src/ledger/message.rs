//! One message: when it was sent, from where, and what its node said about it.

use super::time::NEVER;

/// What a node said about a publish. The last answer wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The broker wrote it down durably.
    Confirmed,
    /// The broker, or the socket, took it. Nothing more is promised.
    Handed,
    /// Certainly not sent.
    Refused,
    /// Perhaps sent. No answer by the end counts as this.
    Unknown,
}

/// What is known about one message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message {
    /// Nanoseconds since the run's zero, or [`NEVER`].
    pub(super) sent_at: u64,
    /// The node of its publisher when it was first sent.
    pub(super) node: u32,
    pub(super) answer: Option<Answer>,
    /// Some receipt of it was told before its sending.
    pub(super) early: bool,
}

impl Message {
    /// Nothing is known about it yet.
    pub(super) const UNSENT: Self = Self { sent_at: NEVER, node: 0, answer: None, early: false };

    /// Whether it was handed over for writing.
    pub(super) fn sent(&self) -> bool {
        self.sent_at != NEVER
    }
}
