//! The barrier: where several agents of one load meet before they connect, before the load and at its end, and ask for the
//! time of one clock.
//!
//! One agent serves it, and all of them call, that one too. Calls and answers are lines of JSON over TCP; an agent has one
//! connection over which it meets the others, and one over which it asks for the time.

mod caller;
mod line;
mod served;
mod words;

pub(crate) use caller::{Caller, Calls};
pub(crate) use served::{Barrier, Rules};
