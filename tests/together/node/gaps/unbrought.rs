//! Messages of another node that Redis does not bring. The test is that other node.

use redis::aio::MultiplexedConnection;
use serde_json::json;

use super::*;
use crate::node::presence::Cluster;

/// A node that counts its messages, and leaves some out.
struct Forger {
    redis: MultiplexedConnection,
}

impl Forger {
    async fn publish(&mut self, room: &str, envelope: String) {
        let mut command = redis::cmd("PUBLISH");
        let command = command.arg(format!("pubsub-lab:{room}")).arg(envelope);
        let () = command.query_async(&mut self.redis).await.unwrap();
    }

    async fn say(&mut self, process: u64, number: u64) {
        let frame = json!({"type": "message", "room": "r", "id": format!("f.{number}"), "from": "F",
            "colour": "#123456", "text": number.to_string(), "sent_at": now()});
        let at = now();
        self.publish("r", format!("2 chat f{process}.{number} f - {process:016x} {number} {at} r\n{frame}"))
            .await;
    }

    async fn beat(&mut self, process: u64, sent: Value) {
        let node = format!("{process:016x}");
        let beat = json!({"word": "beat", "node": node, "version": 0, "at": now(), "hello": false,
            "want": [], "sent": [sent]});
        self.publish("$roster", format!("1 control roster.{node} {node} others $roster\n{beat}")).await;
    }
}

#[tokio::test]
async fn a_number_that_does_not_come_is_told_once_and_the_end_of_a_burst_too() {
    let cluster = Cluster::redis(1, &[]).await;
    let mut client = Client::v1_in(&cluster.nodes[0], "r").await;
    let mut other = Client::v1_in(&cluster.nodes[0], "other").await;
    let mut forger = Forger { redis: cluster.redis.as_ref().unwrap().client().await };
    tokio::time::sleep(SETTLED).await;
    for number in [41, 42, 43] {
        forger.say(7, number).await;
    }
    let lost = now();
    // Two holes, a number that comes twice, and one that comes late.
    for number in [45, 45, 48, 47, 49] {
        forger.say(7, number).await;
    }
    is_gap(&client.frame_of("gap").await, "r", lost);
    // A second notice would come before this.
    tokio::time::sleep(Duration::from_secs(1)).await;
    forger.say(7, 50).await;
    assert_eq!(gaps_before(&mut client, "50").await, 0);

    let lost = now();
    forger.beat(7, json!({"room": "r", "newest": 52})).await;
    is_gap(&client.frame_of("gap").await, "r", lost);
    forger.say(7, 53).await;
    forger.beat(7, json!({"room": "r", "newest": 53})).await;
    // The broker refused 54 and 55, and the node says so after it has sent the next one.
    forger.say(7, 56).await;
    forger.beat(7, json!({"room": "r", "newest": 57, "unused": [[54, 55], [57, 57]]})).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    forger.say(7, 58).await;
    assert_eq!(gaps_before(&mut client, "58").await, 0);
    other.say(json!({"type": "what"})).await;
    assert_eq!(other.frame().await["type"], "error", "who is in another room hears nothing");
}

#[tokio::test]
async fn who_comes_later_and_nodes_that_start_anew_are_no_gap() {
    let cluster = Cluster::redis(1, &[]).await;
    let node = &cluster.nodes[0];
    let mut client = Client::v1_in(node, "r").await;
    let mut forger = Forger { redis: cluster.redis.as_ref().unwrap().client().await };
    tokio::time::sleep(SETTLED).await;
    for number in [1, 2] {
        forger.say(7, number).await;
    }
    for number in [1, 2] {
        forger.say(8, number).await;
    }
    client.say(json!({"type": "unsubscribe", "room": "r"})).await;
    client.frame_of("unsubscribed").await;
    forger.say(7, 3).await;
    client.enter("r").await;
    forger.say(7, 5).await;
    tokio::time::sleep(SETTLED).await;
    for number in [6, 7] {
        forger.say(7, number).await;
    }
    forger.beat(9, json!({"room": "r", "newest": 100})).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    forger.say(7, 8).await;
    assert_eq!(gaps_before(&mut client, "8").await, 0);
}
