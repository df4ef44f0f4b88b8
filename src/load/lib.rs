//! The load: publishers and subscribers, and the open-loop schedule that they keep.
//!
//! The clients speak over WebSockets in the dialect that they are told; subscribers may hear over HTTP instead. They share
//! no code with what they measure.
//!
//! | file | what it is |
//! |---|---|
//! | `settings`, `error` | what the load is asked for, and why there may be none |
//! | `agent`, `cross` | a load generator that is one of several, and what it still expects of the others |
//! | `text` | identity is in the text: written, read, judged |
//! | `dialect` | how a server is spoken to: plain, `pubsub-lab.v1`, or as a template says |
//! | `knock`, `detect` | whether a server opens a WebSocket, and which dialect it speaks, found out by asking it |
//! | `codec` | the frames of `pubsub-lab.v1`, as a client sees them |
//! | `pacer` | the thread that keeps the schedule |
//! | `backlog` | what a publisher still has to send, and may have to send again |
//! | `publisher`, `subscriber` | the clients |
//! | `ear` | what a subscriber makes of what it hears |
//! | `line` | how a subscriber hears: over a WebSocket, `events` or `polls` |
//! | `http`, `events`, `polls` | requests over one connection; a stream of events; asking again and again |
//! | `traffic` | what passes over the subscribers' connections |
//! | `observer` | a subscriber that watches who is said to be in its room |
//! | `address`, `dial`, `introduction`, `socket`, `stream` | how a client gets a connection, and the next |
//! | `rehearsal`, `silence` | probes and warm-up; a probe in which no message reached anybody |
//! | `refusal`, `ending` | why a client was not let in, and how a connection ended |
//! | `roster` | who is connected, and where; who is out, since when and why |
//! | `locked_out` | a client that is to be connected and is not |
//! | `troubles` | what went wrong while clients connected |
//! | `attendance` | who leaves and joins on purpose |
//! | `slow` | who reads slowly on purpose |
//! | `storm` | who drops its connection on purpose and comes back at once |
//! | `health` | what the load generator measures about itself |
//! | `clauses` | clauses that come again and again, counted |
//! | `crowd`, `engine` | the threads in which the clients run; a thread with a runtime of its own |

mod address;
mod agent;
mod attendance;
mod backlog;
mod clauses;
mod clock;
mod codec;
mod cross;
mod crowd;
mod detect;
mod dial;
mod dialect;
mod ear;
mod ending;
mod engine;
mod error;
mod events;
mod generator;
mod health;
mod http;
mod introduction;
mod knock;
mod line;
mod locked_out;
mod observer;
mod pacer;
mod polls;
mod publisher;
mod refusal;
mod rehearsal;
mod roster;
mod run;
mod settings;
mod silence;
mod slow;
mod socket;
mod storm;
mod stream;
mod subscriber;
mod text;
mod traffic;
mod troubles;

pub use agent::Agent;
pub use clock::LoadClock;
pub use detect::detect;
pub use dialect::{Dialect, Template};
pub use error::LoadError;
pub use generator::LoadGenerator;
pub use knock::knock;
pub use locked_out::LockedOut;
pub use settings::Settings;
pub use silence::Silence;
