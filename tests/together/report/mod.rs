//! The files that a report leaves, read back by those for whom they are, and the command that reads reports.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod compare;
mod files;
mod hlog;
mod literal;
mod merge;
mod once;
mod usage;
