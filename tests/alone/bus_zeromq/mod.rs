//! The ZeroMQ bus: peers that die, hang and come back, bursts, strangers, and programs of other people.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod burst;
mod interop;
mod nodes;
mod peers;
mod raw;
mod strangers;
mod usage;
