//! Long runs that are no part of `make test`: `make soak`.
//!
//! `SOAK_SEED` repeats a run (the seed is in the output), `SOAK_SECONDS` sets the length of the random one.

#![allow(clippy::print_stderr, clippy::print_stdout, reason = "what a test prints is seen when it fails")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

#[path = "../support/mod.rs"]
mod support;

mod chaos;
mod seeds;

/// The seed of this soak: `SOAK_SEED`, or a random one.
fn seed() -> u64 {
    let given = std::env::var("SOAK_SEED").ok();
    given.map_or_else(rand::random, |text| text.parse().expect("SOAK_SEED is a number"))
}
