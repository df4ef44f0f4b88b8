//! Readers over HTTP that were away, or come to another node: what the node does not hold comes out of the history.

use serde_json::json;

use super::cluster::{Cluster, kill, say};
use crate::support::client::Client;
use crate::support::events::Events;
use crate::support::polling::{poll, texts};
use crate::support::rabbitmq::RabbitMq;

const EVENTS: &str = "/api/rooms/r/events";

/// Where the room is read after this place.
fn after(place: &str) -> String {
    format!("/api/rooms/r/messages?after={place}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_whose_node_died_goes_on_at_another_with_nothing_missing_and_nothing_twice() {
    let cluster = Cluster::new(RabbitMq::shared().url());
    let (_history, first, second) = (cluster.history(&[]).await, cluster.node().await, cluster.node().await);
    let mut reader = Events::open(first.address, EVENTS, "").await;
    reader.next_of("subscribed").await;
    say(&second, "r", "before", 3).await;
    assert_eq!(reader.texts(2).await, ["before 0", "before 1"]);
    let held = reader.next_of("message").await;
    let last = held.id.unwrap();
    kill(first);
    assert!(reader.next().await.is_none());
    let missed: Vec<_> = (0..80).map(|n| format!("missed {n}")).collect();
    say(&second, "r", "missed", 80).await;

    let mut again = Events::open(second.address, EVENTS, &format!("last-event-id: {last}\r\n")).await;
    // A replay may begin a little before the message that is named: who reads drops by the id what it holds.
    let mut came = Vec::new();
    let subscribed = loop {
        let event = again.next().await.unwrap();
        match &*event.kind {
            "message" => {
                assert_eq!(event.data["replay"], true, "{event:?}");
                came.push(event.data["text"].as_str().unwrap().to_owned());
            }
            _ => break event,
        }
    };
    assert_eq!((&*subscribed.kind, &subscribed.data["recovered"]), ("subscribed", &json!("all")));
    came.retain(|text| !text.starts_with("before"));
    assert_eq!(came, missed);
    let mut ada = Client::v1_in(&second, "r").await.patient();
    ada.publish("r", "live").await;
    let live = again.next().await.unwrap().data;
    assert_eq!((&live["text"], live.get("replay")), (&json!("live"), None));

    // Who polls is brought the same, and goes on at that node.
    let answer = poll(&second, &after(&last)).await;
    let got: Vec<_> = texts(&answer).into_iter().filter(|text| !text.starts_with("before")).collect();
    assert_eq!(got, [missed.iter().map(String::as_str).collect(), vec!["live"]].concat());
    assert_eq!(answer["recovered"], "all");
    let next = poll(&second, &after(answer["next"].as_str().unwrap())).await;
    assert_eq!((texts(&next).len(), &next["recovered"]), (0, &json!("all")));
    // Of a message that nobody knows the node tells what it has.
    assert_eq!(poll(&second, &after("api.never")).await["recovered"], "part");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_one_answer_holds_comes_in_several() {
    let cluster = Cluster::new(RabbitMq::shared().url());
    let (_history, node) = (cluster.history(&[]).await, cluster.node().await);
    let mut reader = Events::open(node.address, EVENTS, "").await;
    reader.next_of("subscribed").await;
    say(&node, "r", "a", 1).await;
    let first = reader.next_of("message").await.id.unwrap();
    drop(reader);
    kill(node);
    let node = cluster.node().await;
    say(&node, "r", "b", 2_300).await;
    let (mut place, mut got, mut answers) = (first, Vec::new(), 0);
    while !got.contains(&"b 2299".to_owned()) {
        let answer = poll(&node, &after(&place)).await;
        assert_eq!(answer["recovered"], "all", "{got:?}");
        got.extend(texts(&answer).into_iter().map(str::to_owned));
        place = answer["next"].as_str().unwrap().to_owned();
        answers += 1;
    }
    let mut seen = std::collections::BTreeSet::new();
    got.retain(|text| text.starts_with('b') && seen.insert(text.clone()));
    let said: Vec<_> = (0..2_300).map(|n| format!("b {n}")).collect();
    assert_eq!(got, said);
    assert!((3..10).contains(&answers), "{answers}");
}
