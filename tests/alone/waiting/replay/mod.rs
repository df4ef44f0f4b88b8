//! What a client missed, from outside: real RabbitMQ, the history as a process, nodes as processes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod away;
mod broken;
pub mod cluster;
mod controls;
mod frames;
mod http;
mod page;
mod presence;
pub mod reader;
mod slow;
mod whisper;
