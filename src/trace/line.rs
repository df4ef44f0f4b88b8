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
    /// It is handed to the bus.
    BusOut,
    /// The bus took it; the client is told.
    BusAck,
    /// It was certainly not sent on; `why` is the code that the client is told.
    BusRefused,
    /// It was perhaps sent on; the client is told.
    BusUnknown,
    /// The bus brought it.
    BusIn,
    /// It was written to the room's clients, from `at_us` to `until_us`.
    Out,
    /// The history has it on the disk.
    Stored,
    /// It was told again, out of the history.
    Replay,
}

/// One line of a trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// When, in Unix microseconds.
    pub at_us: u64,
    /// Until when, where it takes a while.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_us: Option<u64>,
    /// What happened.
    pub step: Step,
    /// The message's id.
    pub id: Arc<str>,
    /// Its room, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<Box<str>>,
    /// How many clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients: Option<usize>,
    /// Why, or what was special.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Cow<'static, str>>,
}

impl Line {
    /// A step that happens now.
    pub fn now(step: Step, id: &Arc<str>, room: &str) -> Self {
        Self { room: Some(room.into()), ..Self::answer(step, Arc::clone(id)) }
    }

    /// The same for an answer, which knows the message by its id alone.
    pub fn answer(step: Step, id: Arc<str>) -> Self {
        Self { at_us: unix_us(), until_us: None, step, id, room: None, clients: None, why: None }
    }

    /// The same, for this reason.
    #[must_use]
    pub fn because(self, why: impl Into<Cow<'static, str>>) -> Self {
        Self { why: Some(why.into()), ..self }
    }

    /// The same, to so many clients.
    #[must_use]
    pub fn to_clients(self, clients: usize) -> Self {
        Self { clients: Some(clients), ..self }
    }
}

/// Now, in Unix microseconds.
pub fn unix_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
