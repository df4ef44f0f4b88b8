//! One step of one message.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

/// What happened to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A client's frame came in.
    In,
    /// The node handed the message to the bus.
    BusOut,
    /// The bus took the message; the node is about to acknowledge it to the client.
    BusAck,
    /// The message was certainly not sent on; `why` is the code that the client receives.
    BusRefused,
    /// The message was perhaps sent on; the node is about to say so to the client.
    BusUnknown,
    /// The bus brought the message to a node.
    BusIn,
    /// The node wrote the message to the room's clients, from `at_us` to `until_us`.
    Out,
    /// The history has the message on the disk.
    Stored,
    /// A replay out of the history sent the message to a client again.
    Replay,
}

/// One line of a trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TraceLine {
    /// When the step happened or began, in Unix microseconds.
    pub at_us: u64,
    /// When the step ended, in Unix microseconds; absent for a step that takes no time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_us: Option<u64>,
    /// What happened to the message.
    pub step: Step,
    /// The id of the message.
    pub id: Arc<str>,
    /// The room of the message; absent where only the id is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<Box<str>>,
    /// Number of clients to which the message was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients: Option<usize>,
    /// Why the step was taken, or what was special about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Cow<'static, str>>,
}

impl TraceLine {
    /// A line for a step that happens now, to a message whose room is known.
    pub fn now(step: Step, id: &Arc<str>, room: &str) -> Self {
        Self { room: Some(room.into()), ..Self::answer(step, Arc::clone(id)) }
    }

    /// A line for an answer that is given now. An answer knows its message by the id alone, so the line has no room.
    pub fn answer(step: Step, id: Arc<str>) -> Self {
        Self { at_us: unix_us(), until_us: None, step, id, room: None, clients: None, why: None }
    }

    /// Adds to the line why the step was taken.
    #[must_use]
    pub fn because(self, why: impl Into<Cow<'static, str>>) -> Self {
        Self { why: Some(why.into()), ..self }
    }

    /// Adds to the line how many clients the message was written to.
    #[must_use]
    pub fn to_clients(self, clients: usize) -> Self {
        Self { clients: Some(clients), ..self }
    }
}

/// The current time in Unix microseconds.
pub fn unix_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
