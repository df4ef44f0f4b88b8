//! The way of single messages of a run: as `report.json` has it, and how it is told from what the clients saw, joined
//! with what the processes traced.
//!
//! | file | what it is |
//! |---|---|
//! | `diagram` | the data: lines, and arrows between them |
//! | `tell` | three messages of a run, each from its testimony to its diagram |
//! | `traces` | the files that the processes wrote, and what they say of one message |
//! | `began` | when the measured load began, on the clock of the traces |
//! | `outage` | what was broken, where and when |
//! | `scene` | what is known of a message beside its testimony |
//! | `party` | who shares a line of the diagram |
//! | `canvas` | lines and arrows, while they are drawn |
//! | `way` | from the publisher to the nodes, and the answer back |
//! | `seen` | the way of a message without a trace: from what the clients saw alone |
//! | `last_mile` | from the nodes to the subscribers |
//!
//! The load gives a message its number in the run as its id, and a node puts the session before it, with a dot: so
//! a line of a trace belongs to the message in whose number its id ends, if the room is right.

mod began;
mod canvas;
mod diagram;
mod last_mile;
mod outage;
mod party;
mod scene;
mod seen;
mod tell;
mod traces;
mod way;

#[cfg(test)]
mod tests;

pub use began::Began;
pub use diagram::{Arrow, Carries, Choice, Lane, LaneKind, Story};
pub use tell::{Sources, tell};
pub use traces::{history_trace, node_trace};
