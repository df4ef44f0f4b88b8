//! The conditions of the link proxy that are made of time. Lower bounds hold by construction and are tight; upper
//! bounds leave room for a busy machine, and still tell right from wrong.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod delay;
mod latency;
mod throttle;
