//! The history service from outside: a process, a real RabbitMQ, an SQLite file, HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod api;
mod database;
mod durable;
mod kept;
mod usage;

use crate::support::history::Place;
use crate::support::rabbitmq::RabbitMq;

/// A place of one's own at the broker that all tests share.
fn place() -> Place {
    Place::new(RabbitMq::shared().url())
}
