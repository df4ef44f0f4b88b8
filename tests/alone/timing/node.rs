//! What one client costs the others: time, and the node's memory.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;

use crate::support::client::{BINARY, CLOSE, Client, PING, PONG, Raw, TEXT, V1, masked};
use crate::support::node::Node;

/// How much longer a message may take there and back while others misbehave. Usually it takes far below a millisecond.
const PROMPT: Duration = Duration::from_millis(100);
/// What a flood may cost in memory: the kernel's part is not counted, and an allocator keeps a little.
const FLOOD_MEMORY: u64 = 16 * 1024 * 1024;

/// Sends messages to and fro for so long, and no fewer than say something; gives the longest time that one took.
async fn slowest(client: &mut Client, how_long: Duration) -> Duration {
    let (start, mut slowest, mut count) = (Instant::now(), Duration::ZERO, 0);
    while start.elapsed() < how_long || count <= 20 {
        let sent = Instant::now();
        let text = count.to_string();
        client.say(json!({"type": "publish", "room": "calm", "text": text})).await;
        client.text_of_message(&text).await;
        slowest = slowest.max(sent.elapsed());
        count += 1;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    slowest
}

/// Writes these bytes again and again until the connection takes no more, or the set of tasks is dropped.
async fn flood(mut raw: Raw, bytes: Vec<u8>, read: bool) {
    let (mut from, mut to) = raw.tcp.split();
    let writing = async { while to.write_all(&bytes).await.is_ok() {} };
    let mut nowhere = tokio::io::sink();
    if read {
        tokio::select! {
            () = writing => {}
            _ = tokio::io::copy(&mut from, &mut nowhere) => {}
        }
    } else {
        writing.await;
    }
}

/// The longest time that a message took through this node, and through another one that nobody floods, meanwhile: the
/// machine holds up both, what the node does wrong it does alone.
async fn slowest_of_both(calm: &mut Client, how_long: Duration) -> (Duration, Duration) {
    let quiet = Node::start(&[]);
    let mut control = Client::v1_in(&quiet, "calm").await;
    tokio::join!(slowest(calm, how_long), slowest(&mut control, how_long))
}

/// Lets four clients flood the node in this way, and looks at what a fifth one notices.
async fn costs_others_nothing(what: &str, first: &[u8], bytes: &[u8], read: bool) {
    let node = Node::start(&[]);
    let mut calm = Client::v1_in(&node, "calm").await;
    slowest(&mut calm, Duration::from_millis(300)).await;
    let before = node.memory();
    let mut flooders = JoinSet::new();
    for _ in 0..4 {
        let mut raw = Raw::v1(&node).await;
        raw.write(first).await;
        flooders.spawn(flood(raw, bytes.to_vec(), read));
    }
    let (slowest, control) = slowest_of_both(&mut calm, Duration::from_millis(800)).await;
    let grown = node.memory().saturating_sub(before);
    println!("{what}: slowest {slowest:?}, control {control:?}, memory +{} KiB", grown / 1024);
    assert!(grown < FLOOD_MEMORY, "{what}: {grown} bytes more");
    assert!(slowest < PROMPT + control, "{what}: {slowest:?}, beside it {control:?}");
}

#[tokio::test]
async fn a_ping_flood_costs_others_nothing() {
    let pings = masked(PING, &[b'x'; 125]).repeat(1_000);
    costs_others_nothing("pings", b"", &pings, true).await;
    costs_others_nothing("pings, nothing read", b"", &pings, false).await;
    let small = masked(PING, b"").repeat(10_000);
    costs_others_nothing("empty pings, nothing read", b"", &small, false).await;
    costs_others_nothing("pongs", b"", &masked(PONG, b"").repeat(10_000), true).await;
}

#[tokio::test]
async fn a_flood_of_broken_frames_costs_others_nothing() {
    let long = masked(TEXT, &[b"\"", &[b'x'; 60_000][..], b"\""].concat());
    for read in [true, false] {
        costs_others_nothing("broken frames", b"", &masked(TEXT, b"{").repeat(1_000), read).await;
        costs_others_nothing("long broken frames", b"", &long, read).await;
        costs_others_nothing("binary frames", b"", &masked(BINARY, &[0; 60_000]), read).await;
        let unknown = format!(r#"{{"type":"{}"}}"#, "y".repeat(60_000));
        costs_others_nothing("unknown types", b"", &masked(TEXT, unknown.as_bytes()), read).await;
        let refused = format!(r#"{{"type":"publish","room":"r","text":"x","id":"{}"}}"#, "i".repeat(60_000));
        costs_others_nothing("refused publishes", b"", &masked(TEXT, refused.as_bytes()), read).await;
        costs_others_nothing("late hellos", b"", &masked(TEXT, br#"{"type":"hello"}"#).repeat(1_000), read)
            .await;
    }
}

#[tokio::test]
async fn a_message_in_endless_frames_costs_others_nothing() {
    costs_others_nothing("empty frames", &masked(0x01, b""), &masked(0x00, b"").repeat(10_000), true).await;
}

#[tokio::test]
async fn a_flood_into_a_closed_connection_costs_others_nothing() {
    let junk = vec![b'x'; 1024 * 1024];
    for (what, first) in
        [("after a violation", masked(0xff, b"")), ("after a close", masked(CLOSE, &1000_u16.to_be_bytes()))]
    {
        costs_others_nothing(what, &first, &junk, true).await;
        costs_others_nothing(what, &first, &junk, false).await;
    }
}

#[tokio::test]
async fn a_slow_client_costs_others_nothing() {
    let node = Node::start(&["--max-rate", "0"]);
    let mut deaf = Client::with_small_buffer(&node, &[V1]).await;
    deaf.enter("loud").await;
    let mut calm = Client::v1_in(&node, "calm").await;
    let before = node.memory();
    let mut loud = Client::v1(&node).await;
    let text = "x".repeat(16_000);
    let shouting = async {
        for _ in 0..3_000 {
            loud.say(json!({"type": "publish", "room": "loud", "text": text})).await;
            loud.answer().await;
        }
    };
    let ((slowest, control), ()) = tokio::join!(slowest_of_both(&mut calm, Duration::from_secs(3)), shouting);
    let grown = node.memory().saturating_sub(before);
    println!("slow client: slowest {slowest:?}, control {control:?}, memory +{} KiB", grown / 1024);
    // Its outbox holds 1,024 of these frames, and no more.
    assert!(grown < 1_024 * 16_400 + FLOOD_MEMORY, "{grown} bytes more");
    assert!(node.metric("pubsub_lab_outbox_dropped_frames_total").await > 0.0, "too few to overflow it");
    assert!(slowest < PROMPT + control, "{slowest:?}, beside it {control:?}");
}

#[tokio::test]
async fn an_idle_client_costs_less_than_16_kb_and_an_idle_node_less_than_12_mb() {
    let node = Node::start(&[]);
    node.get("/readyz").await;
    let empty = node.memory();
    println!("an idle node: {} KiB", empty / 1024);
    #[cfg(not(debug_assertions))]
    assert!(empty < 12 * 1000 * 1000, "{empty}");
    let mut clients = Vec::new();
    for _ in 0..1_000 {
        clients.push(Client::v1_in(&node, "quiet").await);
    }
    let each = (node.memory() - empty) / 1_000;
    println!("an idle client: {each} bytes");
    assert!(each < 16_000, "{each} bytes a client");
}
