//! Clients of real nodes who provoke whatever a node can say: each frame is as the document describes it.

use std::collections::BTreeSet;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::document;
use crate::node::presence::{Cluster, redis_node};
use crate::support::client::{Client, V1};
use crate::support::described::by_type;
use crate::support::node::Node;
use crate::support::recorded::Recorded;
use crate::support::redis::RedisServer;

/// The answers to each request that the document has as an example.
async fn examples() -> Vec<Value> {
    let node = Node::start(&[]);
    let mut frames = Vec::new();
    for request in document().examples("request.") {
        let mut client = Recorded::on(&node).await;
        client.say(request).await;
        client.asks(json!({"type": "a fence"}), "unknown_type").await;
        frames.extend(client.frames);
    }
    frames
}

/// Everything that a client can get wrong.
async fn mistakes() -> Vec<Value> {
    let bounds = ["--max-rooms", "2", "--max-text", "64", "--max-rate", "20", "--presence-limit", "2"];
    let node = Node::start(&bounds);
    let mut clumsy = Recorded::on(&node).await;
    clumsy.send_binary().await;
    clumsy.until("not_text").await;
    clumsy.send("{}").await;
    clumsy.until("bad_frame").await;
    for (request, code) in [
        (json!({"type": "hello"}), "late_hello"),
        (json!({"type": "what"}), "unknown_type"),
        (json!({"type": "rename", "name": ""}), "bad_name"),
        (json!({"type": "rename", "colour": "red"}), "bad_colour"),
        (json!({"type": "subscribe", "room": " "}), "bad_room"),
        (json!({"type": "subscribe", "room": "r", "after": "é"}), "bad_after"),
        (json!({"type": "subscribe", "room": "r", "last": 501}), "bad_last"),
        (json!({"type": "people", "room": "r"}), "not_in_room"),
        (json!({"type": "subscribe", "room": "r"}), "subscribed"),
        (json!({"type": "subscribe", "room": "s"}), "subscribed"),
        (json!({"type": "subscribe", "room": "t"}), "too_many_rooms"),
        (json!({"type": "unsubscribe", "room": "s"}), "unsubscribed"),
        (json!({"type": "publish", "room": "r"}), "bad_frame"),
        (json!({"type": "publish", "room": "r", "text": "x", "id": "x".repeat(300)}), "bad_id"),
        (json!({"type": "publish", "room": "$r", "text": "x"}), "bad_room"),
        (json!({"type": "publish", "room": "r", "text": "x", "to": "none"}), "bad_to"),
        (json!({"type": "publish", "room": "r", "text": "x".repeat(65)}), "too_long"),
        (json!({"type": "publish", "room": "r", "text": "x", "id": "1"}), "ack"),
        (json!({"type": "publish", "room": "r", "text": "y", "id": "1"}), "id_reused"),
        (json!({"type": "whisper", "to": "nobody", "text": "x"}), "no_such_name"),
    ] {
        clumsy.asks(request, code).await;
    }
    let mut twins =
        [Recorded::in_room(&node, "Twin", "r").await, Recorded::in_room(&node, "Twin", "r").await];
    twins[0].ever("session").await;
    clumsy.asks(json!({"type": "whisper", "to": "Twin", "text": "x"}), "several_bear_it").await;
    clumsy.ever("members").await;
    clumsy.asks(json!({"type": "people", "room": "r"}), "too_many_people").await;
    let mut stranger = Recorded::on(&node).await;
    stranger.asks(json!({"type": "hello", "session": "x"}), "bad_session").await;
    stranger.until("welcome").await;
    for n in 0..60 {
        stranger.say(json!({"type": "publish", "room": "r", "text": n.to_string()})).await;
    }
    stranger.until("rate_limited").await;
    let [one, other] = twins;
    [clumsy, one, other, stranger].into_iter().flat_map(|client| client.frames).collect()
}

