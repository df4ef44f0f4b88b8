//! Nodes of ours that already run, measured by their addresses alone.

use crate::support::node::Node;
use crate::support::process::{Running, pubsub_lab};
use crate::support::redis::RedisServer;
use crate::support::report::{conclusive, short};

/// Half of the subscribers are away for half a second.
const AWAY: &str = "[[fault]]\nat = \"1s\"\nfor = \"500ms\"\nleave = \"50%\"\n";

#[test]
fn who_comes_back_to_a_pattern_without_a_history_is_not_said_to_lack_a_replay() {
    let scenario = short(AWAY).replace("nodes = 3", "nodes = 1");
    let redis = RedisServer::start();
    let broker = redis.url();
    let command = pubsub_lab(&["node", "redis", "--listen", "127.0.0.1:0", "--broker", &broker]);
    let running = Running::start(command);
    let line = running.out_line("listening http://");
    let local = Node::start(&[]);
    for address in [line.rsplit_once('/').unwrap().1.to_owned(), local.address.to_string()] {
        let url = format!("ws://{address}");
        let run = conclusive(&scenario, &["--url", &url, "--dialect", "v1"]).run("attached", 0);
        assert!(run.count("lost_offline") > 0, "{:#}", run.brief());
        assert!(!run.why().iter().any(|why| why.contains("replayed")), "{:?}", run.why());
    }
}
