//! Clients that do not read: others notice nothing, and nothing is lost in silence.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::time::{Duration, Instant};

use crate::support::client::{Client, V1};
use crate::support::node::Node;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

/// The kernel's buffers of one connection hold some megabytes of these.
const BIG: usize = 16 * 1024;

/// The number at the beginning of a big text.
fn number(frame: &Value) -> u64 {
    frame["text"].as_str().unwrap().split(' ').next().unwrap().parse().unwrap()
}

/// Publishes so many big messages; gives up the client again.
async fn flood(sender: &mut Client, room: &str, from: u64, count: u64) {
    let filler = "x".repeat(BIG - 8);
    for n in from..from + count {
        let frame =
            json!({"type": "publish", "room": room, "text": format!("{n} {filler}"), "id": n.to_string()});
        sender.say(frame).await;
        assert_eq!(sender.answer().await["type"], "ack");
    }
}

/// Floods the lobby until the node closes somebody as too slow; gives how many messages that took.
async fn flood_until_too_slow(node: &Node, sender: &mut Client) -> u64 {
    let mut sent = 0;
    while node.metric("pubsub_lab_sessions_too_slow_total").await == 0.0 {
        flood(sender, "lobby", sent, 20).await;
        sent += 20;
        assert!(sent < 5_000, "never closed");
    }
    sent
}

#[tokio::test]
async fn a_slow_client_is_told_exactly_what_it_missed_and_where() {
    let node = Node::start(&["--max-rate", "0", "--outbox", "64"]);
    let mut slow = Client::with_small_buffer(&node, &[V1]).await;
    slow.enter("r").await;
    let mut brisk = Client::v1_in(&node, "r").await;
    let mut sender = Client::v1(&node).await;
    const SENT: u64 = 2_000;
    let publishing = flood(&mut sender, "r", 0, SENT);
    let reading = async {
        for n in 0..SENT {
            assert_eq!(number(&brisk.frame_of("message").await), n, "the others get everything, in order");
        }
    };
    tokio::join!(publishing, reading);
    let dropped = node.metric("pubsub_lab_outbox_dropped_frames_total").await as u64;
    assert!(dropped > 100, "the flood was too small to overflow anything: {dropped}");

    // It reads again, while more comes.
    let publishing = flood(&mut sender, "r", SENT, 100);
    let reading = async {
        let (mut next, mut missed, mut lagged) = (0, 0, 0);
        // Its own `welcome`, `subscribed` and the other's `joined`.
        while next < SENT + 100 {
            let frame = slow.frame().await;
            match frame["type"].as_str().unwrap() {
                "message" => {
                    assert_eq!(number(&frame), next, "after {lagged} times `lagged`");
                    next += 1;
                }
                "lagged" => {
                    let count = frame["missed"].as_u64().unwrap();
                    assert!(count > 0);
                    // In its place: what follows continues behind the gap.
                    (next, missed, lagged) = (next + count, missed + count, lagged + 1);
                }
                "welcome" | "subscribed" | "joined" => {}
                other => panic!("{other}: {frame}"),
            }
        }
        (missed, lagged)
    };
    let ((), (missed, lagged)) = tokio::join!(publishing, reading);
    assert!(missed >= dropped, "{missed} of {dropped}");
    assert_eq!(node.metric("pubsub_lab_outbox_dropped_frames_total").await as u64, missed);
    assert!(lagged <= 20, "told {lagged} times for {missed} frames");
}

#[tokio::test]
async fn a_burst_alone_drops_nothing_for_who_reads() {
    // No ping comes to push out what was forgotten.
    let node = Node::start(&["--max-rate", "0", "--outbox", "2", "--ping-every", "1h"]);
    let mut readers = Vec::new();
    for _ in 0..50 {
        readers.push(Client::v1(&node).await);
    }
    for reader in &mut readers {
        reader.enter("r").await;
    }
    let mut sender = Client::v1(&node).await;
    let burst: Vec<_> = (0..500)
        .map(|n| json!({"type": "publish", "room": "r", "text": format!("{n} ")}).to_string())
        .collect();
    let burst: Vec<_> = burst.iter().map(|frame| &**frame).collect();
    let sending = async {
        sender.send_at_once(&burst).await;
        for _ in 0..500 {
            assert_eq!(sender.answer().await["type"], "ack");
        }
    };
    let reading = futures_util::future::join_all(readers.iter_mut().map(async |reader| {
        for n in 0..500 {
            assert_eq!(number(&reader.frame_of("message").await), n);
        }
    }));
    tokio::join!(sending, reading);
    assert_eq!(node.metric("pubsub_lab_outbox_dropped_frames_total").await, 0.0);
}

