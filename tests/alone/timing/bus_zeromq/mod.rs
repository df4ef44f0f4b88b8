//! The ZeroMQ bus under bursts, and nodes that die, hang and come back: what takes how long, and how much memory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod burst;
mod nodes;
