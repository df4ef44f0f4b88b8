//! Tests that take long. Those in `timing` run alone, one after another and last; those in `waiting` a few at a time,
//! beside the crowd of `together`: `make test` sees to it.

#![allow(clippy::print_stderr, clippy::print_stdout, reason = "what a test prints is seen when it fails")]

#[path = "../support/mod.rs"]
mod support;
mod timing;
mod waiting;
