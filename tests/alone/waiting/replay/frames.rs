//! What a node says out of the history is as the AsyncAPI document describes it.

use serde_json::json;

use super::cluster::{Cluster, kill, say};
use crate::support::described::Described;
use crate::support::rabbitmq::RabbitMq;
use crate::support::recorded::Recorded;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_frame_of_a_replay_is_described() {
    let cluster = Cluster::new(RabbitMq::shared().url());
    let (history, node) = (cluster.history(&[]).await, cluster.node().await);
    let mut ada = Recorded::in_room(&node, "Ada", "r").await;
    let publish = json!({"type": "publish", "room": "r", "text": "here", "id": "1"});
    assert_eq!(ada.asks(publish, "ack").await["level"], "confirmed");
    ada.ever("message").await;
    let held = ada.frames.iter().find(|frame| frame["type"] == "message").unwrap()["id"].clone();
    say(&node, "r", "missed", 3).await;

    let mut back = Recorded::on(&node).await;
    let subscribe = json!({"type": "subscribe", "room": "r", "after": held});
    assert_eq!(back.asks(subscribe, "subscribed").await["recovered"], "all");
    let unheard = json!({"type": "subscribe", "room": "r", "after": "00000000000000ad.none", "last": 2});
    assert_eq!(back.asks(unheard, "subscribed").await["recovered"], "part");
    kill(history);
    let unanswered = json!({"type": "subscribe", "room": "r", "after": held});
    assert_eq!(back.asks(unanswered, "subscribed").await["recovered"], "none");

    let replayed = back.frames.iter().filter(|frame| frame["replay"] == true).count();
    assert!(replayed >= 5, "{:?}", back.frames);
    let frames = [ada.frames, back.frames].concat();
    let wrong = Described::read("asyncapi.json").wrong_frames("frame.", &frames);
    assert!(wrong.is_empty(), "{wrong:#?}");
}
