//! Tests that judge time, or the end of everything. They run alone, one after another: `make test` sees to it.

mod bench_ends;
mod bus_amqp_timing;
mod bus_redis;
mod bus_zeromq;
mod history_broker;
mod lab;
mod lab_amqp;
mod node_end;
mod node_slow;
mod replay;
mod report_large;
#[path = "../support/mod.rs"]
mod support;
mod timing;
