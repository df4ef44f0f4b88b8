//! The load: publishers and subscribers, and the open-loop schedule that they keep.
//!
//! Speaks WebSocket only, in dialect `pubsub-lab.v1`, and shares no code with what it measures.
//!
//! | file | what it is |
//! |---|---|
//! | `text` | identity is in the text: written, read, judged |
//! | `codec` | the frames of the dialect, as a client sees them |
//! | `pacer` | the thread that keeps the schedule |
//! | `backlog` | what a publisher still has to send, and may have to send again |
//! | `publisher`, `subscriber` | the clients |
//! | `dial`, `socket` | how a client gets a connection, and the next |
//! | `rehearsal` | probes and warm-up |
//! | `roster` | who is connected, and where |
//! | `attendance` | who leaves and joins on purpose |
//! | `health` | what the load generator measures about itself |
//! | `engine` | a thread with a runtime of its own |

mod attendance;
mod backlog;
mod clock;
mod codec;
mod dial;
mod engine;
mod generator;
mod health;
mod pacer;
mod publisher;
mod rehearsal;
mod roster;
mod run;
mod socket;
mod subscriber;
mod text;

pub use generator::{LoadError, LoadGenerator, Settings};
