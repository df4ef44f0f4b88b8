//! The dialect `pubsub-lab.v1`: who one is, and that nobody else can be.

use crate::support::client::Client;
use crate::support::node::{Node, PATIENCE};
use crate::support::process::{Running, pubsub_lab};
use serde_json::json;

#[tokio::test]
async fn hello_is_answered_with_who_one_is() {
    let node = Node::start(&["--name", "here"]);
    let mut client = Client::v1(&node).await;
    let welcome = client.hello("Ada Lovelace").await;
    assert_eq!(welcome["name"], "Ada Lovelace");
    assert_eq!(welcome["node"], "here");
    assert_eq!(welcome["pattern"], "local");
    let colour = welcome["colour"].as_str().unwrap();
    assert!(colour.len() == 7 && colour.starts_with('#'), "{colour}");
    assert!(welcome["session"].as_str().unwrap().len() > 40, "{welcome}");
}

#[tokio::test]
async fn without_hello_one_is_a_guest_after_a_welcome_unasked() {
    let node = Node::start(&[]);
    let frames = [
        (json!({"type": "subscribe", "room": "r"}), "subscribed"),
        (json!({"type": "unsubscribe", "room": "r"}), "unsubscribed"),
        (json!({"type": "publish", "room": "r", "text": "x"}), "ack"),
        (json!({"type": "nonsense"}), "error"),
        (json!(7), "error"),
    ];
    for (frame, answer) in frames {
        let mut client = Client::v1(&node).await;
        client.say(frame.clone()).await;
        let welcome = client.frame().await;
        assert_eq!(welcome["type"], "welcome", "{frame}");
        assert!(welcome["name"].as_str().unwrap().starts_with("guest-"), "{welcome}");
        assert_eq!(client.frame().await["type"], answer, "{frame}");
        client.say(json!({"type": "hello", "name": "Ada"})).await;
        let late = client.frame_of("error").await;
        assert_eq!(late["code"], "late_hello");
        assert_eq!(client.publish("r", "still here").await["type"], "ack", "the connection stays");
    }
}

#[tokio::test]
async fn a_hello_without_a_name_makes_a_guest_and_a_second_one_is_late() {
    let node = Node::start(&[]);
    let mut client = Client::v1(&node).await;
    client.say(json!({"type": "hello"})).await;
    let welcome = client.frame().await;
    assert!(welcome["name"].as_str().unwrap().starts_with("guest-"), "{welcome}");
    client.say(json!({"type": "hello"})).await;
    assert_eq!(client.frame().await["code"], "late_hello");
}

#[tokio::test]
async fn a_bad_name_is_an_error_and_hello_may_be_said_again() {
    let node = Node::start(&[]);
    let mut client = Client::v1(&node).await;
    for name in ["", "   ", "a\nb", "nul\0", "\u{7f}", &"x".repeat(33)] {
        client.say(json!({"type": "hello", "name": name})).await;
        let error = client.frame().await;
        assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!("bad_name")), "{name:?}");
    }
    let longest = "é".repeat(32);
    assert_eq!(client.hello(&longest).await["name"], longest);
}

#[tokio::test]
async fn a_session_continues_on_another_node_of_the_cluster_and_nowhere_else() {
    let (here, there) = (Node::with_secret("one and the same"), Node::with_secret("one and the same"));
    let (stranger, random) = (Node::with_secret("another"), Node::start(&[]));
    let mut client = Client::v1(&here).await;
    let welcome = client.hello("Ada").await;
    let token = welcome["session"].clone();
    let id = said_as(&mut client).await;

    let mut again = Client::v1(&there).await;
    again.say(json!({"type": "hello", "session": token})).await;
    let continued = again.frame().await;
    for field in ["type", "name", "colour", "rooms"] {
        assert_eq!(continued[field], welcome[field]);
    }
    assert_eq!(said_as(&mut again).await, id);

    let mut renamed = Client::v1(&there).await;
    renamed.say(json!({"type": "hello", "session": token, "name": "Ada L."})).await;
    let renamed_welcome = renamed.frame().await;
    assert_eq!(
        (&renamed_welcome["name"], &renamed_welcome["colour"]),
        (&json!("Ada L."), &welcome["colour"])
    );
    assert_eq!(said_as(&mut renamed).await, id);

    for node in [&stranger, &random] {
        let mut refused = Client::v1(node).await;
        refused.say(json!({"type": "hello", "session": token})).await;
        assert_eq!(refused.frame().await["code"], "bad_session");
        let fresh = refused.frame().await;
        assert_eq!(fresh["type"], "welcome");
        assert_ne!(fresh["name"], "Ada");
        assert_ne!(said_as(&mut refused).await, id);
    }
}

