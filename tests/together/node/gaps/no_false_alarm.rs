//! Thousands of messages, refused ones, rooms that are left and entered: nobody is told of a loss that was none.

use serde_json::json;

use super::*;
use crate::node::presence::Cluster;

/// Lets each client publish so many messages. Who was refused goes on.
async fn chatter(clients: &mut [Client], count: usize) -> usize {
    let mut refused = 0;
    for n in 0..count {
        for client in clients.iter_mut() {
            client.say(json!({"type": "publish", "room": "r", "text": format!("m{n}")})).await;
        }
        for client in clients.iter_mut() {
            refused += usize::from(client.answer().await["type"] != "ack");
        }
    }
    refused
}

/// Everybody's own marker has come, and so has everything before it. Gives the number of gaps that each was told.
async fn gaps(clients: &mut [Client], marker: &str) -> Vec<usize> {
    // A hole that was seen late would be told within a second and a half.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut gaps = Vec::new();
    for client in clients {
        client.publish("r", marker).await;
        gaps.push(gaps_before(client, marker).await);
    }
    gaps
}

async fn clients(cluster: &Cluster) -> Vec<Client> {
    let mut clients = Vec::new();
    for node in &cluster.nodes {
        clients.push(Client::v1_in(node, "r").await);
    }
    tokio::time::sleep(SETTLED).await;
    clients
}

/// Leaves the room and enters it again while the others speak.
async fn come_and_go(clients: &mut [Client]) {
    for n in 0..20 {
        let (leaver, others) = clients.split_first_mut().unwrap();
        leaver.say(json!({"type": "unsubscribe", "room": "r"})).await;
        chatter(others, 1 + n % 3).await;
        leaver.enter("r").await;
        chatter(others, 5).await;
    }
}

#[tokio::test]
async fn over_redis_each_outage_is_told_once_and_nothing_else() {
    let mut cluster = Cluster::redis(3, &["--max-rate", "0"]).await;
    let mut redis = cluster.redis.take().unwrap();
    let mut all = clients(&cluster).await;
    assert_eq!(chatter(&mut all, 300).await, 0);
    come_and_go(&mut all).await;
    assert_eq!(gaps(&mut all, "calm").await, [0, 0, 0]);

    redis.kill();
    for client in &mut all {
        assert_eq!(client.frame_of("bus").await["state"], "down");
    }
    assert_eq!(chatter(&mut all, 30).await, 90, "what is refused uses up no number");
    redis.restart();
    for client in &mut all {
        assert_eq!(client.frame_of("bus").await["state"], "up");
    }
    chatter(&mut all, 300).await;
    assert_eq!(gaps(&mut all, "after the outage").await, [1, 1, 1]);

    // The subscribers' connections are cut, and messages are lost before they are back.
    let mut control = redis.client().await;
    for _ in 0..5 {
        let _: i64 =
            redis::cmd("CLIENT").arg(&["KILL", "TYPE", "pubsub"]).query_async(&mut control).await.unwrap();
        chatter(&mut all, 20).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let told = gaps(&mut all, "after the cuts").await;
    assert!(told.iter().all(|told| (1..=5).contains(told)), "one for each cut at most: {told:?}");
}

#[tokio::test]
async fn over_zeromq_nobody_is_told_of_anything() {
    let cluster = Cluster::zeromq(3).await;
    let mut all = clients(&cluster).await;
    // At most 200 messages a second, which some of these exceed: they are refused before they are counted.
    chatter(&mut all, 300).await;
    come_and_go(&mut all).await;
    assert_eq!(gaps(&mut all, "end").await, [0, 0, 0]);
}
