//! The things that the black-box tests share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "each test target uses a part")]

pub mod amqp_bus;
pub mod browser;
pub mod chat;
pub mod chat_page;
pub mod client;
pub mod described;
pub mod events;
pub mod faulty;
pub mod history;
pub mod link_rig;
pub mod load;
pub mod node;
pub mod path_proxy;
pub mod people;
pub mod plain;
pub mod polling;
pub mod ports;
pub mod process;
pub mod prompted;
pub mod python;
pub mod rabbitmq;
pub mod recorded;
pub mod redis;
pub mod redis_bus;
pub mod report;
pub mod terminal;
pub mod token;
pub mod validator;
pub mod zeromq_bus;
