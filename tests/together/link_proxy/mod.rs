//! The link proxy: each condition by bytes and by time. Lower bounds hold by construction and are tight; upper
//! bounds leave room for a busy machine, and still tell right from wrong.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod blackhole;
mod cut;
mod limit;
mod plain;
mod several;
mod slice;
mod storm;
