//! Brokers that the lab itself starts in containers, on a machine without their servers.

use std::process::Command;

use nix::sys::signal::Signal;

use super::project::{docker, said, succeeded, wait_until};
use crate::support::process::{Running, pubsub_lab};

/// `pubsub-lab` with these arguments, on a machine that seems to have no server of a broker.
fn without_servers(arguments: &[&str]) -> Command {
    let mut command = pubsub_lab(arguments);
    // A variable that is empty says that there is no such program.
    command.env("PUBSUB_LAB_REDIS_SERVER", "").env("PUBSUB_LAB_RABBITMQ_SERVER", "");
    command
}

/// The containers that the lab has made, by their names.
fn containers() -> Vec<String> {
    let names = docker(&["ps", "--all", "--filter", "name=^pubsub-lab-", "--format", "{{.Names}}"]);
    names.lines().map(str::to_owned).collect()
}

/// Runs a scenario over a pattern, whose expectations are met.
#[track_caller]
fn bench(scenario: &str, pattern: &str) {
    let out = tempfile::tempdir().unwrap();
    let place = out.path().to_str().unwrap();
    let arguments = ["bench", "--scenario", scenario, "--pattern", pattern, "--rate", "50", "--out", place];
    let output = without_servers(&arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let mut find = Command::new("find");
    find.args([place, "-name", "docker.log"]);
    assert_ne!(succeeded(find), "", "the broker was no container: {}", said(&output));
    assert_eq!(containers(), [""; 0], "after the end of the bench");
}

#[test]
fn a_redis_in_a_container_is_killed_and_comes_back() {
    bench("broker-down", "redis");
}

#[test]
fn a_rabbitmq_in_a_container_is_killed_and_comes_back() {
    bench("broker-down", "amqp");
}

#[test]
fn a_broker_in_a_container_does_not_outlive_a_killed_lab() {
    let mut lab = Running::start(without_servers(&["run", "redis", "--nodes", "2", "--port", "8100"]));
    wait_until("a Redis in a container", || containers().len() == 1);
    lab.out_line("http://");
    lab.signal(Signal::SIGKILL);
    lab.ended_within(super::project::PATIENCE);
    wait_until("the end of its container", || containers().is_empty());
}
