//! What strangers hand in, changed at random: whatever it is, it is read or refused, and nothing panics or hangs.
//!
//! `PUBSUB_LAB_FUZZ_SECONDS` sets how long each kind is tried, and `PUBSUB_LAB_FUZZ_SEED` repeats what a failure names.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod dialects;
mod envelopes;
mod hunt;
mod mutate;
mod reports;
mod scenarios;