/// A conversation over two nodes, whose broker stops, dies and comes back.
async fn conversation() -> Vec<Value> {
    let mut cluster = Cluster::redis(2, &["--sessions", "redis"]).await;
    let mut ada = Recorded::in_room(&cluster.nodes[0], "Ada", "r").await;
    let mut bob = Recorded::in_room(&cluster.nodes[1], "Bob", "r").await;
    let mut plain = Client::plain(&cluster.nodes[0]).await;
    ada.until("joined").await;
    ada.asks(json!({"type": "people", "room": "r"}), "people").await;
    bob.say(json!({"type": "typing", "room": "r"})).await;
    ada.until("typing").await;
    bob.say(json!({"type": "rename", "name": "Rob", "colour": "#0F766E"})).await;
    ada.until("renamed").await;
    bob.publishes("r", "hi <b>", "ack").await;
    ada.until("message").await;
    bob.publishes("lobby", "hi <b>", "ack").await;
    plain.text_is("hi <b>").await;
    bob.asks(json!({"type": "whisper", "to": "Ada", "text": "psst"}), "whisper").await;
    ada.until("whisper").await;
    let session = ada.frames.iter().find(|frame| frame["type"] == "welcome").unwrap()["session"].clone();
    let mut again = Recorded::on(&cluster.nodes[1]).await;
    let welcome = again.asks(json!({"type": "hello", "session": session}), "welcome").await;
    assert_eq!(welcome["rooms"], json!(["r"]));
    bob.asks(json!({"type": "unsubscribe", "room": "r"}), "unsubscribed").await;
    ada.until("left").await;

    let redis = cluster.redis.as_mut().unwrap();
    loop {
        redis.pause();
        ada.say(json!({"type": "publish", "room": "r", "text": "into the dark"})).await;
        if ada.answer().await["type"] == "unknown" {
            break;
        }
        // The node had found out already, and sent nothing.
        redis.resume();
        ada.until("up").await;
    }
    redis.kill();
    ada.publishes("r", "nobody takes this", "bus_down").await;
    ada.asks(json!({"type": "subscribe", "room": "s"}), "bus_down").await;
    let mut late = Recorded::on(&cluster.nodes[1]).await;
    late.asks(json!({"type": "hello", "session": session}), "sessions_away").await;
    late.until("down").await;
    redis.restart();
    ada.until("up").await;
    ada.ever("gap").await;
    [ada, bob, again, late].into_iter().flat_map(|client| client.frames).collect()
}

/// What the policy of a node forbids.
async fn forbidden() -> Vec<Value> {
    let folder = TempDir::new().unwrap();
    let policy = folder.path().join("policy.toml");
    std::fs::write(&policy, "[[rule]]\nname = \"shut\"\nrooms = [\"r\"]\nread = []\nwrite = []\n").unwrap();
    let node = Node::start(&["--policy", policy.to_str().unwrap()]);
    let mut client = Recorded::on(&node).await;
    client.asks(json!({"type": "subscribe", "room": "r"}), "forbidden").await;
    client.publishes("r", "x", "forbidden").await;
    client.frames
}

/// What the broker forbids the node.
async fn rejected() -> Vec<Value> {
    let rights = ["bob", "on", ">pw", "resetchannels", "&pubsub-lab:open*", "&pubsub-lab:$*", "+@all"];
    let redis = RedisServer::builder().directive("user", &rights).start();
    let node = redis_node(&format!("redis://bob:pw@127.0.0.1:{}", redis.port()), &[]);
    let mut client = Recorded::in_room(&node, "Ada", "open").await;
    client.asks(json!({"type": "subscribe", "room": "secret"}), "subscribe_failed").await;
    client.publishes("secret", "x", "rejected").await;
    client.frames
}

/// What becomes of who does not read.
async fn slow() -> Vec<Value> {
    let node = Node::start(&["--max-rate", "0", "--outbox", "16"]);
    let mut slow = Client::with_small_buffer(&node, &[V1]).await;
    slow.enter("r").await;
    let mut sender = Client::v1(&node).await;
    sender.enter("r").await;
    let text = "x".repeat(8_000);
    while node.metric("pubsub_lab_outbox_dropped_frames_total").await == 0.0 {
        sender.publish("r", &text).await;
    }
    let mut slow = Recorded::over(slow);
    slow.until("lagged").await;
    slow.frames
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_frame_that_can_be_provoked_is_described() {
    let scenes: [BoxFuture<'_, Vec<Value>>; 6] = [
        Box::pin(examples()),
        Box::pin(mistakes()),
        Box::pin(conversation()),
        Box::pin(forbidden()),
        Box::pin(rejected()),
        Box::pin(slow()),
    ];
    let frames = futures_util::future::join_all(scenes).await.concat();
    let document = document();
    let wrong = document.wrong_frames("frame.", &frames);
    assert!(wrong.is_empty(), "{wrong:#?}");

    // Whatever the document describes was there.
    let counts = by_type(&frames);
    let missing = document.kinds("frame.").into_iter().filter(|kind| !counts.contains_key(&**kind));
    assert_eq!(missing.collect::<Vec<_>>(), [""; 0], "{counts:?}");
    for (kind, schema, never) in [
        // A queue that is full takes more than a test at a time should say.
        ("refused", "refused_code", &["overloaded"][..]),
        ("error", "error_code", &[]),
    ] {
        let of_kind = frames.iter().filter(|frame| frame["type"] == kind);
        let seen: BTreeSet<_> = of_kind.map(|frame| frame["code"].as_str().unwrap()).collect();
        let words = document.words(schema);
        let missing: Vec<_> = words.iter().filter(|code| !seen.contains(code.as_str())).collect();
        assert_eq!(missing, never, "{kind}: {seen:?}");
    }
}
