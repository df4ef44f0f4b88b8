//! What every observer sees is the truth, whatever races.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::*;
use crate::support::client::Client;

const ROUNDS: usize = 50;
const WORKERS: usize = 8;

/// A person who comes and goes quickly, over all nodes at once.
async fn races(cluster: &Cluster, worker: usize) -> (Someone, Vec<Someone>) {
    let mut rng = ChaCha8Rng::seed_from_u64(worker as u64);
    let name = format!("w{worker}");
    let me = Someone::on(&cluster.nodes[worker % cluster.nodes.len()], &name).await;
    let mut others = Vec::new();
    for node in &cluster.nodes {
        others.push(Someone::again(node, &me.token).await);
    }
    for _ in 0..ROUNDS {
        let at = rng.random_range(0..others.len());
        match rng.random_range(0..5) {
            0 | 1 => others[at].client.say(json!({"type": "subscribe", "room": "r"})).await,
            2 | 3 => others[at].client.say(json!({"type": "unsubscribe", "room": "r"})).await,
            // The old connection ends without a word.
            _ => others[at] = Someone::again(&cluster.nodes[at], &me.token).await,
        }
    }
    // Half of them stay: in the room on one node, out of it on the others.
    let stays_on = worker.is_multiple_of(2).then_some(worker % others.len());
    for (at, other) in others.iter_mut().enumerate() {
        let kind = if Some(at) == stays_on { "subscribe" } else { "unsubscribe" };
        other.client.say(json!({"type": kind, "room": "r"})).await;
    }
    (me, others)
}

async fn counts_are_right_after_races(cluster: Cluster) {
    let mut observers = Vec::new();
    for (n, node) in cluster.nodes.iter().enumerate() {
        observers.push(Observer::on(node, &format!("o{n}"), "r").await);
    }
    let racing = futures_util::future::join_all((0..WORKERS).map(|worker| races(&cluster, worker)));
    let workers = racing.await;
    let names = observers.iter().map(|observer| observer.someone.name.clone());
    let names: Vec<_> = names.chain(workers.iter().step_by(2).map(|(me, _)| me.name.clone())).collect();
    let truth: Vec<_> = names.iter().map(String::as_str).collect();
    for observer in &mut observers {
        observer.people_are(&truth).await;
    }
}

#[tokio::test]
async fn counts_are_right_after_races_on_one_node() {
    counts_are_right_after_races(Cluster::local().await).await;
}

#[tokio::test]
async fn counts_are_right_after_races_over_redis() {
    counts_are_right_after_races(Cluster::redis(3, &[]).await).await;
}

#[tokio::test]
async fn counts_are_right_after_races_over_zeromq() {
    counts_are_right_after_races(Cluster::zeromq(3).await).await;
}

#[tokio::test]
async fn two_windows_of_one_session_on_two_nodes_are_one_person() {
    let cluster = Cluster::redis(3, &[]).await;
    let mut observer = Observer::on(&cluster.nodes[0], "o", "r").await;
    let mut one = Someone::on(&cluster.nodes[1], "Ada").await;
    one.enter("r").await;
    observer.sees("+Ada").await;
    let mut two = Someone::again(&cluster.nodes[2], &one.token).await;
    let mut three = Someone::again(&cluster.nodes[1], &one.token).await;
    for window in [&mut two, &mut three] {
        while window.enter("r").await != 2 {
            // The node had not heard of the other window or of the observer.
            window.client.say(json!({"type": "unsubscribe", "room": "r"})).await;
            window.client.frame_of("unsubscribed").await;
        }
    }
    // What Bob says is heard in all windows, and nobody is told anything of the windows themselves.
    let mut bob = Someone::on(&cluster.nodes[0], "Bob").await;
    bob.enter("r").await;
    observer.sees("+Bob").await;
    for window in [&mut one, &mut two, &mut three] {
        let mut joined = window.client.frame_of("joined").await;
        if joined["name"] == "o" {
            // Its node had not heard of the observer when it came.
            joined = window.client.frame_of("joined").await;
        }
        assert_eq!(joined["name"], "Bob");
    }
    for window in [&mut two, &mut one] {
        window.client.say(json!({"type": "unsubscribe", "room": "r"})).await;
        window.client.frame_of("unsubscribed").await;
    }
    three.client.say(json!({"type": "unsubscribe", "room": "r"})).await;
    observer.sees("-Ada").await;
    assert_eq!(observer.take_seen(), ["+Ada", "+Bob", "-Ada"]);
    observer.people_are(&["o", "Bob"]).await;
}

#[tokio::test]
async fn only_who_is_in_a_room_may_ask_who_is_there() {
    let node = Node::start(&[]);
    let mut client = Client::v1_in(&node, "r").await;
    client.say(json!({"type": "people", "room": "other"})).await;
    assert_eq!(client.frame_of("error").await["code"], "not_in_room");
    client.say(json!({"type": "people", "room": "$roster"})).await;
    assert_eq!(client.frame_of("error").await["code"], "bad_room");
    client.say(json!({"type": "people", "room": "r"})).await;
    assert_eq!(client.frame_of("people").await["people"].as_array().unwrap().len(), 1);
}
