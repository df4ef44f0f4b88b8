//! Tests that judge time or memory. They run alone, one after another: `make test` sees to it.

#[path = "../support/mod.rs"]
mod support;

#[cfg(target_os = "linux")]
mod node;
