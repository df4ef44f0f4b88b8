//! A lab at a broker of the user's: however it ends, it leaves nothing there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::process::{PATIENCE, Running, assert_soon, pubsub_lab};
use crate::support::rabbitmq::RabbitMq;

/// How long what a lab has declared may stay. To look takes RabbitMQ's tools some seconds.
const LEFT: Duration = Duration::from_secs(20);

#[test]
fn a_lab_that_is_killed_leaves_nothing_at_the_users_rabbitmq() {
    let rabbit = RabbitMq::shared();
    for signal in [Signal::SIGKILL, Signal::SIGHUP] {
        let url = rabbit.url();
        let mut lab =
            Running::start(pubsub_lab(&["run", "amqp", "--port", "0", "--nodes", "2", "--broker", &url]));
        lab.err_line("Ctrl-C stops everything");
        let nodes = [0, 1].map(|node| lab.descendant(&format!("--name node-{node}")));
        let live = nodes.each_ref().map(|node| format!(".live.{}", node.id));
        let names = rabbit.names();
        let queue = names.iter().find(|name| name.ends_with(&live[0])).expect("the queue of a node");
        let namespace = queue.strip_suffix(&live[0]).unwrap().to_owned();
        let ours = || {
            let mut names = rabbit.names();
            names.retain(|name| name.starts_with(&namespace));
            names.sort();
            names
        };
        let made = ["", ".history", &live[0], &live[1], ".signals"].map(|name| format!("{namespace}{name}"));
        assert_eq!(ours().len(), made.len(), "{:?}", ours());
        // One that is killed before leaves its queue, too.
        nodes[0].signal(Signal::SIGKILL);
        lab.err_line("node 0 died");
        assert_soon(LEFT, true, || ours().contains(&made[2]));
        lab.signal(signal);
        lab.ended_within(PATIENCE);
        assert_soon(LEFT, Vec::<String>::new(), ours);
    }
}
