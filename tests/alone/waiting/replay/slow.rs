//! Clients that read nothing for a while: their node brings them from the history what did not fit into their outboxes.

use std::ops::Range;

use futures_util::future::join;
use serde_json::{Value, json};

use super::cluster::{Cluster, kill};
use crate::support::client::{Client, V1};
use crate::support::node::Node;
use crate::support::rabbitmq::RabbitMq;

/// Number of texts of [`say`] that are more than the kernel's buffers and an outbox hold.
const MANY: usize = 800;
/// No client is closed because this machine is slow.
const FLAGS: [&str; 4] = ["--outbox", "64", "--slow-after", "10m"];

/// Publishes long texts that begin with these numbers.
async fn say(sender: &mut Client, numbers: Range<usize>) {
    let filler = "x".repeat(16_000);
    for n in numbers {
        let text = format!("{n} {filler}");
        sender.say(json!({"type": "publish", "room": "r", "text": text, "id": n.to_string()})).await;
        assert_eq!(sender.answer().await["type"], "ack");
    }
}

fn number(frame: &Value) -> usize {
    frame["text"].as_str().unwrap().split(' ').next().unwrap().parse().unwrap()
}

/// A client in the room that soon blocks whoever writes to it.
async fn slow_client(node: &Node) -> Client {
    let mut slow = Client::with_small_buffer(node, &[V1]).await.patient();
    slow.enter("r").await;
    slow
}

/// Reads these numbers, each once and in order, and nothing of a loss. Gives how many a replay brought.
async fn read(client: &mut Client, numbers: Range<usize>) -> usize {
    let (mut next, mut replayed) = (numbers.start, 0);
    while next < numbers.end {
        let frame = client.frame().await;
        match frame["type"].as_str().unwrap() {
            "message" => {
                assert_eq!(number(&frame), next, "{replayed} replayed");
                replayed += usize::from(frame["replay"] == true);
                next += 1;
            }
            "welcome" | "joined" | "left" | "members" => {}
            other => panic!("{other} before {next}: {frame}"),
        }
    }
    replayed
}

/// Says these numbers while a client reads them, that is not slow.
async fn hears(sender: &mut Client, brisk: &mut Client, numbers: Range<usize>) {
    let ((), replayed) = join(say(sender, numbers.clone()), read(brisk, numbers)).await;
    assert_eq!(replayed, 0, "the others do not know of it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_nothing_for_a_while_gets_everything_once_and_in_order_each_time() {
    let cluster = Cluster::new(RabbitMq::shared().url());
    let (_history, node) = (cluster.history(&[]).await, cluster.node_with("127.0.0.1:0", &FLAGS).await);
    let other = cluster.node().await;
    let mut slow = slow_client(&node).await;
    let mut brisk = Client::v1_in(&node, "r").await.patient();
    let mut sender = Client::v1(&other).await.patient();
    for round in 0..2 {
        let (start, end) = (round * 2 * MANY, round * 2 * MANY + MANY);
        hears(&mut sender, &mut brisk, start..end).await;
        // It reads again while more is said.
        let talking = hears(&mut sender, &mut brisk, end..end + 200);
        let (replayed, ()) = join(read(&mut slow, start..end + 200), talking).await;
        assert!(replayed > 100, "the flood was too small to overflow anything: {replayed}");
        // It is told the number of people, and hears live again.
        let talking = hears(&mut sender, &mut brisk, end + 200..start + 2 * MANY);
        let (_, ()) = join(read(&mut slow, end + 200..start + 2 * MANY), talking).await;
    }
    assert!(node.metric("pubsub_lab_slow_catch_ups_total").await >= 2.0);
    assert_eq!(node.metric("pubsub_lab_replay_dropped_frames_total").await, 0.0);
    assert_eq!(node.metric("pubsub_lab_sessions_too_slow_total").await, 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_in_the_middle_of_it_hears_nothing_more_and_may_ask_for_the_rest() {
    let cluster = Cluster::new(RabbitMq::shared().url());
    let (_history, node) = (cluster.history(&[]).await, cluster.node_with("127.0.0.1:0", &FLAGS).await);
    let mut slow = slow_client(&node).await;
    let mut brisk = Client::v1_in(&node, "r").await.patient();
    let mut sender = Client::v1(&node).await.patient();
    hears(&mut sender, &mut brisk, 0..MANY).await;
    let (mut next, mut last, mut replayed) = (0, Value::Null, 0);
    loop {
        let frame = slow.frame().await;
        match frame["type"].as_str().unwrap() {
            "message" => {
                assert_eq!(number(&frame), next);
                (next, last) = (next + 1, frame["id"].clone());
                replayed += usize::from(frame["replay"] == true);
                if replayed == 10 {
                    slow.say(json!({"type": "unsubscribe", "room": "r"})).await;
                }
            }
            "unsubscribed" => break,
            "welcome" | "joined" => {}
            other => panic!("{other} before {next}: {frame}"),
        }
    }
    assert!(replayed >= 10);
    hears(&mut sender, &mut brisk, MANY..MANY + 5).await;
    // The first thing that it hears again is what it asks for.
    slow.say(json!({"type": "subscribe", "room": "r", "after": last})).await;
    let mut expected = next;
    loop {
        let frame = slow.frame().await;
        match frame["type"].as_str().unwrap() {
            "message" => {
                assert_eq!(frame["replay"], true, "{frame}");
                // A replay may begin a little before.
                if number(&frame) >= next {
                    assert_eq!(number(&frame), expected);
                    expected += 1;
                }
            }
            "subscribed" => {
                assert_eq!(frame["recovered"], "all");
                break;
            }
            other => panic!("{other} before {expected}: {frame}"),
        }
    }
    assert_eq!(expected, MANY + 5);
    hears(&mut sender, &mut brisk, MANY + 5..MANY + 10).await;
    assert_eq!(read(&mut slow, MANY + 5..MANY + 10).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_history_that_answers_it_is_told_how_many_are_missing() {
    let cluster = Cluster::new(RabbitMq::shared().url());
    let (history, node) = (cluster.history(&[]).await, cluster.node_with("127.0.0.1:0", &FLAGS).await);
    let mut slow = slow_client(&node).await;
    let mut brisk = Client::v1_in(&node, "r").await.patient();
    let mut sender = Client::v1(&node).await.patient();
    hears(&mut sender, &mut brisk, 0..MANY).await;
    kill(history);
    let (mut next, mut missed, mut notices) = (0, 0, 0);
    while next < MANY {
        let frame = slow.frame().await;
        match frame["type"].as_str().unwrap() {
            "message" => {
                assert_eq!(number(&frame), next);
                next += 1;
            }
            "lagged" => {
                let count = frame["missed"].as_u64().unwrap() as usize;
                (next, missed, notices) = (next + count, missed + count, notices + 1);
            }
            "welcome" | "joined" | "members" => {}
            other => panic!("{other} before {next}: {frame}"),
        }
    }
    assert_eq!((next, notices), (MANY, 1), "{missed} are missing");
    assert_eq!(node.metric("pubsub_lab_replay_dropped_frames_total").await as usize, missed);
    // It hears live again.
    hears(&mut sender, &mut brisk, MANY..MANY + 10).await;
    assert_eq!(read(&mut slow, MANY..MANY + 10).await, 0);
}
