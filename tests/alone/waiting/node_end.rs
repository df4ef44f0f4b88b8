//! How a node begins and ends: signals, ports, wrong arguments.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::support::client::{Client, Raw, V1, upgrade};
use crate::support::node::{Node, PATIENCE};
use crate::support::process::{Running, pubsub_lab};
use nix::sys::signal::Signal;
use serde_json::json;

/// What is promised after a signal.
const ORDERLY: Duration = Duration::from_secs(3);

/// Asks the node to end; it must, in time and in order.
fn end(node: &mut Node, signal: Signal) {
    let start = Instant::now();
    node.running.signal(signal);
    let status = node.running.ended_within(PATIENCE);
    let took = start.elapsed();
    assert_eq!(status.code(), Some(0), "{}", node.running.everything());
    assert!(took < ORDERLY, "it took {took:?}");
}

/// The port is nobody's again.
fn assert_free(node: &Node) {
    let again = Running::pubsub_lab(&["node", "local", "--listen", &node.address.to_string()]);
    again.out_line(&format!("listening http://{}", node.address));
}

#[tokio::test]
async fn clients_are_told_that_the_node_goes_away() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut node = Node::start(&[]);
        let mut v1 = Client::v1_in(&node, "r").await;
        let mut plain = Client::plain(&node).await;
        node.running.signal(signal);
        for client in [&mut v1, &mut plain] {
            assert_eq!(client.closed().await, (1001, "node going away".to_owned()), "{signal}");
        }
        // Both answered the close.
        let status = node.running.ended_within(ORDERLY);
        assert_eq!(status.code(), Some(0), "{}", node.running.everything());
        assert_free(&node);
    }
}

#[tokio::test]
async fn a_node_without_clients_ends_at_once() {
    let mut node = Node::start(&[]);
    let start = Instant::now();
    end(&mut node, Signal::SIGTERM);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[tokio::test]
async fn clients_that_do_not_answer_do_not_hold_up_the_end() {
    let mut node = Node::start(&["--max-rate", "0", "--outbox", "16"]);
    // One never reads and has a full outbox, one is in the middle of a handshake, one sends half a frame, one
    // stays silent, one has said nothing at all.
    let mut deaf = Client::with_small_buffer(&node, &[V1]).await;
    deaf.enter("r").await;
    let mut sender = Client::v1_in(&node, "r").await;
    let text = "x".repeat(16_000);
    let mut sent = 0;
    while node.metric("pubsub_lab_outbox_dropped_frames_total").await == 0.0 {
        for _ in 0..20 {
            sender.say(json!({"type": "publish", "room": "r", "text": text})).await;
            assert_eq!(sender.frame_of("message").await["text"], text);
        }
        sent += 20;
        assert!(sent < 10_000, "it reads");
    }
    let mut head = Raw::connect(&node).await;
    head.write(&upgrade("/", "").as_bytes()[..40]).await;
    let mut half = Raw::v1(&node).await;
    half.write(b"\x81\xfe\xff").await;
    let silent = Raw::plain(&node).await;
    let nothing = Raw::connect(&node).await;
    end(&mut node, Signal::SIGTERM);
    assert_free(&node);
    drop((deaf, sender, head, half, silent, nothing));
}

#[tokio::test]
async fn what_was_said_before_the_end_is_delivered_before_the_close() {
    let mut node = Node::start(&["--max-rate", "0"]);
    let mut reader = Client::v1_in(&node, "r").await;
    let mut sender = Client::v1(&node).await;
    for n in 0..300 {
        sender.say(json!({"type": "publish", "room": "r", "text": n.to_string()})).await;
    }
    for _ in 0..300 {
        assert_eq!(sender.answer().await["type"], "ack");
    }
    // Acknowledged is not yet delivered, but what is delivered is so without a gap, and a proper end follows.
    node.running.signal(Signal::SIGTERM);
    let mut next = 0;
    let code = loop {
        match reader.message().await {
            tokio_tungstenite::tungstenite::Message::Text(text) => {
                let frame: serde_json::Value = serde_json::from_str(&text).unwrap();
                if frame["type"] == "message" {
                    assert_eq!(frame["text"], next.to_string());
                    next += 1;
                }
            }
            tokio_tungstenite::tungstenite::Message::Close(frame) => break u16::from(frame.unwrap().code),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(code, 1001);
    assert_eq!(node.running.ended_within(PATIENCE).code(), Some(0));
}

#[test]
fn a_taken_port_is_an_error_with_a_hint() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut refused = Running::pubsub_lab(&["node", "local", "--listen", &address]);
    assert_eq!(refused.ended_within(PATIENCE).code(), Some(4), "{}", refused.everything());
    let said = refused.err();
    let error = said.iter().find(|line| line.starts_with("error: ")).expect("an error");
    assert!(error.contains(&address), "{error}");
    assert!(said.iter().any(|line| line.starts_with("hint: ") && line.contains("--listen")), "{said:?}");
    assert!(refused.out().is_empty(), "{:?}", refused.out());
}

#[test]
fn wrong_arguments_are_refused_with_exit_code_2() {
    let wrong: [&[&str]; 9] = [
        &["nosuch"],
        &[],
        &["local", "--listen", "nowhere"],
        &["local", "--listen", "127.0.0.1:99999"],
        &["local", "--ping-every", "soon"],
        &["local", "--ping-every", "0s"],
        &["local", "--pong-within", "1ms"],
        &["local", "--outbox", "1"],
        &["local", "--max-frame", "10"],
    ];
    for arguments in wrong {
        let mut refused = Running::start(pubsub_lab(&[&["node"], arguments].concat()));
        assert_eq!(refused.ended_within(PATIENCE).code(), Some(2), "{arguments:?}\n{}", refused.everything());
        assert!(refused.err().iter().any(|line| line.starts_with("error: ")), "{}", refused.everything());
    }
}
