//! The bench from outside: its command line, its files, its exit codes, over real nodes and a real Redis.
//!
//! Nothing here is judged by time, so all of it may run beside other tests. What a bench itself calls too busy a
//! machine is run again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod attached;
mod attendance;
mod cost;
mod disk;
mod faults;
mod interrupted;
mod links;
mod live;
mod output;
mod refusals;
mod repeated;
mod series;
mod transports;
mod usage;
