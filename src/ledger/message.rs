//! One message: when it was sent, from where, and what its node said about it.

use super::time::NEVER;

/// What a node said about a publish. The last answer wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The broker wrote the message down durably.
    Confirmed,
    /// The broker, or the socket, took the message. Nothing more is promised.
    Handed,
    /// The message was certainly not sent.
    Refused,
    /// The message was perhaps sent. No answer by the end counts as this.
    Unknown,
}

/// What is known about one message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message {
    /// When the message was sent, in nanoseconds since the run's zero, or [`NEVER`].
    pub(super) sent_at: u64,
    /// The node of the message's publisher when it was first sent.
    pub(super) node: u32,
    pub(super) answer: Option<Answer>,
    /// Whether some receipt of the message was told before its sending.
    pub(super) early: bool,
}

impl Message {
    /// A message about which nothing is known yet.
    pub(super) const UNSENT: Self = Self { sent_at: NEVER, node: 0, answer: None, early: false };

    /// Whether the message was handed over for writing.
    pub(super) fn sent(&self) -> bool {
        self.sent_at != NEVER
    }
}
