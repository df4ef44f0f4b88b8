//! An exchange is deleted while messages pour in: the nodes declare it again, and nobody stays deaf.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::time::Duration;

use futures_util::future::{join, join_all};
use lapin::options::ExchangeDeleteOptions;
use lapin::{Connection, ConnectionProperties};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::support::client::Client;
use crate::support::node::{Node, PATIENCE};
use crate::support::rabbitmq::RabbitMq;
use crate::waiting::replay::cluster::{Cluster, pour};
use crate::waiting::replay::reader::Reader;

/// From the deletion until everybody has heard what was said in between. A round of canaries is two seconds.
const WHOLE_WITHIN: Duration = Duration::from_secs(10);

/// Deletes an exchange of a cluster of three nodes: one whose clients speak, and two whose clients only listen.
async fn deleted(exchange: &str) {
    let cluster = Cluster::new(RabbitMq::shared().url());
    let history = cluster.history(&[]).await;
    let nodes = [cluster.node().await, cluster.node().await, cluster.node().await];
    let mut readers: Vec<_> = (0..6).map(|_| Reader::new("r")).collect();
    for (n, reader) in readers.iter_mut().enumerate() {
        assert_eq!(reader.come(&nodes[n % nodes.len()]).await, "none");
    }
    let connection = Connection::connect(&cluster.broker, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let stop = CancellationToken::new();
    let reading = async {
        join_all(readers.iter_mut().map(async |reader| reader.read(30).await)).await;
        let deleted = Instant::now();
        let exchange = format!("{}{exchange}", cluster.namespace);
        channel.exchange_delete(exchange.into(), ExchangeDeleteOptions::default()).await.unwrap();
        // It is time itself that passes here: the speaker goes on.
        sleep_until(deleted + Duration::from_secs(4)).await;
        stop.cancel();
        deleted
    };
    let (all, deleted) = join(pour(&nodes[0], "r", "Ada", 100, stop.clone()), reading).await;
    let whole = join_all(readers.iter_mut().map(async |reader| reader.until(&all).await));
    let _ = timeout_at(deleted + WHOLE_WITHIN, whole).await;
    for n in 0..readers.len() {
        let missing: Vec<_> = all.difference(&readers[n].texts).collect();
        if !missing.is_empty() {
            let known = history.get("/rooms/r/messages?limit=1000").await.body;
            let stored = missing.iter().filter(|text| known.contains(**text)).count();
            let held: Vec<_> = readers.iter().map(|reader| reader.texts.len()).collect();
            panic!("reader {n} misses {missing:?} of {}; stored: {stored}; held: {held:?}", all.len());
        }
        assert_eq!(readers[n].texts, all);
    }
    // Presence goes through the other exchange.
    for (n, reader) in readers.iter_mut().enumerate() {
        assert!(hears_of_others(reader, &nodes[0]).await, "reader {n} hears of nobody any more");
    }
}

/// Somebody comes to a node, again and again, until a reader hears of it: whoever is deaf is so for ever.
async fn hears_of_others(reader: &mut Reader, node: &Node) -> bool {
    let start = Instant::now();
    for n in 0.. {
        let name = format!("Eve-{n}-{:04x}", rand::random::<u16>());
        let mut client = Client::v1(node).await;
        client.hello(&name).await;
        client.enter("r").await;
        let joined = async {
            while !reader.others.iter().any(|frame| frame["type"] == "joined" && frame["name"] == name) {
                reader.take().await;
            }
        };
        if timeout(Duration::from_millis(500), joined).await.is_ok() {
            return true;
        }
        if start.elapsed() > PATIENCE {
            return false;
        }
    }
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_exchange_of_chat_everybody_hears_everything_within_seconds() {
    deleted("").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_exchange_of_signals_too() {
    deleted(".signals").await;
}
