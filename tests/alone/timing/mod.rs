//! Tests that judge time or memory. They run alone, one after another: `make test` sees to it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod bench;
#[cfg(target_os = "linux")]
mod node;
