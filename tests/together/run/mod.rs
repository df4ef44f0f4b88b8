//! `pubsub-lab run` at a terminal: somebody breaks things at the prompt and heals them, and leaves nothing behind. And a
//! run that others in the network may join.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod network;
mod prompt;
