//! A room as server-sent events.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use crate::support::client::Client;
use crate::support::events::Events;
use crate::support::node::{Node, PATIENCE};

const ROOM: &str = "/api/rooms/r/events";

#[tokio::test]
async fn a_reader_gets_the_frames_of_a_socket_and_goes_on_where_it_was() {
    let node = Node::start(&[]);
    let mut reader = Events::open(node.address, ROOM, "").await;
    for line in
        ["200 ok", "content-type: text/event-stream\r\n", "cache-control: no-store", "x-accel-buffering: no"]
    {
        assert!(reader.head.contains(line), "{}", reader.head);
    }
    let subscribed = reader.next().await.unwrap();
    assert_eq!((&*subscribed.kind, subscribed.id), ("subscribed", None));
    assert_eq!(
        subscribed.data,
        json!({"type": "subscribed", "room": "r", "members": 0, "recovered": "none"})
    );
    let mut ada = Client::v1_in(&node, "r").await;
    ada.say(json!({"type": "publish", "room": "r", "text": "line\nbreak \u{2028} é"})).await;
    let message = ada.frame_of("message").await;
    let event = reader.next().await.unwrap();
    assert_eq!((event.id.as_deref(), &event.data), (message["id"].as_str(), &message));
    drop(reader);
    for text in ["2", "3"] {
        ada.publish("r", text).await;
        ada.text_of_message(text).await;
    }
    // A browser says in a header what it had last, and asks for the old address.
    let header = format!("last-event-id: {}\r\n", message["id"].as_str().unwrap());
    let mut again = Events::open(node.address, &format!("{ROOM}?after=older"), &header).await;
    for text in ["2", "3"] {
        let event = again.next().await.unwrap();
        assert_eq!((&event.data["text"], &event.data["replay"]), (&json!(text), &json!(true)));
    }
    let subscribed = again.next().await.unwrap().data;
    assert_eq!((&subscribed["recovered"], &subscribed["members"]), (&json!("all"), &json!(1)));
    ada.publish("r", "4").await;
    let live = again.next().await.unwrap().data;
    assert_eq!((&live["text"], live.get("replay")), (&json!("4"), None));
}

#[tokio::test]
async fn many_readers_and_sockets_hear_the_same() {
    let node = Node::start(&["--max-rate", "0"]);
    let mut readers = Vec::new();
    for _ in 0..20 {
        let mut reader = Events::open(node.address, ROOM, "").await;
        reader.next_of("subscribed").await;
        readers.push(reader);
    }
    let mut ada = Client::v1_in(&node, "r").await;
    let said: Vec<_> = (0..200).map(|n| n.to_string()).collect();
    for text in &said {
        ada.say(json!({"type": "publish", "room": "r", "text": text})).await;
    }
    for reader in &mut readers {
        assert_eq!(reader.texts(said.len()).await, said);
    }
    // Other rooms are none of theirs.
    let mut bob = Client::v1_in(&node, "s").await;
    bob.publish("s", "elsewhere").await;
    assert!(readers[0].is_silent(Duration::from_millis(100)).await);
}

#[tokio::test]
async fn a_stream_ends_with_its_node_and_holds_up_nothing() {
    let mut node = Node::start(&[]);
    let mut reader = Events::open(node.address, ROOM, "").await;
    reader.next_of("subscribed").await;
    node.running.signal(Signal::SIGTERM);
    assert!(reader.next().await.is_none());
    assert!(node.running.ended_within(Duration::from_secs(4)).success());
}

#[tokio::test]
async fn a_reader_takes_a_clients_place_and_gives_it_back() {
    let node = Node::start(&["--max-clients", "1"]);
    let mut reader = Events::open(node.address, ROOM, "").await;
    reader.next_of("subscribed").await;
    let other = node.get(ROOM).await;
    assert_eq!(other.status, 503, "{other:?}");
    drop(reader);
    let start = Instant::now();
    loop {
        // The node sees that a reader is gone when it writes to it, or when the connection says so.
        let mut next = Events::open(node.address, ROOM, "").await;
        if next.head.contains("200 ok") {
            next.next_of("subscribed").await;
            break;
        }
        assert!(start.elapsed() < PATIENCE, "{}", next.head);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_cut_off_and_one_that_takes_all_is_not() {
    let flags = ["--max-rate", "0", "--max-text", "60000", "--slow-after", "300ms", "--ping-every", "200ms"];
    let node = Node::start(&flags);
    let tcp = TcpSocket::new_v4().unwrap();
    tcp.set_recv_buffer_size(4096).unwrap();
    let mut stuck = tcp.connect(node.address).await.unwrap();
    let request = format!("GET {ROOM} HTTP/1.0\r\nhost: {}\r\n\r\n", node.address);
    stuck.write_all(request.as_bytes()).await.unwrap();
    let mut greeting = [0; 64];
    stuck.read_exact(&mut greeting).await.unwrap();
    let mut reader = Events::open(node.address, ROOM, "").await;
    reader.next_of("subscribed").await;
    let mut ada = Client::v1_in(&node, "r").await;
    // More than all buffers on the way hold.
    let text = "x".repeat(50_000);
    for n in 0..200 {
        ada.say(json!({"type": "publish", "room": "r", "text": format!("{n} {text}")})).await;
        reader.texts(1).await;
        ada.frame_of("message").await;
    }
    node.metric_is("pubsub_lab_event_readers", 1.0).await;
    ada.publish("r", "last").await;
    assert_eq!(reader.texts(1).await, ["last"]);
}
