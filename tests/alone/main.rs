//! Tests that are not to run beside the crowd of `together`. Those that judge time run alone, one after another, and
//! those in `waiting` a few at a time: `make test` sees to it.

#![allow(clippy::print_stderr, clippy::print_stdout, reason = "what a test prints is seen when it fails")]

mod bench_ends;
mod burst;
mod bus_amqp_timing;
mod bus_zeromq;
mod node_slow;
mod report_large;
#[path = "../support/mod.rs"]
mod support;
mod timing;
mod torn;
mod waiting;
