//! The way of one message as `report.json` has it, for a space-time diagram: who had it when, and where it ended.
//!
//! Every time is in microseconds since the measured load began, and may be negative: before it. The processes of
//! one machine share its clock.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a message is told about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The first message that somebody with a path lost.
    FirstLost,
    /// The message with the slowest live receipt.
    Slowest,
    /// A message that went as most do: its slowest receipt is the median of the slowest receipts of several messages.
    Ordinary,
}

/// The way of one message. Every time is in microseconds since the measured load began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Story {
    /// Why the message was chosen.
    pub choice: Choice,
    /// The number of the message among all messages of the run.
    pub number: u64,
    /// The number of its publisher.
    pub publisher: u64,
    /// The number of the message among those of its publisher.
    pub seq: u64,
    /// The number of the node of its publisher when the message was sent; `null` if it was never sent.
    pub node: Option<u64>,
    /// When the schedule asked for the message, in microseconds since the measured load began.
    pub due_us: i64,
    /// When the message was handed over for writing, in microseconds since the measured load began; `null` if it was never
    /// sent.
    pub sent_us: Option<i64>,
    /// The answer of its node: `confirmed`, `handed`, `refused` or `unknown`; `null` without an answer.
    pub answer: Option<String>,
    /// Number of subscribers to whom the message was owed.
    pub owed: u64,
    /// Number of subscribers who received the message, live or by replay.
    pub received: u64,
    /// Number of subscribers to whom the message was owed and who never received it.
    pub lost: u64,
    /// The lines of the diagram, from the publisher to the subscribers, by name: `publisher 0`, `node 1`,
    /// `broker`, `history`, `subscriber 7`; for a group of the same fate `subscribers 8-29` or
    /// `10 subscribers of node 0`.
    pub lanes: Vec<Lane>,
    /// The arrows between the lines, in the order of time.
    pub arrows: Vec<Arrow>,
}

/// A line of the diagram.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lane {
    /// What the line stands for.
    pub kind: LaneKind,
    /// The name of the line, as a reader sees it.
    pub name: String,
    /// The number of the node, the publisher or the subscriber; of a group, the number of the first one; `null` for the
    /// broker and the history.
    pub number: Option<u64>,
    /// The number of the node that a publisher or a subscriber was connected to; `null` for other lines, and where it is
    /// not known.
    #[serde(default)]
    pub node: Option<u64>,
}

/// What a line of the diagram stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LaneKind {
    /// A client that sends.
    Publisher,
    /// A chat server.
    Node,
    /// The third-party server.
    Broker,
    /// The history service.
    History,
    /// A client that receives, or a group of them.
    Subscriber,
}

/// What an arrow carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Carries {
    /// The message itself, live.
    Message,
    /// The message, from history.
    Replay,
    /// An acknowledgement or a broker's confirm.
    Ack,
    /// A refusal.
    Refusal,
    /// The answer that nobody knows: perhaps it was sent, perhaps not.
    Unknown,
}

/// An arrow from one line to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Arrow {
    /// The line from which the arrow leads: its index in `lanes`, counted from 0.
    pub from: usize,
    /// The line to which the arrow leads: its index in `lanes`, counted from 0.
    pub to: usize,
    /// When the arrow left its line, in microseconds since the measured load began.
    pub leaves_us: i64,
    /// When the arrow arrived, in microseconds since the measured load began; `null` if it ends on the way.
    pub arrives_us: Option<i64>,
    /// What the arrow carries.
    pub carries: Carries,
    /// Whether both ends were seen, by the client itself or in a process's trace. Otherwise the arrow is inferred.
    pub traced: bool,
    /// A word beside the arrow, where there is something to say: `refused bus_down`, `dropped: outbox full`.
    #[serde(default)]
    pub note: Option<String>,
}
