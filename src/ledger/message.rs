//! One message: when it was sent, from where, and what its node said about it.

use super::time::NEVER;

/// What a node said about a publish. An acknowledgement is never taken back, and the stronger one wins; of other answers
/// the last one does.
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

impl Answer {
    /// Whether the answer is an acknowledgement.
    pub(super) fn is_ack(self) -> bool {
        matches!(self, Answer::Confirmed | Answer::Handed)
    }
}

/// Two answers to one message that cannot both be true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contradiction {
    UnknownAfterAck,
    RefusedAfterAck,
    AckAfterRefused,
}

/// Number of messages whose answers contradict each other, by the first contradiction of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Contradictions {
    /// Number of messages that were answered with `unknown` after they had been acknowledged.
    pub unknown_after_ack: u64,
    /// Number of messages that were refused after they had been acknowledged.
    pub refused_after_ack: u64,
    /// Number of messages that were acknowledged after they had been refused.
    pub ack_after_refused: u64,
}

impl Contradictions {
    pub(super) fn add(&mut self, contradiction: Contradiction) {
        match contradiction {
            Contradiction::UnknownAfterAck => self.unknown_after_ack += 1,
            Contradiction::RefusedAfterAck => self.refused_after_ack += 1,
            Contradiction::AckAfterRefused => self.ack_after_refused += 1,
        }
    }
}

/// What is known about one message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message {
    /// When the message was sent, in nanoseconds since the run's zero, or [`NEVER`].
    pub(super) sent_at: u64,
    /// The node of the message's publisher when it was first sent.
    pub(super) node: u32,
    pub(super) answer: Option<Answer>,
    /// The first contradiction among the answers.
    pub(super) contradiction: Option<Contradiction>,
    /// Whether some receipt of the message was told before its sending.
    pub(super) early: bool,
}

impl Message {
    /// A message about which nothing is known yet.
    pub(super) const UNSENT: Self =
        Self { sent_at: NEVER, node: 0, answer: None, contradiction: None, early: false };

    /// Whether the message was handed over for writing.
    pub(super) fn sent(&self) -> bool {
        self.sent_at != NEVER
    }

    /// Records one more answer. Gives whether it is the one that holds from now on.
    pub(super) fn record_answer(&mut self, answer: Answer) -> bool {
        let (holds, contradiction) = match (self.answer, answer) {
            (Some(Answer::Confirmed), Answer::Handed) => (false, None),
            (Some(before), Answer::Unknown) if before.is_ack() => {
                (false, Some(Contradiction::UnknownAfterAck))
            }
            (Some(before), Answer::Refused) if before.is_ack() => {
                (false, Some(Contradiction::RefusedAfterAck))
            }
            (Some(Answer::Refused), now) if now.is_ack() => (true, Some(Contradiction::AckAfterRefused)),
            _ => (true, None),
        };
        self.contradiction = self.contradiction.or(contradiction);
        if holds {
            self.answer = Some(answer);
        }
        holds
    }
}
