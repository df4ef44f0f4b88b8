//! Tests that judge time, rate or memory. They run alone, one after another; one that fails runs once more by itself,
//! and is named if it passes then: `make test` sees to it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod bench;
mod bench_ends;
mod burst;
mod bus_amqp;
mod bus_zeromq;
mod controls;
mod link_proxy;
#[cfg(target_os = "linux")]
mod node;
mod node_slow;
mod page_broker;
mod page_many;
mod replay;
mod report_large;
mod slow;

/// The median of an odd number of measurements: one that a neighbour on the machine has spoilt does not count.
fn median<T: Ord>(measured: impl IntoIterator<Item = T>) -> T {
    let mut measured: Vec<_> = measured.into_iter().collect();
    measured.sort();
    let middle = measured.len() / 2;
    measured.swap_remove(middle)
}
