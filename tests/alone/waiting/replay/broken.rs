//! What becomes of a replay when something is broken.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::{join, join_all, join3};
use lapin::options::{BasicConsumeOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};
use nix::sys::signal::Signal;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::cluster::{Cluster, kill, pour, say, until};
use super::reader::Reader;
use crate::support::node::Node;
use crate::support::process::PATIENCE;
use crate::support::rabbitmq::RabbitMq;

/// The history has two seconds. Whatever waited for anything else would take longer than twice that.
const NONE_WITHIN: Duration = Duration::from_secs(4);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_history_the_chat_goes_on_and_with_it_the_rest_comes() {
    let cluster = Cluster::new(RabbitMq::shared().url());
    let (history, node, other) = (cluster.history(&[]).await, cluster.node().await, cluster.node().await);
    let mut reader = Reader::new("r");
    reader.come(&node).await;
    let mut all = say(&other, "r", "before", 5).await;
    reader.until(&all).await;
    reader.go();
    let held = reader.last.clone();
    all.extend(say(&other, "r", "meanwhile", 10).await);

    // Stopped, it answers nothing; killed, nobody answers.
    history.running.signal(Signal::SIGSTOP);
    for _ in 0..2 {
        let start = Instant::now();
        assert_eq!(reader.come(&node).await, "none");
        assert!(start.elapsed() < NONE_WITHIN, "{:?}", start.elapsed());
        reader.go();
    }
    kill(history);
    let start = Instant::now();
    assert_eq!(reader.come(&node).await, "none");
    assert!(start.elapsed() < NONE_WITHIN, "{:?}", start.elapsed());
    // What is held back while it is tried comes at once after.
    all.extend(say(&other, "r", "without history", 5).await);
    while !reader.texts.contains("without history 4") {
        reader.take().await;
    }
    assert!(reader.recovered.is_empty());

    // Back with what it had not stored yet: asked again, it tells all.
    let _history = cluster.history(&[]).await;
    assert_eq!(reader.ask(held).await, "all");
    assert_eq!(reader.texts, all);
    assert!((0..10).all(|n| reader.recovered.contains(&format!("meanwhile {n}"))));
    assert_eq!(node.metric("pubsub_lab_replays_total").await, 4.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_away_when_the_broker_was_killed_gets_everything() {
    let mut rabbit = RabbitMq::start();
    let cluster = Cluster::new(rabbit.url());
    let (_history, node, other) = (cluster.history(&[]).await, cluster.node().await, cluster.node().await);
    let (mut early, mut late) = (Reader::new("r"), Reader::new("r"));
    early.come(&node).await;
    late.come(&node).await;
    let mut all = say(&other, "r", "before", 20).await;
    for reader in [&mut early, &mut late] {
        reader.until(&all).await;
        reader.go();
    }
    all.extend(say(&other, "r", "away", 20).await);
    rabbit.kill();
    for node in [&node, &other] {
        until(node, "/readyz", |answer| answer.status == 503).await;
    }

    // Said while it is down: kept by the node, and confirmed in the end.
    let saying = say(&other, "r", "down", 20);
    // One comes while it is down, and one when it is back.
    let coming = async { early.come(&node).await };
    let booting = async {
        let booted = tokio::task::spawn_blocking(move || {
            rabbit.restart();
            rabbit
        });
        let rabbit = booted.await.unwrap();
        (rabbit, late.come(&other).await)
    };
    let (down, first, (_rabbit, second)) =
        timeout(2 * PATIENCE, join3(saying, coming, booting)).await.unwrap();
    all.extend(down);
    // At the first answer: the history comes back as the nodes do, and they wait for it.
    assert_eq!((first.as_str(), second.as_str()), ("all", "all"));
    assert!(early.others.iter().any(|frame| frame["code"] == "bus_down"), "{:?}", early.others);
    for reader in [&mut early, &mut late] {
        reader.until(&all).await;
        assert!((0..20).all(|n| reader.recovered.contains(&format!("away {n}"))), "{:?}", reader.recovered);
    }
    // And they hear on.
    let more = say(&node, "r", "after", 5).await;
    all.extend(more.iter().cloned());
    for reader in [&mut early, &mut late] {
        reader.until(&all).await;
        assert_eq!(reader.texts, all);
        assert!(more.is_disjoint(&reader.recovered));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_live_queue_was_deleted_fills_its_sessions() {
    let cluster = Cluster::new(RabbitMq::shared().url());
    let (_history, node) = (cluster.history(&[]).await, cluster.node().await);
    let connection = Connection::connect(&cluster.broker, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let queue = live_queue(&channel, &cluster.namespace).await;
    let other = cluster.node().await;
    let mut readers = [Reader::new("r"), Reader::new("r")];
    for reader in &mut readers {
        assert_eq!(reader.come(&node).await, "none");
    }
    let mut all = say(&other, "r", "before", 5).await;
    for reader in &mut readers {
        reader.until(&all).await;
    }
    // Stopped, so that it cannot be faster than those who speak.
    node.running.signal(Signal::SIGSTOP);
    channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
    let missed = say(&other, "r", "missed", 30).await;
    node.running.signal(Signal::SIGCONT);
    all.extend(missed.iter().cloned());
    for reader in &mut readers {
        reader.until(&all).await;
        assert!(missed.is_subset(&reader.recovered), "{:?}", reader.recovered);
    }
    all.extend(say(&other, "r", "after", 5).await);
    for reader in &mut readers {
        reader.until(&all).await;
        assert_eq!(reader.texts, all);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_queue_deleted_while_the_history_is_down_is_made_up_for_when_that_is_back() {
    let cluster = Cluster::new(RabbitMq::shared().url());
    let (history, node) = (cluster.history(&[]).await, cluster.node().await);
    let connection = Connection::connect(&cluster.broker, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let queue = live_queue(&channel, &cluster.namespace).await;
    let other = cluster.node().await;
    let mut reader = Reader::new("r");
    assert_eq!(reader.come(&node).await, "none");
    let mut all = say(&other, "r", "before", 5).await;
    reader.until(&all).await;
    kill(history);
    // Stopped, so that it cannot be faster than those who speak.
    node.running.signal(Signal::SIGSTOP);
    channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
    all.extend(say(&other, "r", "missed", 30).await);
    node.running.signal(Signal::SIGCONT);
    until(&node, "/readyz", |answer| answer.status == 503).await;
    // It is time itself that passes here: longer than the node waits for one answer.
    sleep(Duration::from_secs(3)).await;
    let _history = cluster.history(&[]).await;
    all.extend(say(&other, "r", "after", 5).await);
    reader.until(&all).await;
    assert_eq!(reader.texts, all);
    let gaps = reader.others.iter().filter(|frame| frame["type"] == "gap").count();
    assert_eq!(gaps, 0, "{:?}", reader.others);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_on_two_nodes_that_was_away_over_a_broker_kill_is_told_all_at_its_first_answer() {
    let mut rabbit = RabbitMq::start();
    let cluster = Cluster::new(rabbit.url());
    let _history = cluster.history(&[]).await;
    let nodes = [cluster.node().await, cluster.node().await];
    let mut readers: Vec<_> = (0..10).map(|_| Reader::new("r")).collect();
    for (n, reader) in readers.iter_mut().enumerate() {
        assert_eq!(reader.come(&nodes[n % 2]).await, "none");
    }
    let stop = CancellationToken::new();
    let breaking = async {
        join_all(readers.iter_mut().map(async |reader| reader.read(20).await)).await;
        readers.iter_mut().for_each(Reader::go);
        rabbit.kill();
        let booted = tokio::task::spawn_blocking(move || {
            rabbit.restart();
            rabbit
        });
        // They come while it boots, and are told when it is back.
        let coming = join_all(readers.iter_mut().enumerate().map(|(n, reader)| reader.come(&nodes[n % 2])));
        let (rabbit, came) = join(booted, coming).await;
        assert!(came.iter().all(|recovered| recovered == "all"), "{came:?}");
        stop.cancel();
        rabbit.unwrap()
    };
    let saying = pour(&nodes[0], "r", "Ada", 100, stop.clone());
    let (all, _rabbit) = timeout(2 * PATIENCE, join(saying, breaking)).await.unwrap();
    for reader in &mut readers {
        reader.until(&all).await;
        assert_eq!(reader.texts, all);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_and_goes_through_a_broker_kill_misses_nothing() {
    let mut rabbit = RabbitMq::start();
    let cluster = Cluster::new(rabbit.url());
    let _history = cluster.history(&[]).await;
    let nodes = [cluster.node().await, cluster.node().await];
    let mut readers: Vec<_> = (0..6).map(|_| Reader::new("r")).collect();
    for (n, reader) in readers.iter_mut().enumerate() {
        assert_eq!(reader.come(&nodes[n % 2]).await, "none");
    }
    let stop = CancellationToken::new();
    let walking = async {
        join_all(readers.iter_mut().map(async |reader| reader.read(20).await)).await;
        let visits = async |readers: &mut Vec<Reader>, count: usize| {
            let visits = readers.iter_mut().enumerate().map(async |(n, reader)| {
                for visit in 0..count {
                    visit_again(reader, &nodes[(n + visit) % 2]).await;
                }
            });
            join_all(visits).await;
        };
        visits(&mut readers, 3).await;
        rabbit.kill();
        let booted = tokio::task::spawn_blocking(move || {
            rabbit.restart();
            rabbit
        });
        // They leave and come while what the nodes have kept is published, some of it for the second time.
        let (rabbit, ()) = join(booted, visits(&mut readers, 20)).await;
        stop.cancel();
        rabbit.unwrap()
    };
    let pouring =
        join(pour(&nodes[0], "r", "Ada", 100, stop.clone()), pour(&nodes[1], "r", "Bo", 100, stop.clone()));
    let ((mut all, bo), _rabbit) = timeout(3 * PATIENCE, join(pouring, walking)).await.unwrap();
    all.extend(bo);
    for reader in &mut readers {
        reader.until(&all).await;
        assert_eq!(reader.texts, all);
    }
}

/// Leaves, comes to this node until it is told all that it missed, and hears a little.
async fn visit_again(reader: &mut Reader, node: &Node) {
    let held = reader.last.clone();
    loop {
        reader.go();
        reader.last = held.clone();
        if reader.come(node).await == "all" {
            return reader.read(5).await;
        }
    }
}

/// The live queue of the one node that is there: what it publishes to itself now and then has its name.
async fn live_queue(channel: &lapin::Channel, namespace: &str) -> String {
    let own = QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
    let queue = channel.queue_declare("".into(), own, FieldTable::default()).await.unwrap();
    let (name, signals) = (queue.name().as_str().to_owned(), format!("{namespace}.signals"));
    let (options, none) = (QueueBindOptions::default(), FieldTable::default());
    channel
        .queue_bind(name.as_str().into(), signals.as_str().into(), "#".into(), options, none)
        .await
        .unwrap();
    let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
    let mut consumer =
        channel.basic_consume(name.as_str().into(), "".into(), options, FieldTable::default()).await.unwrap();
    loop {
        let delivery = timeout(PATIENCE, consumer.next()).await.unwrap().unwrap().unwrap();
        if let Some(process) = delivery.routing_key.as_str().strip_prefix("$canary.") {
            return format!("{namespace}.live.{process}");
        }
    }
}
