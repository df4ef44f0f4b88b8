//! A server that never lets a client in again: a run waits for the client, and then the server is to blame.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::collections::HashMap;

use crate::support::faulty::{Ban, Each, End, Faults, FaultyServer, Harm};
use crate::support::report::Bench;

const SCENARIO: &str = "
title = \"Thrown out for good\"
[load]
publishers = 1
subscribers = 3
rate = 100
warm_up = \"100ms\"
duration = \"1200ms\"
drain = \"1s\"
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_never_lets_a_client_back_in_is_violated() {
    let end = Harm { end: Some((Each(60), End::Close(4002, "out"))), ..Harm::default() };
    let harm = HashMap::from([(1, end)]);
    let faults = Faults { harm, ban: Some(Ban::Close), cut_publisher_at: Some((0, 90)), ..Faults::default() };
    let server = FaultyServer::start(2, faults).await;
    let urls = server.urls();
    let args = ["--url", &urls[0], "--url", &urls[1]];
    let run = tokio::task::block_in_place(|| Bench::start(SCENARIO, &args).ended()).run("attached", 1);
    assert_eq!(run["verdict"], "violated", "{:#}", run.brief());
    for client in ["publisher 0", "subscriber 1"] {
        let says = format!("{client} was not let back in for 6");
        let named = |why: &&str| {
            why.starts_with(&says) && why.ends_with(" s: closed with 4001 before it said welcome: banned")
        };
        assert!(run.why().iter().any(named), "{:?}", run.why());
    }
}
