//! Nodes and a history that share a namespace of a real RabbitMQ, and clients that publish through them.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::json;
use tempfile::TempDir;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use crate::support::client::Client;
use crate::support::node::{Answer, Node};
use crate::support::ports::Port;
use crate::support::process::{PATIENCE, Running, pubsub_lab};

const LOOK: Duration = Duration::from_millis(20);

/// What the processes of one cluster share.
pub struct Cluster {
    pub broker: String,
    pub namespace: String,
    /// The history's, kept while that is down.
    port: Port,
    dir: TempDir,
}

impl Cluster {
    pub fn new(broker: String) -> Self {
        let namespace = format!("replay-{:08x}", rand::random::<u32>());
        Self { broker, namespace, port: Port::free(), dir: tempfile::tempdir().unwrap() }
    }

    /// The history, ready; always on the same port, with the same file.
    pub async fn history(&self, flags: &[&str]) -> Node {
        let listen = format!("127.0.0.1:{}", self.port.number());
        let db = self.dir.path().join("history.db").display().to_string();
        let mut command = pubsub_lab(&["history", "--listen", &listen, "--db", &db]);
        command.args(["--broker", &self.broker, "--namespace", &self.namespace]).args(flags);
        ready(Running::start(command)).await
    }

    /// Every byte of the history's files.
    pub fn kept(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.dir.path()).unwrap();
        files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }

    /// A node, ready.
    pub async fn node(&self) -> Node {
        self.node_at("127.0.0.1:0").await
    }

    /// A node at this address, ready.
    pub async fn node_at(&self, listen: &str) -> Node {
        self.node_with(listen, &[]).await
    }

    /// A node at this address with these flags, ready.
    pub async fn node_with(&self, listen: &str, flags: &[&str]) -> Node {
        let history = format!("http://127.0.0.1:{}", self.port.number());
        let mut command = pubsub_lab(&["node", "amqp", "--listen", listen, "--max-rate", "0"]);
        command
            .args(["--broker", &self.broker, "--namespace", &self.namespace, "--history", &history])
            .args(flags);
        command.env("PUBSUB_LAB_SECRET", "one secret for all");
        ready(Running::start(command)).await
    }
}

async fn ready(running: Running) -> Node {
    let line = running.out_line("listening http://");
    let address: SocketAddr = line.rsplit_once('/').unwrap().1.parse().unwrap();
    let node = Node { running, address };
    until_ready(&node).await;
    node
}

/// Waits until it says that it is ready.
pub async fn until_ready(node: &Node) {
    until(node, "/readyz", |answer| answer.status == 200).await;
}

/// Waits until what it answers is wanted.
pub async fn until(node: &Node, path: &str, wanted: impl Fn(&Answer) -> bool) {
    let start = Instant::now();
    loop {
        let answer = node.get(path).await;
        if wanted(&answer) {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{path}: {answer:?}\n{}", node.running.everything());
        sleep(LOOK).await;
    }
}

/// Kills it, and waits until it is gone.
pub fn kill(mut node: Node) {
    node.running.signal(Signal::SIGKILL);
    node.running.ended_within(PATIENCE);
}

/// Publishes so many a second into a room until it is told to stop. Gives the texts, each of which was confirmed.
pub async fn pour(
    node: &Node,
    room: &str,
    name: &str,
    rate: u64,
    stop: CancellationToken,
) -> BTreeSet<String> {
    let mut client = Client::v1(node).await.patient();
    client.hello(name).await;
    let mut texts = BTreeSet::new();
    let mut ticks = interval(Duration::from_micros(1_000_000 / rate));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for n in 0.. {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = ticks.tick() => {}
        }
        let text = format!("{name} {n}");
        client.say(json!({"type": "publish", "room": room, "text": text, "id": n.to_string()})).await;
        texts.insert(text);
    }
    for _ in &texts {
        confirmed(&mut client).await;
    }
    texts
}

/// Publishes texts one after the other, each confirmed.
pub async fn say(node: &Node, room: &str, name: &str, count: usize) -> BTreeSet<String> {
    let mut client = Client::v1(node).await.patient();
    client.hello(name).await;
    let mut texts = BTreeSet::new();
    for n in 0..count {
        let text = format!("{name} {n}");
        client.say(json!({"type": "publish", "room": room, "text": text})).await;
        confirmed(&mut client).await;
        texts.insert(text);
    }
    texts
}

async fn confirmed(client: &mut Client) {
    let answer = client.answer().await;
    assert_eq!(answer["type"], "ack", "{answer}");
    assert_eq!(answer["level"], "confirmed", "{answer}");
}
