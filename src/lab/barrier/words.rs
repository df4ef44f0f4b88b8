//! What agents say to the barrier, and what it says to them.

use serde::{Deserialize, Serialize};

/// What an agent says to the barrier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub(super) enum Call {
    /// The agent says who it is, and waits for the others.
    Hello {
        /// The version of its program.
        version: String,
        /// Its number, counted from 1.
        agent: u32,
        /// Number of agents.
        of: u32,
        /// What it is to play: equal in agents that play one load.
        load: String,
        /// How far its wall clock is ahead of that of the agent that serves the barrier, in milliseconds.
        ahead_ms: i64,
        /// What its wall clock says.
        wall: String,
    },
    /// The agent has come so far, and waits for the others, but no longer than this.
    Arrive {
        /// How far it has come.
        stage: Stage,
        /// How long it waits, in milliseconds.
        within_ms: u64,
    },
    /// The agent asks for the time.
    Time,
}

/// How far an agent has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    /// It is there.
    There,
    /// Its clients are connected and hear the publishers.
    Ready,
    /// It has nothing more to wait for.
    Done,
}

/// What the barrier answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub(super) enum Answer {
    /// Go on.
    Go {
        /// The number of the agent that serves the barrier.
        peer: u32,
        /// What parts of this run share.
        run: String,
        /// The agents that did not come.
        absent: Vec<u32>,
        /// When the load begins, in nanoseconds by the clock of the agent that serves the barrier, once that is known.
        begin_ns: Option<u64>,
    },
    /// The time.
    Time {
        /// By the clock of the agent that serves the barrier, in nanoseconds since its zero.
        ns: u64,
        /// By its wall clock, in milliseconds since the Unix epoch.
        unix_ms: u64,
    },
    /// Nothing is played.
    Refused {
        /// The reason, as a sentence.
        why: String,
        /// What to do about it.
        hint: String,
    },
}
