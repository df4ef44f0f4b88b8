//! However a bench ends, nothing of it is left.

use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::process::{PATIENCE, Seen, eventually};
use crate::support::report::{Bench, endless, short};

/// What is promised after Ctrl-C.
const ORDERLY: Duration = Duration::from_secs(3);
/// What is promised after SIGKILL.
const KILLED: Duration = Duration::from_secs(5);

/// A bench over Redis that would go on for a minute, in its load.
fn loaded() -> (Bench, Vec<Seen>) {
    let bench = Bench::start(&endless(""), &[]);
    bench.err_line("  load (1m)");
    let everything = bench.descendants();
    assert_eq!(everything.len(), 5, "warden, redis, three nodes: {everything:#?}");
    (bench, everything)
}

#[test]
fn ctrl_c_ends_it_in_good_order_and_what_was_measured_is_told() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let (mut bench, everything) = loaded();
        bench.signal(signal);
        assert_eq!(bench.running().ended_within(ORDERLY).code(), Some(130), "{}", bench.everything());
        // When the bench has ended, so has the rest.
        bench.place().assert_nothing_left(&everything, Duration::ZERO);
        bench.err_line("stopping; Ctrl-C again ends at once");
        bench.err_line("report: out/report.html");
        assert!(!bench.everything().contains("error: "), "{}", bench.everything());
        assert!(bench.out()[3..].concat().contains("redis: partial: interrupted "), "{:?}", bench.out());
    }
}

#[test]
fn ctrl_c_twice_ends_it_at_once() {
    let (mut bench, everything) = loaded();
    // Who stands still is waited for in good order.
    bench.descendant("--name node-1").signal(Signal::SIGSTOP);
    bench.signal(Signal::SIGINT);
    bench.err_line("stopping; Ctrl-C again ends at once");
    bench.signal(Signal::SIGINT);
    assert_eq!(bench.running().ended_within(ORDERLY).code(), Some(130), "{}", bench.everything());
    bench.err_line("error: interrupted");
    assert_eq!(bench.out(), Vec::<String>::new());
    bench.place().assert_nothing_left(&everything, KILLED);
}

#[test]
fn ctrl_c_while_it_starts_leaves_nothing() {
    for count in 1..=4 {
        let scenario = format!("patterns = [\"redis\"]\n{}", short(""));
        let mut bench = Bench::start(&scenario, &[]);
        let mut seen = Vec::new();
        assert!(eventually(PATIENCE, || {
            seen = bench.descendants();
            seen.len() >= count
        }));
        bench.signal(Signal::SIGINT);
        assert_eq!(bench.running().ended_within(ORDERLY).code(), Some(130), "{}", bench.everything());
        bench.place().assert_nothing_left(&seen, Duration::ZERO);
    }
}

#[test]
fn a_killed_bench_leaves_nothing() {
    let (mut bench, everything) = loaded();
    // One that stands still can do nothing about it by itself.
    bench.descendant("--name node-1").signal(Signal::SIGSTOP);
    bench.signal(Signal::SIGKILL);
    bench.running().ended_within(PATIENCE);
    bench.place().assert_nothing_left(&everything, KILLED);
}

#[test]
fn a_bench_that_is_killed_during_an_outage_leaves_nothing() {
    let fault = "[[fault]]\nat = \"100ms\"\nfor = \"20s\"\nkill = \"broker\"\n";
    let scenario = endless(fault);
    for (signal, code, limit) in [(Signal::SIGINT, Some(130), ORDERLY), (Signal::SIGKILL, None, KILLED)] {
        let mut bench = Bench::start(&scenario, &[]);
        bench.err_line("kill broker");
        let everything = bench.descendants();
        bench.signal(signal);
        assert_eq!(bench.running().ended_within(limit).code(), code);
        bench.place().assert_nothing_left(&everything, KILLED);
    }
}

#[test]
fn a_dead_warden_ends_the_bench() {
    let (mut bench, everything) = loaded();
    bench.descendant(" warden").signal(Signal::SIGKILL);
    bench.err_line("error: the warden died, so everything was stopped");
    assert_eq!(bench.running().ended_within(PATIENCE).code(), Some(4));
    bench.place().assert_nothing_left(&everything, Duration::ZERO);
}
