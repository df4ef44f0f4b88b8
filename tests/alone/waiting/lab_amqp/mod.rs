//! A RabbitMQ of the lab's own, and one of somebody else's: real ones, as they die, come back and are left.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod ends;
mod lab;
mod private;
mod prompt;
mod start;
mod story;
use std::time::Duration;

/// What is promised after Ctrl-C.
const ORDERLY: Duration = Duration::from_secs(3);
/// What the lab promises when it ends in whatever way.
const KILLED: Duration = Duration::from_secs(5);
/// How long a RabbitMQ may take on a machine that does something else as well.
const BOOT: Duration = Duration::from_secs(60);
