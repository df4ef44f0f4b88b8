//! A broker that takes no message: its own words reach the report and the node's log.

use crate::support::redis::RedisServer;
use crate::support::report::{Bench, short};

#[test]
fn the_words_of_a_broker_that_forbids_to_publish_reach_the_report_and_the_log() {
    // Of what the lab looks at beforehand nothing is forbidden: only the channels of the nodes are.
    let beforehand = "(+publish &pubsub-lab-preflight:*)";
    let may = ["bob", "on", ">pw", "allchannels", "+@all", "-publish", beforehand];
    let server = RedisServer::builder().directive("user", &may).start();
    let broker = format!("redis://bob:pw@127.0.0.1:{}", server.port());
    let ended = Bench::start(&short(""), &["--pattern", "redis", "--broker", &broker]).ended();
    assert_eq!(ended.code, Some(1), "{}", ended.everything());
    let run = ended.report().run("redis");
    let why = run.why();
    assert!(why[0].starts_with("no client ever received a message: none of 36 paths worked"), "{why:?}");
    let words = "NOPERM this user has no permissions to access one of the channels used as arguments";
    let cause = run["reasons"]["causes"][0].as_str().unwrap();
    assert!(cause.starts_with("a node refused a message: rejected: Redis refused: "), "{cause}");
    assert!(cause.contains(words) && cause.ends_with(" times)"), "{cause}");
    let log = std::fs::read_to_string(ended.place.path().join("out/logs/redis/node-0.log")).unwrap();
    let lines: Vec<_> =
        log.lines().filter(|line| line.contains("a publish was refused: rejected: ")).collect();
    // Ten seconds of probes are many refusals and few lines.
    assert!((1..=2).contains(&lines.len()) && lines[0].contains(words), "{lines:?}");
    assert!(lines[0].contains("WARN"), "{lines:?}");
}
