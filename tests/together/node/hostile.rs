//! Clients that break the rules, or vanish: nobody else pays for it, and nothing is left of them.

use std::time::{Duration, Instant};

use crate::support::client::{BINARY, Client, PING, PONG, Raw, TEXT, masked};
use crate::support::node::{Node, PATIENCE};
use futures_util::future::join_all;
use serde_json::json;
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn who_leaves_pings_unanswered_is_gone_and_the_others_are_told() {
    let node = Node::start(&["--ping-every", "300ms", "--pong-within", "1s"]);
    let mut other = Client::v1_in(&node, "r").await;
    let start = Instant::now();
    let mut half_open = Raw::v1(&node).await;
    half_open.write(&masked(TEXT, br#"{"type":"hello","name":"Silent"}"#)).await;
    half_open.write(&masked(TEXT, br#"{"type":"subscribe","room":"r"}"#)).await;
    assert_eq!(other.frame_of("joined").await["name"], "Silent");
    let until_it_ends = async {
        let mut pings = 0;
        while let Some((first, _)) = half_open.frame().await {
            pings += u32::from(first == PING);
        }
        pings
    };
    // Whoever reads answers pings.
    let (pings, left) = tokio::join!(until_it_ends, other.frame_of("left"));
    assert_eq!((pings, &left["name"]), (1, &json!("Silent")), "it was asked, once");
    assert!(start.elapsed() >= Duration::from_millis(1_200), "gone after {:?}", start.elapsed());
    // The other stays much longer than that.
    while start.elapsed() < Duration::from_secs(4) {
        assert_eq!(other.publish("r", "still here").await["type"], "ack");
        other.text_of_message("still here").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn who_answers_pings_and_says_nothing_stays() {
    let node = Node::start(&["--ping-every", "100ms", "--pong-within", "2s"]);
    let mut quiet = Raw::v1(&node).await;
    for _ in 0..10 {
        let (first, payload) = quiet.frame().await.expect("it stays");
        assert_eq!((first, payload.len()), (PING, 0));
        quiet.write(&masked(PONG, b"")).await;
    }
    quiet.write(&masked(PING, b"and back")).await;
    loop {
        let (first, payload) = quiet.frame().await.expect("it stays");
        if first == PONG {
            assert_eq!(payload, b"and back");
            break;
        }
        quiet.write(&masked(PONG, b"")).await;
    }
}

#[tokio::test]
async fn thousands_come_and_go_and_nothing_is_left_of_them() {
    let node = Node::start(&["--max-clients", "200"]);
    let mut other = Client::v1_in(&node, "quiet").await;
    node.metric_is("pubsub_lab_sessions", 1.0).await;
    #[cfg(target_os = "linux")]
    let before = node.descriptors();
    for round in 0..20 {
        join_all((0..100).map(async |n| {
            // Each way to end: a proper close, a dropped connection, a reset, in the middle of a frame, before the
            // answer to the handshake.
            match (round + n) % 5 {
                0 => Client::v1_in(&node, "busy").await.leave().await,
                1 => drop(Client::v1_in(&node, &format!("room {n}")).await),
                2 => {
                    let raw = Raw::plain(&node).await;
                    raw.tcp.set_zero_linger().unwrap();
                }
                3 => Raw::v1(&node).await.write(b"\x81\xfe\xff\xff\0\0\0\0half").await,
                _ => {
                    let mut raw = Raw::connect(&node).await;
                    raw.write(crate::support::client::upgrade("/ws", "").as_bytes()).await;
                }
            }
        }))
        .await;
        // Every seat is needed again in the next round but one.
        if round % 2 == 1 {
            node.metric_is("pubsub_lab_sessions", 1.0).await;
        }
    }
    node.metric_is("pubsub_lab_sessions", 1.0).await;
    assert_eq!(node.metric("pubsub_lab_clients_refused_total").await, 0.0);
    #[cfg(target_os = "linux")]
    {
        let start = Instant::now();
        while node.descriptors() > before {
            assert!(start.elapsed() < PATIENCE, "{} descriptors, {before} before", node.descriptors());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    assert_eq!(other.publish("quiet", "still here").await["type"], "ack");
    let frames = [other.frame().await["type"].clone()];
    assert_eq!(frames, ["message"], "what happened in other rooms is none of its business");
    // Whose connection broke may come back for a moment, and counts as long.
    let start = Instant::now();
    while other.enter("busy").await["members"] != 1 {
        assert!(start.elapsed() < PATIENCE, "somebody is left in it");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_flooder_that_goes_away_is_soon_gone() {
    let node = Node::start(&["--ping-every", "300ms", "--pong-within", "300ms"]);
    for bytes in [masked(PING, b""), masked(PONG, b""), masked(TEXT, b"{"), masked(BINARY, b"x")] {
        let mut raw = Raw::v1(&node).await;
        // What the node has not read yet when the client goes would take it minutes at the rate that it allows.
        let flood = bytes.repeat(20_000);
        let _ = tokio::time::timeout(Duration::from_millis(300), raw.tcp.write_all(&flood)).await;
        drop(raw);
        node.metric_is("pubsub_lab_sessions", 0.0).await;
    }
}

#[tokio::test]
async fn who_goes_on_sending_after_the_close_is_cut_off() {
    let node = Node::start(&[]);
    for closed_by in [&b"\x81\x01x"[..], &masked(crate::support::client::CLOSE, &1000_u16.to_be_bytes())] {
        let mut raw = Raw::plain(&node).await;
        raw.write(closed_by).await;
        let junk = vec![b'x'; 256 * 1024];
        let flood = async { while raw.tcp.write_all(&junk).await.is_ok() {} };
        tokio::time::timeout(PATIENCE, flood).await.expect("the node lets go");
        node.metric_is("pubsub_lab_sessions", 0.0).await;
    }
}

#[tokio::test]
async fn coming_and_going_without_end_does_not_drown_the_room() {
    let node = Node::start(&[]);
    let mut other = Client::v1_in(&node, "r").await;
    let mut nervous = Client::v1(&node).await;
    nervous.hello("Nervous").await;
    let turn = [
        json!({"type": "subscribe", "room": "r"}).to_string(),
        json!({"type": "unsubscribe", "room": "r"}).to_string(),
    ];
    let turns: Vec<&str> = turn.iter().cycle().take(600).map(|frame| &**frame).collect();
    let start = Instant::now();
    nervous.send_at_once(&turns).await;
    for _ in 0..300 {
        nervous.frame_of("unsubscribed").await;
    }
    // 600 changes cost 3,000 frames, of which 1,000 a second are free.
    assert!(start.elapsed() >= Duration::from_millis(1_900), "{:?}", start.elapsed());
    for _ in 0..300 {
        other.frame_of("left").await;
    }
}