#[tokio::test]
async fn a_session_that_continues_and_counts_from_one_again_is_told_so() {
    let node = Node::start(&[]);
    let mut client = Client::v1(&node).await;
    let token = client.hello("Ada").await["session"].clone();
    let say = |id: &str, text: &str| json!({"type": "publish", "room": "r", "text": text, "id": id});
    client.say(say("1", "first")).await;
    assert_eq!(client.frame().await["type"], "ack");

    // While its old connection still stands, and again when that is gone.
    let mut before = Some(client);
    for id in ["2", "3"] {
        let mut again = Client::v1(&node).await;
        again.say(json!({"type": "hello", "session": token})).await;
        assert_eq!(again.frame().await["name"], "Ada");
        again.say(say("1", "another")).await;
        let refused = again.frame().await;
        assert_eq!((&refused["type"], &refused["code"]), (&json!("refused"), &json!("id_reused")));
        // The same message again may be sent; so may another under a new id.
        for frame in [say("1", "first"), say(id, "another")] {
            again.say(frame).await;
            assert_eq!(again.frame().await["type"], "ack");
        }
        drop(before.take());
        drop(again);
        node.metric_is("pubsub_lab_sessions", 0.0).await;
    }

    let mut eve = Client::v1(&node).await;
    eve.hello("Eve").await;
    eve.say(say("1", "another")).await;
    assert_eq!(eve.frame().await["type"], "ack", "another session's ids are its own");
}

/// The session's part of the id of what a client says.
async fn said_as(client: &mut Client) -> String {
    client.enter("who").await;
    client.say(json!({"type": "publish", "room": "who", "text": "me", "id": "1"})).await;
    let message = client.frame_of("message").await;
    message["id"].as_str().unwrap().strip_suffix(".1").expect("session id + own id").to_owned()
}

#[tokio::test]
async fn a_forged_token_is_worth_nothing() {
    let node = Node::start(&[]);
    let mut ada = Client::v1(&node).await;
    let token = ada.hello("Ada").await["session"].as_str().unwrap().to_owned();
    let (claims, tag) = token.split_once('.').unwrap();
    let mut flipped = token.clone().into_bytes();
    flipped[10] ^= 1;
    let flipped = String::from_utf8(flipped).unwrap();
    let long = "A".repeat(10_000);
    for forged in [
        claims,
        &format!("{claims}."),
        &format!(".{tag}"),
        &flipped,
        "",
        "x.y",
        "null.null",
        &format!("{long}.{tag}"),
    ] {
        let mut eve = Client::v1(&node).await;
        eve.say(json!({"type": "hello", "session": forged})).await;
        assert_eq!(eve.frame().await["code"], "bad_session", "{forged}");
        assert_ne!(eve.frame().await["name"], "Ada");
    }
}

#[test]
fn an_empty_secret_is_refused_because_everybody_could_sign_with_it() {
    let mut command = pubsub_lab(&["node", "local", "--listen", "127.0.0.1:0"]);
    command.env("PUBSUB_LAB_SECRET", "");
    let mut refused = Running::start(command);
    assert_eq!(refused.ended_within(PATIENCE).code(), Some(2), "{}", refused.everything());
}
