//! A history service as a process of its own, and a publisher that speaks to its queue as a node does.

#![allow(dead_code, reason = "each test binary uses its own part of it")]

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, PublisherConfirm};
use pubsub_lab::bus::amqp::topology::{self, FENCE_ROOM, Names, PERSISTENT};
use pubsub_lab::wire::{Envelope, Kind, NodeFrame, Room};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::timeout;

use super::node::{Answer, Node};
use super::process::{Running, program};

/// A limit that is longer than anything here takes, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Number of publishes whose confirms are waited for together.
const WINDOW: usize = 500;

/// A history service, killed when it is dropped. It answers every request that a node answers too.
pub struct History {
    node: Node,
}

impl Deref for History {
    type Target = Node;

    fn deref(&self) -> &Node {
        &self.node
    }
}

impl DerefMut for History {
    fn deref_mut(&mut self) -> &mut Node {
        &mut self.node
    }
}

/// A place for a history: the file in which it is kept, and the broker with its queue.
pub struct Place {
    pub url: String,
    pub namespace: String,
    pub db: PathBuf,
    _dir: TempDir,
}

impl Place {
    /// A place with a fresh file, and with names of its own.
    pub fn new(url: String) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let dir = tempfile::Builder::new().prefix("history-").tempdir().unwrap();
        let namespace = format!("history-test-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        Self { url, namespace, db: dir.path().join("deeper").join("history.db"), _dir: dir }
    }

    /// The arguments of a history service at this place.
    pub fn args(&self, flags: &[&str]) -> Vec<String> {
        let own =
            ["history", "--broker", &self.url, "--namespace", &self.namespace, "--listen", "127.0.0.1:0"];
        let db = ["--db".to_owned(), self.db.display().to_string()];
        own.iter().chain(flags).map(|arg| (*arg).to_owned()).chain(db).collect()
    }

    /// A history service at this place, as soon as it listens.
    pub fn start(&self, flags: &[&str]) -> History {
        let mut command = Command::new(program());
        command.args(self.args(flags));
        History::start(command)
    }

    /// A history service that may write no file longer than this number of KiB.
    pub fn start_within(&self, kib: u64, flags: &[&str]) -> History {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit -S -f {}; exec \"$0\" \"$@\"", kib * 2)]);
        command.arg(program()).args(self.args(flags));
        History::start(command)
    }

    /// A publisher to the queue of this place.
    pub async fn publisher(&self) -> Publisher {
        Publisher::connect(&self.url, &self.namespace).await
    }

    /// A connection to the file, as another process has it.
    pub fn sqlite(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(&self.db).unwrap()
    }
}

impl History {
    pub fn start(command: Command) -> Self {
        let running = Running::start(command);
        let line = running.out_line("listening http://");
        let address = line.rsplit_once('/').unwrap().1.parse().unwrap();
        Self { node: Node { running, address } }
    }

    /// Waits until `/readyz` says this; an empty text stands for "ready".
    pub async fn ready_says(&self, part: &str) {
        self.ready_says_within(PATIENCE, part).await;
    }

