//! The AMQP bus against a real RabbitMQ that is killed, stopped and cut off under load: what takes how long.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod hung;
#[path = "../../../together/bus_amqp/network.rs"]
mod network;
mod outage;
mod pace;
mod traffic;
