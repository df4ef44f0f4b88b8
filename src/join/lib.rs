//! The parts of one load become one ledger.
//!
//! Counts need no clock: each part is told with its own begin at the run's begin, so that everything inside one agent is
//! exact. What lies between two agents is measured as an interval, from what is known of their clocks.
//!
//! | file | what it is |
//! |---|---|
//! | `clock` | how far an agent's clock is from another, as an interval that holds the truth |
//! | `parts` | the parts, read and held against each other; `error` says why they do not belong together |
//! | `offsets` | the clock of every agent, from round trips and from the messages themselves |
//! | `between` | latency between agents, and the debts whose class depends on a clock |
//! | `union` | all events of all agents, told to one ledger |

mod between;
mod clock;
mod error;
mod offsets;
mod parts;
mod union;

pub use between::Between;
pub use error::JoinError;
pub use parts::Parts;
pub use union::{Joined, join};
