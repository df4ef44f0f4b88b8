//! Readers over HTTP while the broker is away, and on another node.

use serde_json::json;

use super::super::presence::redis_node;
use super::{tale, told};
use crate::support::client::Client;
use crate::support::events::Events;
use crate::support::polling::{poll, texts};
use crate::support::redis::RedisServer;

const ROOM: &str = "/api/rooms/r";

#[tokio::test]
async fn what_is_said_on_another_node_comes_to_readers_and_an_outage_is_told_to_them() {
    let mut redis = RedisServer::start();
    let nodes = [redis_node(&redis.url(), &[]), redis_node(&redis.url(), &[])];
    let mut reader = Events::open(nodes[1].address, &format!("{ROOM}/events"), "").await;
    reader.next_of("subscribed").await;
    let first = poll(&nodes[1], &format!("{ROOM}/messages")).await;
    let mut ada = Client::v1_in(&nodes[0], "r").await;
    ada.publish("r", "before").await;
    assert_eq!(reader.texts(1).await, ["before"]);
    redis.kill();
    assert_eq!(reader.next_of("bus").await.data["state"], "down");
    redis.restart();
    assert_eq!(reader.next_of("bus").await.data["state"], "up");
    let gap = reader.next_of("gap").await.data;
    assert_eq!(gap["room"], "r", "{gap}");
    while ada.publish("r", "after").await["type"] != "ack" {}
    assert_eq!(reader.texts(1).await, ["after"]);
    // Who polls is told the same.
    let next = format!("{ROOM}/messages?after={}", first["next"].as_str().unwrap());
    let answer = poll(&nodes[1], &next).await;
    assert_eq!(texts(&answer), ["before", "after"]);
    let notices: Vec<_> = answer["notices"].as_array().unwrap().iter().map(|it| &it["type"]).collect();
    assert_eq!(notices, ["bus", "bus", "gap"]);
    // On the other node nobody has read the room, so what went before is not there, and the answer says so.
    let id = answer["messages"][0]["id"].as_str().unwrap();
    let other = poll(&nodes[0], &format!("{ROOM}/messages?after={id}")).await;
    assert_eq!((texts(&other).len(), &other["recovered"]), (0, &json!("part")));
}

#[tokio::test]
async fn a_reader_that_comes_while_the_broker_is_away_waits_for_it() {
    let mut redis = RedisServer::start();
    let url = redis.url();
    redis.kill();
    let node = redis_node(&url, &[]);
    let mut reader = Events::open(node.address, &format!("{ROOM}/events"), "").await;
    let away = node.get(&format!("{ROOM}/messages")).await;
    assert_eq!(told(&away), tale(503, "error", "bus_down"));
    redis.restart();
    reader.next_of("subscribed").await;
    let mut ada = Client::v1_in(&node, "r").await;
    // Both of the node's connections to the broker have to be back for that.
    while ada.publish("r", "hello").await["type"] != "ack" {}
    assert_eq!(reader.texts(1).await, ["hello"]);
}
