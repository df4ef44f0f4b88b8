//! The bus goes away and comes back: what clients are told, and that nobody seems to have gone.

use serde_json::json;

use super::*;
use crate::support::client::Client;

#[tokio::test]
async fn a_broker_that_dies_and_returns_is_told_with_the_gap_and_nobody_has_left() {
    let mut cluster = Cluster::redis(3, &[]).await;
    let mut observers = Vec::new();
    for (n, node) in cluster.nodes.iter().enumerate() {
        observers.push(Observer::on(node, &format!("o{n}"), "r").await);
    }
    for observer in &mut observers {
        observer.people_are(&["o0", "o1", "o2"]).await;
        observer.take_seen();
    }
    let mut idle = Someone::on(&cluster.nodes[0], "Idle").await;
    let mut redis = cluster.redis.take().unwrap();
    redis.kill();
    let mut downs = Vec::new();
    for observer in &mut observers {
        let bus = observer.frame_of("bus").await;
        assert_eq!(bus["state"], "down", "{bus}");
        downs.push(bus["since"].as_u64().unwrap());
    }
    assert_eq!(idle.client.frame_of("bus").await["state"], "down", "who is in no room is told too");
    // Who comes now is told at once.
    let mut late = Client::v1(&cluster.nodes[0]).await;
    late.say(json!({"type": "hello", "name": "Late"})).await;
    assert_eq!(late.frame().await["type"], "welcome");
    let bus = late.frame().await;
    assert_eq!(bus, json!({"type": "bus", "state": "down", "since": downs[0]}));
    // Longer than a node may be silent while the bus is up.
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    redis.restart();
    for (observer, down) in observers.iter_mut().zip(&downs) {
        let bus = observer.frame_of("bus").await;
        assert_eq!(bus["state"], "up", "{bus}");
        assert!(bus["since"].as_u64().unwrap() > *down, "{bus}");
        let gap = observer.frame_of("gap").await;
        assert_eq!(gap["room"], "r");
        assert!(gap["since"].as_u64().unwrap() <= *down, "{gap} {down}");
        assert!(gap["reason"].as_str().unwrap().contains("bus was down"), "{gap}");
    }
    // Frames that come after a publish prove that no other came before it.
    let mut marker = Someone::on(&cluster.nodes[1], "Marker").await;
    marker.enter("r").await;
    for observer in &mut observers {
        observer.sees("+Marker").await;
        assert_eq!(observer.take_seen(), ["+Marker"], "nobody left, nobody came");
    }
    idle.client.say(json!({"type": "what"})).await;
    assert_eq!(idle.client.frame().await["state"], "up");
    assert_eq!(idle.client.frame().await["type"], "error", "no gap for who is in no room");
}

#[tokio::test]
async fn who_joins_while_the_broker_is_away_is_counted_when_it_is_back() {
    let mut cluster = Cluster::redis(2, &[]).await;
    let mut observer = Observer::on(&cluster.nodes[0], "o", "r").await;
    let mut leaver = Someone::on(&cluster.nodes[1], "Leaver").await;
    leaver.enter("r").await;
    observer.sees("+Leaver").await;
    let mut redis = cluster.redis.take().unwrap();
    redis.kill();
    observer.frame_of("bus").await;
    leaver.client.say(json!({"type": "unsubscribe", "room": "r"})).await;
    leaver.client.frame_of("unsubscribed").await;
    let mut joiner = Someone::on(&cluster.nodes[1], "Joiner").await;
    joiner.client.say(json!({"type": "subscribe", "room": "r"})).await;
    assert_eq!(joiner.client.frame_of("error").await["code"], "bus_down");
    redis.restart();
    joiner.client.frame_of("subscribed").await;
    observer.sees("+Joiner").await;
    observer.sees("-Leaver").await;
    observer.people_are(&["o", "Joiner"]).await;
}

#[tokio::test]
async fn a_node_that_dies_while_the_broker_is_away_is_forgotten_after_its_return() {
    let mut cluster = Cluster::redis(2, &[]).await;
    let mut observer = Observer::on(&cluster.nodes[0], "o", "r").await;
    let mut gone = Someone::on(&cluster.nodes[1], "Gone").await;
    gone.enter("r").await;
    observer.sees("+Gone").await;
    let mut redis = cluster.redis.take().unwrap();
    redis.kill();
    observer.frame_of("bus").await;
    cluster.kill(1);
    redis.restart();
    observer.sees("-Gone").await;
}
