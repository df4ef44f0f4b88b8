//! One node from outside: HTTP and the page, both dialects, and clients that break the rules.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

pub mod api;
mod chat;
mod gaps;
mod hostile;
mod http;
mod identity;
mod no_frames;
mod page;
mod plain;
pub mod presence;
mod sessions;
mod v1;
