//! Tests over whole clusters and brokers that boot: they mostly wait, so `make test` runs a few at a time, beside the
//! crowd of `together`.

mod amqp_rights;
mod bus_amqp_alarm;
mod bus_redis;
mod bus_zeromq;
mod history_broker;
mod lab;
mod lab_amqp;
mod locked_out;
mod node_end;
mod pages;
mod patterns;
pub mod replay;
mod torn;