    pub async fn ready_says_within(&self, patience: Duration, part: &str) {
        let start = Instant::now();
        loop {
            let answer = self.get("/readyz").await;
            let wanted = if part.is_empty() { answer.status == 200 } else { answer.status == 503 };
            if wanted && answer.body.contains(part) {
                return;
            }
            assert!(start.elapsed() < patience, "after {patience:?}: {answer:?}, not {part:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The status of a GET, and its answer as JSON.
    pub async fn json(&self, path: &str) -> (u16, Value) {
        let answer = self.get(path).await;
        assert!(answer.head.contains("content-type: application/json"), "{path}: {answer:?}");
        (answer.status, serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{path}: {answer:?}")))
    }

    /// The ids of a page of messages, and whether there are more.
    pub async fn messages(&self, path: &str) -> (Vec<String>, bool) {
        let (status, page) = self.json(path).await;
        assert_eq!(status, 200, "{path}: {page}");
        let id = |message: &Value| message["id"].as_str().unwrap().to_owned();
        (page["messages"].as_array().unwrap().iter().map(id).collect(), page["more"].as_bool().unwrap())
    }

    /// The status of a request that is refused, and the sentence of the refusal.
    pub async fn refusal(&self, path: &str) -> (u16, String) {
        let (status, body) = self.json(path).await;
        (status, body["error"].as_str().unwrap().to_owned())
    }

    /// The sequence number of a fence, which may still have to arrive.
    pub async fn fence(&self, id: &str) -> i64 {
        let (status, body) = self.json(&format!("/fences/{id}?wait_ms=30000")).await;
        assert_eq!(status, 200, "the fence {id}: {body}");
        body["seq"].as_i64().unwrap()
    }

    /// A whole replay: the ids, whether its start was known, and the number of pages.
    pub async fn replay(&self, room: &str, query: &str) -> (Vec<String>, bool, usize) {
        let (mut ids, mut found, mut pages) = (Vec::new(), true, 0);
        let mut start = query.to_owned();
        let rest: String = query
            .split('&')
            .filter(|part| !["after=", "margin=", "from="].iter().any(|name| part.starts_with(name)))
            .map(|part| format!("&{part}"))
            .collect();
        loop {
            let answer = self.get(&format!("/rooms/{room}/envelopes?{start}")).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            found &= header(&answer, "pubsub-lab-found").unwrap() == "true";
            pages += 1;
            let mut lines = answer.body.lines();
            while let Some(head) = lines.next() {
                let frame: Value = serde_json::from_str(lines.next().expect("a frame")).unwrap();
                let id = head.split(' ').nth(2).unwrap();
                assert_eq!(frame["id"], id, "{head}");
                ids.push(id.to_owned());
            }
            match header(&answer, "pubsub-lab-next") {
                Some(seq) => start = format!("from={seq}{rest}"),
                None => return (ids, found, pages),
            }
        }
    }

    /// Asserts that the room holds these ids, each once, in this order.
    pub async fn holds(&self, room: &str, wanted: &[String]) {
        let (held, ..) = self.replay(room, "from=0&limit=1000").await;
        let mut times = HashMap::new();
        for id in &held {
            *times.entry(id).or_insert(0) += 1;
        }
        let lost: Vec<_> = wanted.iter().filter(|id| !times.contains_key(id)).collect();
        assert!(lost.is_empty(), "{} of {} lost, such as {:?}", lost.len(), wanted.len(), lost.first());
        let twice: Vec<_> = times.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.is_empty(), "{} are there twice, such as {:?}", twice.len(), twice.first());
        assert!(held == wanted, "the order is another one, or there are more: {} ids", held.len());
    }
}

/// The value of a header of an answer.
pub fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// The envelope of a chat message, as a node makes it.
pub fn chat(room: &str, id: &str, text: &str) -> Envelope {
    let frame =
        NodeFrame::Message { room, id, from: "Ada", colour: "#123456", text, sent_at: 1_700_000_000_000 };
    Envelope {
        kind: Kind::Chat,
        room: Room::parse(room).unwrap(),
        id: id.into(),
        sender: "s1".into(),
        others: false,
        count: None,
        frame: frame.json(),
    }
}

/// The ids with this prefix and these numbers.
pub fn ids(prefix: &str, numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|n| format!("{prefix}.{n}")).collect()
}

/// A client that publishes to a history's queue as nodes do, with confirms.
pub struct Publisher {
    _connection: Connection,
    channel: Channel,
    names: Names,
}

impl Publisher {
    /// Connects, trying again until the broker takes the connection, and declares what a node declares.
    pub async fn connect(url: &str, namespace: &str) -> Self {
        let start = Instant::now();
        loop {
            match timeout(Duration::from_secs(5), Self::attempt(url, namespace)).await {
                Ok(Ok(publisher)) => return publisher,
                failed => assert!(start.elapsed() < PATIENCE, "{:?}", failed.map(|tried| tried.err())),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn attempt(url: &str, namespace: &str) -> lapin::Result<Self> {
        let connection = Connection::connect(url, ConnectionProperties::default()).await?;
        let names = Names::new(namespace);
        topology::declare(&connection, &names).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Self { _connection: connection, channel, names })
    }

    /// Publishes these envelopes, and says of each whether it was confirmed.
    pub async fn try_all(&self, envelopes: &[Envelope]) -> Vec<bool> {
        let mut confirmed = Vec::with_capacity(envelopes.len());
        for window in envelopes.chunks(WINDOW) {
            let mut confirms = Vec::with_capacity(window.len());
            for envelope in window {
                let queue = &self.names.history;
                confirms.push(self.send("", queue, &envelope.encode(), &envelope.id).await.ok());
            }
            for confirm in confirms {
                confirmed.push(match confirm {
                    Some(confirm) => {
                        matches!(
                            timeout(Duration::from_secs(10), confirm).await,
                            Ok(Ok(Confirmation::Ack(None)))
                        )
                    }
                    None => false,
                });
            }
        }
        confirmed
    }

    /// Publishes these envelopes, and asserts that each is confirmed.
    pub async fn all(&self, envelopes: &[Envelope]) {
        assert!(
            self.try_all(envelopes).await.into_iter().all(|confirmed| confirmed),
            "not all are confirmed"
        );
    }

    /// Publishes messages with these ids to a room.
    pub async fn say(&self, room: &str, ids: &[String]) {
        let envelopes: Vec<_> = ids.iter().map(|id| chat(room, id, "some text")).collect();
        self.all(&envelopes).await;
    }

    /// Publishes a body of any bytes.
    pub async fn raw(&self, body: &[u8]) {
        self.confirmed("", &self.names.history, body, "raw").await;
    }

    /// Puts a fence into the queue, as a node does.
    pub async fn fence(&self, id: &str) {
        let fence = Envelope {
            kind: Kind::Control,
            room: Room::any(FENCE_ROOM).unwrap(),
            id: id.into(),
            sender: "n1".into(),
            others: false,
            count: None,
            frame: bytes::Bytes::new(),
        };
        self.confirmed("", &self.names.history, &fence.encode(), id).await;
    }

    /// Puts a fence behind everything that was published, and gives its sequence number.
    pub async fn fenced(&self, history: &History) -> i64 {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = format!("fence-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.fence(&id).await;
        history.fence(&id).await
    }

    /// Number of messages that wait in the queue, without those that were taken and not acknowledged.
    pub async fn queue_ready(&self) -> u32 {
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let queue = self.names.history.as_str().into();
        self.channel.queue_declare(queue, passive, FieldTable::default()).await.unwrap().message_count()
    }

    /// Deletes the queue of the history.
    pub async fn delete_queue(&self) {
        let queue = self.names.history.as_str().into();
        self.channel.queue_delete(queue, QueueDeleteOptions::default()).await.unwrap();
    }

    /// Declares a queue without bounds in the place of the history's queue.
    pub async fn declare_another_queue(&self) {
        self.declare(FieldTable::default()).await;
    }

    /// Declares a queue of another length in the place of the history's queue. A queue of this length stays as it is.
    pub async fn declare_queue_of_length(&self, length: i64, overflow: &str) {
        let mut bounds = FieldTable::default();
        bounds.insert("x-max-length".into(), AMQPValue::LongLongInt(length));
        bounds.insert("x-overflow".into(), AMQPValue::LongString(overflow.into()));
        self.declare(bounds).await;
    }

    async fn declare(&self, arguments: FieldTable) {
        let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        let queue = self.names.history.as_str().into();
        self.channel.queue_declare(queue, durable, arguments).await.unwrap();
    }

    async fn confirmed(&self, exchange: &str, key: &str, body: &[u8], id: &str) {
        let confirm = self.send(exchange, key, body, id).await.unwrap().await.unwrap();
        assert_eq!(confirm, Confirmation::Ack(None));
    }

    async fn send(
        &self,
        exchange: &str,
        key: &str,
        body: &[u8],
        id: &str,
    ) -> lapin::Result<PublisherConfirm> {
        let properties = BasicProperties::default().with_delivery_mode(PERSISTENT).with_message_id(id.into());
        let options = BasicPublishOptions::default();
        self.channel.basic_publish(exchange.into(), key.into(), options, body, properties).await
    }
}

/// Lifts the limit of `start_within` from a running process.
pub fn lift_file_limit(history: &History) {
    let id = history.running.id().to_string();
    let status =
        Command::new("prlimit").args(["--pid", &id, "--fsize=unlimited:unlimited"]).status().unwrap();
    assert!(status.success());
}

/// Asserts that the database is sound, and that its counter of rows is the number of its rows.
pub fn assert_sound(db: &Path) {
    let sqlite = rusqlite::Connection::open(db).unwrap();
    let text = |sql: &str| sqlite.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    let number = |sql: &str| sqlite.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(text("PRAGMA integrity_check"), "ok");
    assert_eq!(number("SELECT messages FROM held"), number("SELECT count(*) FROM messages"));
}
