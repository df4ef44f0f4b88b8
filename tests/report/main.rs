//! The files that a report leaves, read back by those for whom they are, and the command that reads reports.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod compare;
mod files;
mod hlog;
mod large;
mod literal;
mod merge;
mod once;
mod usage;
