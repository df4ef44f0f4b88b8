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
    /// The one with the slowest live receipt.
    Slowest,
    /// One that went as most do: its slowest receipt is nearest to the median of them.
    Ordinary,
}

/// One message's way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Story {
    /// Why it was chosen.
    pub choice: Choice,
    /// Its number among all messages of the run.
    pub number: u64,
    /// Its publisher.
    pub publisher: u64,
    /// Its number among those of its publisher.
    pub seq: u64,
    /// The node of its publisher when it was sent; `null` if it was never sent.
    pub node: Option<u64>,
    /// When the schedule asked for it.
    pub due_us: i64,
    /// When it was handed over for writing; `null` if never.
    pub sent_us: Option<i64>,
    /// `confirmed`, `handed`, `refused` or `unknown`; `null` without an answer.
    pub answer: Option<String>,
    /// How many subscribers it was owed to.
    pub owed: u64,
    /// How many of them have it, live or by replay.
    pub received: u64,
    /// How many of them never received it.
    pub lost: u64,
    /// The lines of the diagram, from the publisher to the subscribers, by name: `publisher 0`, `node 1`,
    /// `broker`, `history`, `subscriber 7`; for a group of the same fate `subscribers 8-29` or
    /// `10 subscribers of node 0`.
    pub lanes: Vec<Lane>,
    /// The arrows between them, in order of time.
    pub arrows: Vec<Arrow>,
}

/// A line of the diagram.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lane {
    /// What it stands for.
    pub kind: LaneKind,
    /// Its name, as a reader sees it.
    pub name: String,
    /// The node, the publisher or the subscriber; of a group the first one; `null` for the broker and history.
    pub number: Option<u64>,
    /// Of a publisher or a subscriber, the node that it was with; `null` for others, and where it is not known.
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

/// From one line to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Arrow {
    /// Where it begins: a place in `lanes`.
    pub from: usize,
    /// Where it leads: a place in `lanes`.
    pub to: usize,
    /// When it left.
    pub leaves_us: i64,
    /// When it arrived; `null` if it never did: the arrow ends on the way.
    pub arrives_us: Option<i64>,
    /// What it carries.
    pub carries: Carries,
    /// Both ends were seen: by the client itself or in a process's trace. Else it is inferred.
    pub traced: bool,
    /// A word beside it, where there is something to say: `refused bus_down`, `dropped: outbox full`.
    #[serde(default)]
    pub note: Option<String>,
}
