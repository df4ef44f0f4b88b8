//! Tests over real processes and real brokers that may run side by side: nothing here is judged by time. One
//! program, because each takes seconds to link.

#![allow(clippy::print_stderr, clippy::print_stdout, reason = "what a test prints is seen when it fails")]

mod asyncapi;
mod bench;
mod bench_controls;
mod book;
mod border;
mod bus_amqp;
mod bus_contract;
mod comforts;
mod controls;
mod deployed;
mod dialects;
mod fuzz;
mod guest;
mod history;
mod lab_faults;
mod ledger_model;
mod link_proxy;
mod node;
mod notices;
mod once_more;
mod openapi;
mod page;
mod policy;
mod preflight;
mod presence_watch;
mod report;
mod run;
mod scenarios;
mod schema;
mod share;
mod suite;
#[path = "../support/mod.rs"]
mod support;
mod theirs;
mod trace;
mod warden;
