//! The ZeroMQ bus between peers of its own, strangers, and programs of other people.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod interop;
mod peers;
mod raw;
mod strangers;
mod usage;
