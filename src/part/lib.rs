//! A part: what one of several agents that play one load has seen, as a directory of two files.
//!
//! `events.bin` holds every event that the agent told its own ledger, so that all events of all agents can be told to one
//! ledger later. `part.json` says whose events they are, and what is needed to judge them.
//!
//! | file | what it is |
//! |---|---|
//! | `varint` | numbers in as few bytes as they need |
//! | `encode`, `decode` | one event as bytes, and back |
//! | `writer`, `reader` | the log: a head, events, and an end by which a cut file is known |
//! | `manifest` | who the agent was, its clock, and how it did |
//! | `error` | why a part cannot be read or written |

mod decode;
mod encode;
mod error;
mod manifest;
mod reader;
mod varint;
mod writer;

#[cfg(test)]
mod tests;

pub use error::PartError;
pub use manifest::{AgentCost, ClockSample, FORMAT, FaultPart, LockedOutPart, Manifest, Share};
pub use reader::{EventLog, Told};
pub use writer::Recorder;

/// The file of a part that says whose events it holds.
pub const MANIFEST_FILE: &str = "part.json";
/// The file of a part that holds the events.
pub const EVENTS_FILE: &str = "events.bin";
