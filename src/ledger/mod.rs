//! What the load generator knows: who was owed which message, and what became of each debt.
//!
//! Pure: events in, counts and a verdict out. No tokio, no clock, no sockets. Every time is a [`Duration`]
//! since the run's own zero.

mod plan;

pub use plan::Plan;
