//! An exchange is deleted while messages pour in: the nodes declare it again, and nobody stays deaf.

use std::time::Duration;

use futures_util::future::{join, join_all};
use lapin::options::ExchangeDeleteOptions;
use lapin::{Connection, ConnectionProperties};
use serde_json::json;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::cluster::{Cluster, pour, until_ready};
use crate::reader::Reader;
use crate::support::client::Client;
use crate::support::node::Node;
use crate::support::process::PATIENCE;
use crate::support::rabbitmq::RabbitMq;

/// From the deletion until everybody has heard what was said in between. A round of canaries is two seconds.
const WHOLE_WITHIN: Duration = Duration::from_secs(10);

/// Deletes an exchange of a cluster of three nodes: one whose clients speak, and two whose clients only listen.
async fn deleted(exchange: &str) {
    let cluster = Cluster::new(RabbitMq::shared().url());
    let _history = cluster.history(&[]).await;
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
    for (n, reader) in readers.iter_mut().enumerate() {
        let left = WHOLE_WITHIN.saturating_sub(deleted.elapsed());
        if timeout(left, reader.until(&all)).await.is_err() {
            panic!("reader {n} has {} of {}", reader.texts.len(), all.len());
        }
        assert_eq!(reader.texts, all);
    }
    // Presence and the counts of members go through the other exchange.
    for node in &nodes {
        until_ready(node).await;
    }
    timeout(PATIENCE, counted(&nodes)).await.expect("a node does not hear the others");
}

/// A client that comes is told of the members on all nodes.
async fn counted(nodes: &[Node]) {
    for node in nodes {
        loop {
            let mut client = Client::v1(node).await;
            client.say(json!({"type": "subscribe", "room": "r"})).await;
            let members = client.frame_of("subscribed").await["members"].as_u64().unwrap();
            if members >= 7 {
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_exchange_of_chat_everybody_hears_everything_within_seconds() {
    deleted("").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_exchange_of_signals_too() {
    deleted(".signals").await;
}
