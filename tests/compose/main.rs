//! The containers of `docker-compose.yml`, as their users have them: `make test-compose`. It needs root, and is no part of
//! `make test`. `run.sh` makes the images and starts the engine that these tests use.

#![allow(clippy::print_stderr, clippy::print_stdout, reason = "what a test prints is seen when it fails")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

#[path = "../support/mod.rs"]
mod support;

mod balance;
mod deployment;
mod http;
mod image;
mod managed;
mod observed;
mod project;
mod refusals;
mod stack;
mod steadfast;
mod talk;
mod tls;
