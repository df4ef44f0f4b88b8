//! The AMQP bus against a real RabbitMQ that is cut off and robbed of its queues.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod backfill;
mod deleted;
mod listening;
mod names;
mod network;
mod outbox;
mod unheard;
mod vouched;
