//! What people do beside talking to a room: they whisper, type, and call themselves otherwise.

mod rename;
mod typing;
mod whisper;

use serde_json::{Value, json};

use super::presence::Cluster;
use crate::support::client::Client;
use crate::support::people::Someone;

/// Somebody who is in a room, with the id of the session.
async fn in_room(cluster: &Cluster, node: usize, name: &str, room: &str) -> (Someone, String) {
    let node = &cluster.nodes[node % cluster.nodes.len()];
    let mut someone = Someone::on(node, name).await;
    someone.enter(room).await;
    someone.client.say(json!({"type": "people", "room": room})).await;
    let people = someone.client.frame_of("people").await;
    let id = id_in(&someone.token);
    let ids: Vec<_> = people["people"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    assert!(ids.contains(&json!(id)), "{people}");
    (someone, id)
}

/// The id of the session that a token continues.
fn id_in(token: &Value) -> String {
    use base64::Engine as _;
    let claims = token.as_str().unwrap().split('.').next().unwrap();
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap();
    serde_json::from_slice::<Value>(&claims).unwrap()["id"].as_str().unwrap().into()
}

/// The frames that a client gets up to a message with this text.
async fn frames_until(client: &mut Client, text: &str) -> Vec<Value> {
    let mut frames = Vec::new();
    loop {
        let frame = client.frame().await;
        if frame["type"] == "message" && frame["text"] == text {
            return frames;
        }
        frames.push(frame);
    }
}

/// The types of those frames.
async fn types_until(client: &mut Client, text: &str) -> Vec<String> {
    let frames = frames_until(client, text).await;
    frames.iter().map(|frame| frame["type"].as_str().unwrap().to_owned()).collect()
}

/// Waits until somebody's node knows of so many people in a room.
async fn knows(someone: &mut Someone, room: &str, count: usize) {
    loop {
        someone.client.say(json!({"type": "people", "room": room})).await;
        let people = someone.client.frame_of("people").await;
        if people["people"].as_array().unwrap().len() == count {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
