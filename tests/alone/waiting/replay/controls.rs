//! What the reader of these tests would notice.

use serde_json::json;

use super::cluster::{Cluster, say};
use super::reader::Reader;
use crate::support::client::Client;
use crate::support::node::Node;
use crate::support::rabbitmq::RabbitMq;

#[tokio::test]
#[should_panic(expected = "held already, and came live")]
async fn control_a_second_live_copy_is_noticed() {
    // A pattern that shows second copies.
    let node = Node::start(&[]);
    let mut reader = Reader::new("r");
    assert_eq!(reader.come(&node).await, "none");
    let mut speaker = Client::v1(&node).await;
    for _ in 0..2 {
        speaker.say(json!({"type": "publish", "room": "r", "text": "again", "id": "1"})).await;
    }
    reader.take().await;
    loop {
        reader.take().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn control_who_does_not_say_what_it_holds_misses_what_was_said() {
    let cluster = Cluster::new(RabbitMq::shared().url());
    let (_history, node) = (cluster.history(&[]).await, cluster.node().await);
    let mut reader = Reader::new("r");
    reader.come(&node).await;
    reader.until(&say(&node, "r", "before", 1).await).await;
    reader.go();
    let missed = say(&node, "r", "missed", 1).await;
    let held = reader.last.take();
    assert_eq!(reader.come(&node).await, "none");
    reader.until(&say(&node, "r", "after", 1).await).await;
    assert!(missed.is_disjoint(&reader.texts));
    // And who does, gets it.
    assert_eq!(reader.ask(held).await, "all");
    assert!(missed.is_subset(&reader.recovered));
}
