//! How soon a page says that the broker is away, once its node knows.

use super::median;
use crate::support::browser::Browser;
use crate::support::chat_page::STATE;
use crate::support::client::Client;
use crate::support::node::Node;
use crate::support::process::{Running, pubsub_lab};
use crate::support::redis::RedisServer;

/// The longest that half of the times may be, in milliseconds. A page that asks its node now and then takes seconds.
const MEDIAN_MS: i64 = 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_says_at_once_that_the_broker_is_away() {
    let mut redis = RedisServer::start();
    let running =
        Running::start(pubsub_lab(&["node", "redis", "--listen", "127.0.0.1:0", "--broker", &redis.url()]));
    let address = running.out_line("listening http://").rsplit_once('/').unwrap().1.parse().unwrap();
    let node = Node { running, address };
    let mut witness = Client::v1_in(&node, "lobby").await;
    let browser = Browser::start().await;
    let window = browser.open(&format!("http://{}/", node.address)).await;
    window.until(STATE, "online").await;
    window
        .run(
            "const status = document.getElementById('status');
             let before = '';
             window.away = [];
             new MutationObserver(() => {
                 if (status.dataset.state === 'broker' && before !== 'broker') window.away.push(Date.now());
                 before = status.dataset.state;
             }).observe(status, { attributeFilter: ['data-state'] });",
        )
        .await;
    let mut took = Vec::new();
    for round in 1..=5 {
        redis.kill();
        window.until("return window.away.length", round).await;
        let shown = window.run("return window.away.at(-1)").await.as_i64().unwrap();
        let bus = witness.frame_of("bus").await;
        assert_eq!(bus["state"], "down");
        // Both clocks are this machine's.
        took.push(shown - bus["since"].as_i64().unwrap());
        redis.restart();
        assert_eq!(witness.frame_of("bus").await["state"], "up");
        window.until(STATE, "online").await;
    }
    println!("from the node's knowledge to the page's words, in ms: {took:?}");
    assert!(took.iter().all(|time| *time >= 0) && median(took.clone()) < MEDIAN_MS, "{took:?}");
    assert_eq!(browser.end(), []);
}
