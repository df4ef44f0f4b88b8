//! A chat across containers, while nodes and brokers are killed.

use std::collections::BTreeSet;

use serde_json::json;

use super::project::{Project, chat, container_of, docker, get, guest, wait_until};
use crate::support::client::Client;

/// The most people in a test. Each of up to six nodes is found by far fewer: a balancer that has read its configuration again
/// counts the sockets of each node from zero.
const MANY: usize = 30;

/// A number of people in the lobby, with the names of their nodes.
async fn lobby(people: usize) -> Vec<(Client, String)> {
    let mut all = Vec::new();
    for number in 0..people {
        let (mut client, node) = guest(&format!("guest {number}")).await;
        client.enter("lobby").await;
        all.push((client, node));
    }
    all
}

fn nodes_of(people: &[(Client, String)]) -> BTreeSet<&str> {
    people.iter().map(|(_, node)| node.as_str()).collect()
}

/// Everybody says something, and everybody receives it.
async fn all_hear_all(people: &mut [(Client, String)], what: &str) {
    for speaker in 0..people.len() {
        let text = format!("{what} {speaker}");
        assert_eq!(people[speaker].0.publish("lobby", &text).await["type"], "ack", "{text}");
        for (listener, _) in people.iter_mut() {
            listener.text_of_message(&text).await;
        }
    }
}

/// Waits until the socket of this client has ended.
async fn ended(client: &mut Client) {
    use futures_util::StreamExt;
    let end = async { while let Some(Ok(_)) = client.socket.next().await {} };
    tokio::time::timeout(super::project::PATIENCE, end).await.expect("the end of the socket");
}

/// Kills the node of the first of these people, who comes back through the balancer elsewhere as who it was.
async fn first_survives_its_node(people: &mut [(Client, String)]) {
    let session = people[0].0.next_session().await;
    let dead = people[0].1.clone();
    docker(&["kill", container_of(&dead)]);
    for (client, node) in people.iter_mut().filter(|(_, node)| *node == dead) {
        ended(client).await;
        let mut back = Client::v1_at(chat()).await;
        back.say(json!({"type": "hello", "session": session})).await;
        let welcome = back.frame_of("welcome").await;
        assert_eq!(welcome["name"], "guest 0", "who came back");
        assert_eq!(welcome["rooms"], json!(["lobby"]), "{welcome}");
        assert_ne!(welcome["node"], dead.as_str());
        back.frame_of("subscribed").await;
        (*client, *node) = (back, welcome["node"].as_str().unwrap().to_owned());
    }
    docker(&["start", container_of(&dead)]);
}

#[tokio::test]
async fn redis_nodes_hear_each_other_and_outlive_a_node_and_the_broker() {
    let project = Project::up("redis", "redis").await;
    project.balances(4);
    let mut people = lobby(4).await;
    assert_eq!(nodes_of(&people).len(), 4, "the balancer gives each newcomer to the node with the fewest");
    all_hear_all(&mut people, "at first").await;

    first_survives_its_node(&mut people).await;
    project.balances(4);
    all_hear_all(&mut people, "after a node's death").await;

    let broker = project.container("redis");
    docker(&["kill", &broker]);
    let speaker = &mut people[1].0;
    let refused = speaker.publish("lobby", "into the void").await;
    assert_ne!(refused["type"], "ack", "{refused}");
    docker(&["start", &broker]);
    project.ready().await;
    for (client, _) in &mut people {
        // Each node says itself that its bus is back.
        while client.frame_of("bus").await["state"] != "up" {}
    }
    all_hear_all(&mut people, "after the broker's return").await;

    project.start(&["--scale", "node-redis=6"]).await;
    project.balances(6);
    while nodes_of(&people).len() < 6 {
        assert!(people.len() < MANY, "newcomers do not find the new nodes: {:?}", nodes_of(&people));
        people.extend(lobby(1).await);
    }
    all_hear_all(&mut people, "with six").await;

    for path in ["/", "/chat/"] {
        let page = get(path).await;
        assert!(page.starts_with("HTTP/1.1 200") && page.contains("chat.js"), "{path}: {page}");
    }
    assert!(get("/chat/chat.js").await.starts_with("HTTP/1.1 200"));
    let socket = get("/chat/ws").await;
    assert!(socket.starts_with("HTTP/1.1 426"), "the node wants an upgrade there: {socket}");
    assert!(get("/metrics").await.starts_with("HTTP/1.1 404"), "figures are not for those outside");
}

#[tokio::test]
async fn zeromq_nodes_are_a_mesh_and_take_a_killed_one_back() {
    let project = Project::up("zeromq", "zeromq").await;
    project.balances(4);
    let mut people = lobby(4).await;
    assert_eq!(nodes_of(&people).len(), 4);
    all_hear_all(&mut people, "at first").await;
    let dead = people[0].1.clone();
    first_survives_its_node(&mut people).await;
    project.balances(4);
    while !nodes_of(&people).contains(dead.as_str()) {
        assert!(
            people.len() < MANY,
            "newcomers do not find the node that came back: {:?}",
            nodes_of(&people)
        );
        people.extend(lobby(1).await);
    }
    all_hear_all(&mut people, "with the node that came back").await;
}

#[tokio::test]
async fn local_nodes_do_not_hear_each_other_as_they_should_not() {
    let project = Project::up("local", "local").await;
    project.balances(4);
    let mut people = lobby(8).await;
    assert_eq!(nodes_of(&people).len(), 4);
    let (speaker, node) = &mut people[0];
    assert_eq!(speaker.publish("lobby", "does anybody hear me?").await["type"], "ack");
    let node = node.clone();
    for (client, other) in &mut people {
        // What this client says itself comes after whatever was said before.
        client.publish("lobby", "that is all").await;
        let before = client.texts_until("that is all").await;
        assert_eq!(before.contains(&"does anybody hear me?".to_owned()), *other == node, "{other}, {node}");
    }
}

#[tokio::test]
async fn a_stopped_node_tells_its_clients_and_ends_well() {
    let project = Project::up("stop", "local").await;
    let (mut client, node) = guest("somebody").await;
    let container = container_of(&node);
    docker(&["stop", "--time", "5", container]);
    assert_eq!(client.closed().await.0, 1001, "the node goes away");
    // 137 would be a node that the engine had to kill.
    assert_eq!(docker(&["inspect", "--format", "{{.State.ExitCode}}", container]), "0");
    let health =
        || docker(&["inspect", "--format", "{{.State.Health.Status}}", &project.containers("node-local")[0]]);
    wait_until("a healthy container", || health() == "healthy");
}
