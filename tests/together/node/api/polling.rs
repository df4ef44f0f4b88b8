//! A room read by asking again and again.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{tale, told};
use crate::support::client::Client;
use crate::support::node::Node;
use crate::support::polling::{poll, texts};

const ROOM: &str = "/api/rooms/r/messages";

/// Where the next request goes on.
fn on(answer: &Value) -> String {
    format!("{ROOM}?after={}", answer["next"].as_str().unwrap())
}

#[tokio::test]
async fn each_message_comes_once_from_one_answer_to_the_next() {
    let node = Node::start(&["--max-rate", "0"]);
    let mut answer = poll(&node, ROOM).await;
    assert_eq!(
        answer,
        json!({"room": "r", "messages": [], "notices": [], "next": answer["next"], "recovered": "none"})
    );
    let mut ada = Client::v1_in(&node, "r").await;
    let (mut said, mut read) = (Vec::new(), Vec::new());
    for round in 0..4 {
        for n in 0..round {
            let text = format!("{round} {n}");
            assert_eq!(ada.publish("r", &text).await["type"], "ack");
            ada.text_of_message(&text).await;
            said.push(text);
        }
        answer = poll(&node, &on(&answer)).await;
        assert_eq!(answer["recovered"], "all");
        read.extend(texts(&answer).into_iter().map(str::to_owned));
    }
    assert_eq!(read, said);
    // Each is the frame that a socket gets, and its id is a place, too.
    ada.say(json!({"type": "publish", "room": "r", "text": "<b>\"é\"</b>"})).await;
    let message = ada.frame_of("message").await;
    answer = poll(&node, &on(&answer)).await;
    assert_eq!(answer["messages"], json!([message]));
    let behind = poll(&node, &format!("{ROOM}?after={}", message["id"].as_str().unwrap())).await;
    assert_eq!((texts(&behind).len(), &behind["recovered"]), (0, &json!("all")));
    // Who names no place gets what the node still holds; who names one that it does not know is told that this is not all.
    assert_eq!(texts(&poll(&node, ROOM).await).len(), said.len() + 1);
    assert_eq!(texts(&poll(&node, &format!("{ROOM}?last=2")).await), ["3 2", "<b>\"é\"</b>"]);
    let unknown = poll(&node, &format!("{ROOM}?after=never")).await;
    assert_eq!((texts(&unknown).len(), &unknown["recovered"]), (said.len() + 1, &json!("part")));
}

#[tokio::test]
async fn a_request_that_waits_is_answered_by_the_next_message_or_in_the_end() {
    let node = Node::start(&[]);
    let first = poll(&node, ROOM).await;
    let start = Instant::now();
    let nothing = poll(&node, &format!("{}&wait=0.3", on(&first))).await;
    assert!(texts(&nothing).is_empty() && start.elapsed() >= Duration::from_millis(300));
    let mut ada = Client::v1_in(&node, "r").await;
    let path = format!("{}&wait=30", on(&nothing));
    let waiting = poll(&node, &path);
    let speaking = async {
        node.metric_is("pubsub_lab_polls_total", 3.0).await;
        ada.publish("r", "hello").await
    };
    let (answer, _) = tokio::join!(waiting, speaking);
    assert_eq!(texts(&answer), ["hello"]);
    assert!(start.elapsed() < Duration::from_secs(25), "it did not wait for the end");
    // What is there already is waited for by nobody.
    assert_eq!(texts(&poll(&node, &format!("{}&wait=30", on(&first))).await), ["hello"]);
}

#[tokio::test]
async fn what_the_node_no_longer_holds_is_missing_and_the_answer_says_so() {
    let node = Node::start(&["--max-rate", "0"]);
    let first = poll(&node, ROOM).await;
    let mut ada = Client::v1_in(&node, "r").await;
    for n in 0..1_100 {
        ada.say(json!({"type": "publish", "room": "r", "text": n.to_string()})).await;
    }
    ada.text_of_message("1099").await;
    let answer = poll(&node, &on(&first)).await;
    assert_eq!((texts(&answer).len(), &answer["recovered"]), (1_000, &json!("part")));
    assert_eq!(texts(&answer)[999], "1099");
    assert_eq!(poll(&node, &on(&answer)).await["recovered"], "all");
}

#[tokio::test]
async fn what_nobody_can_answer_is_told_why() {
    let node = Node::start(&["--max-clients", "1"]);
    for (path, status, code) in [
        ("/api/rooms/%24nodes/messages", 400, "bad_room"),
        ("/api/rooms/r/messages?wait=31", 400, "bad_query"),
        ("/api/rooms/r/messages?wait=-1", 400, "bad_query"),
        ("/api/rooms/r/messages?wait=NaN", 400, "bad_query"),
        ("/api/rooms/r/messages?last=0", 400, "bad_query"),
        ("/api/rooms/r/messages?aftr=x", 400, "bad_query"),
        ("/api/rooms/r/messages?after=a%0Ab", 400, "bad_after"),
        ("/api/rooms", 404, "nothing_here"),
    ] {
        assert_eq!(told(&node.get(path).await), tale(status, "error", code), "{path}");
    }
    let _only = Client::v1_in(&node, "r").await;
    let full = node.get(ROOM).await;
    assert_eq!(told(&full), tale(503, "error", "full"));
    assert!(full.head.contains("retry-after: 1"), "{full:?}");
}