#[tokio::test]
async fn a_client_that_takes_nothing_for_too_long_is_closed_with_1013_and_can_see_it() {
    let node = Node::start(&["--max-rate", "0", "--outbox", "16", "--slow-after", "1s"]);
    let mut slow = Client::with_small_buffer(&node, &[V1]).await;
    slow.hello("Slow").await;
    slow.enter("r").await;
    let mut other = Client::v1_in(&node, "r").await;
    let mut sender = Client::v1(&node).await;
    let start = Instant::now();
    let mut sent = 0;
    while node.metric("pubsub_lab_sessions_too_slow_total").await == 0.0 {
        flood(&mut sender, "r", sent, 20).await;
        sent += 20;
        for _ in 0..20 {
            let frame = other.frame_of("message").await;
            assert!(number(&frame) < sent);
        }
        assert!(start.elapsed() < crate::support::node::PATIENCE, "never closed");
    }
    assert!(start.elapsed() >= Duration::from_secs(1), "closed after {:?}", start.elapsed());
    // The close took the place of what waited.
    let (code, reason) = slow.closed().await;
    assert_eq!(code, 1013);
    assert!(reason.starts_with("too slow"), "{reason}");
    assert_eq!(other.frame_of("left").await["name"], "Slow");
    node.metric_is("pubsub_lab_sessions", 2.0).await;
}

#[tokio::test]
async fn a_slow_client_that_keeps_reading_a_little_stays() {
    let node = Node::start(&["--max-rate", "0", "--outbox", "16", "--slow-after", "500ms"]);
    let mut slow = Client::with_small_buffer(&node, &[V1]).await;
    slow.enter("r").await;
    let mut sender = Client::v1(&node).await;
    // A few frames well within every limit of time, and far less than what waits: the kernel calls such a socket
    // writable only after seconds.
    let trickle = async {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(4) {
            slow.message().await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::join!(flood(&mut sender, "r", 0, 1_000), trickle);
    assert!(node.metric("pubsub_lab_outbox_dropped_frames_total").await > 0.0, "it is slow");
    assert_eq!(node.metric("pubsub_lab_sessions_too_slow_total").await, 0.0);
    assert_eq!(node.metric("pubsub_lab_sessions").await, 2.0);
}

#[tokio::test]
async fn a_slow_plain_client_is_closed_with_1013_at_its_first_lost_message() {
    let node = Node::start(&["--max-rate", "0", "--outbox", "16"]);
    let mut slow = Client::with_small_buffer(&node, &[]).await;
    let mut other = Client::v1_in(&node, "lobby").await;
    let mut sender = Client::v1(&node).await;
    let sent = flood_until_too_slow(&node, &mut sender).await;
    other.frame_of("left").await;
    // What it got is without a gap; then it learns why.
    let mut next = 0;
    loop {
        match slow.message().await {
            Message::Text(text) => {
                assert!(text.starts_with(&format!("{next} ")), "a gap before {next}");
                next += 1;
            }
            Message::Close(frame) => {
                assert_eq!(u16::from(frame.unwrap().code), 1013);
                break;
            }
            message => panic!("{message:?}"),
        }
    }
    assert!(next < sent, "{next} of {sent}");
}

#[tokio::test]
async fn who_is_closed_as_too_slow_and_reads_a_little_learns_why() {
    let node = Node::start(&["--max-rate", "0", "--outbox", "16", "--slow-after", "3s"]);
    let mut slow = Client::with_small_buffer(&node, &[]).await;
    let mut sender = Client::v1(&node).await;
    flood_until_too_slow(&node, &mut sender).await;
    // Far less than what the kernel holds, so that it calls the socket writable only later than the node waits.
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(4) {
        slow.message().await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let (code, reason) = slow.closed().await;
    assert_eq!(code, 1013);
    assert!(reason.starts_with("too slow"), "{reason}");
}

#[tokio::test]
async fn answers_are_never_dropped_while_the_outbox_is_full() {
    let node = Node::start(&["--max-rate", "0", "--outbox", "16"]);
    let slow = Client::with_small_buffer(&node, &[V1]).await;
    let (mut write, mut read) = slow.socket.split();
    write.send(json!({"type": "subscribe", "room": "r"}).to_string().into()).await.unwrap();
    // It hears its own big messages, and reads neither them nor its answers: at some point the node reads no more
    // from it.
    let filler = "x".repeat(BIG - 8);
    let mut sent = 0_u64;
    'reads: loop {
        let publish = json!({"type": "publish", "room": "r", "text": format!("{sent} {filler}"), "id": sent.to_string()});
        let wait = Duration::from_millis(500);
        let mut sending = tokio::time::timeout(wait, write.send(publish.to_string().into())).await;
        // A machine that is only slow has dropped nothing yet.
        while sending.is_err() {
            if node.metric("pubsub_lab_outbox_dropped_frames_total").await > 0.0 {
                // Perhaps half of the frame is out: it is finished below.
                break 'reads;
            }
            sending = tokio::time::timeout(wait, write.flush()).await;
        }
        sending.unwrap().unwrap();
        sent += 1;
        assert!(sent < 10_000, "the node reads on");
    }
    // Now it reads. Every publish has its answer, in order.
    let finishing = async { write.flush().await.unwrap() };
    let reading = async {
        let mut acked = 0;
        while acked <= sent {
            let message =
                tokio::time::timeout(crate::support::node::PATIENCE, read.next()).await.expect("an answer");
            let Message::Text(text) = message.unwrap().unwrap() else { continue };
            let frame: Value = serde_json::from_str(&text).unwrap();
            if frame["type"] == "ack" {
                assert_eq!(frame["id"], acked.to_string());
                acked += 1;
            }
        }
    };
    tokio::join!(finishing, reading);
    assert!(
        node.metric("pubsub_lab_outbox_dropped_frames_total").await > 0.0,
        "its feed was dropped meanwhile"
    );
}
