//! SIGKILL of nodes, history and broker at random moments under load. Afterwards the history holds every
//! acknowledged message exactly once.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use nix::sys::signal::Signal;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::client::{ClientRequestBuilder, IntoClientRequest};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::support::process::{Running, pubsub_lab};
use crate::support::rabbitmq::RabbitMq;

const NODES: usize = 3;
const PUBLISHERS: usize = 6;
/// Between two messages of one publisher: 300 a second, all together.
const PACE: Duration = Duration::from_millis(20);
const ROOM: &str = "soak";
const NAMESPACE: &str = "soak";
const SECRET: &str = "the secret of this soak";

/// A process that is killed and started again at the same address.
struct Phoenix {
    arguments: Vec<String>,
    env: BTreeMap<&'static str, String>,
    address: SocketAddr,
    running: Running,
}

impl Phoenix {
    fn start(mut arguments: Vec<String>, env: BTreeMap<&'static str, String>) -> Self {
        let (running, address) = launch(&arguments, &env);
        let at = arguments.iter().position(|argument| argument == "127.0.0.1:0").unwrap();
        arguments[at] = address.to_string();
        Self { arguments, env, address, running }
    }

    fn kill(&mut self) {
        self.running.signal(Signal::SIGKILL);
        self.running.ended_within(Duration::from_secs(10));
    }

    fn rise(&mut self) {
        (self.running, _) = launch(&self.arguments, &self.env);
    }
}

fn launch(arguments: &[String], env: &BTreeMap<&'static str, String>) -> (Running, SocketAddr) {
    let mut command = pubsub_lab(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let running = Running::start({
        command.envs(env);
        command
    });
    let line = running.out_line("listening http://");
    (running, line.rsplit_once('/').unwrap().1.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_five_minutes_of_kills_the_history_holds_every_acknowledged_message_once() {
    let seed = crate::seed();
    let seconds = std::env::var("SOAK_SECONDS").map_or(300, |text| text.parse().unwrap());
    println!("SOAK_SEED={seed} SOAK_SECONDS={seconds}");

    let dir = tempfile::tempdir().unwrap();
    let mut broker = RabbitMq::start();
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let mut env =
        BTreeMap::from([("PUBSUB_LAB_BROKER", broker.url()), ("PUBSUB_LAB_SECRET", SECRET.to_owned())]);
    let mut arguments = words(&format!("history --listen 127.0.0.1:0 --namespace {NAMESPACE} --db"));
    arguments.push(dir.path().join("history.db").display().to_string());
    let mut history = Phoenix::start(arguments, env.clone());
    env.insert("PUBSUB_LAB_HISTORY", format!("http://{}", history.address));
    let arguments = words(&format!("node amqp --listen 127.0.0.1:0 --max-rate 0 --namespace {NAMESPACE}"));
    let mut nodes: Vec<_> = (0..NODES).map(|_| Phoenix::start(arguments.clone(), env.clone())).collect();
    let addresses: Arc<[SocketAddr]> = nodes.iter().map(|node| node.address).collect();

    let (acked, refused) = (Arc::new(Mutex::new(BTreeSet::new())), Arc::new(Mutex::new(BTreeSet::new())));
    let (calm, stop) = (CancellationToken::new(), CancellationToken::new());
    let mut publishers = tokio::task::JoinSet::new();
    for number in 0..PUBLISHERS {
        let publisher = Publisher {
            number,
            addresses: addresses.clone(),
            acked: acked.clone(),
            refused: refused.clone(),
            calm: calm.clone(),
            stop: stop.clone(),
        };
        publishers.spawn(publisher.run());
    }

    // Each kind of victim in a task of its own, so that several are down at once.
    let random = |stream| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        rng
    };
    let begun = Instant::now();
    let end = begun + Duration::from_secs(seconds);
    let mut rng = random(1);
    let tasks = TaskTracker::new();
    let brokers = tasks.spawn(async move {
        let mut kills = 0;
        while let Some(down) = next(&mut rng, 15_000..30_000, end).await {
            broker.kill();
            println!("{:>6.1} s  killed the broker for {down:?}", begun.elapsed().as_secs_f64());
            sleep(down).await;
            // RabbitMQ takes seconds to boot.
            tokio::task::block_in_place(|| broker.restart());
            kills += 1;
        }
        (broker, kills)
    });
    let mut rng = random(2);
    let histories = tasks.spawn(async move {
        let mut kills = 0;
        while let Some(down) = next(&mut rng, 500..12_000, end).await {
            history.kill();
            println!("{:>6.1} s  killed the history for {down:?}", begun.elapsed().as_secs_f64());
            sleep(down).await;
            history.rise();
            kills += 1;
        }
        (history, kills)
    });
    let mut rng = random(3);
    let mut kills = 0;
    while let Some(down) = next(&mut rng, 200..8_000, end).await {
        let index = rng.random_range(0..NODES);
        nodes[index].kill();
        println!("{:>6.1} s  killed node {index} for {down:?}", begun.elapsed().as_secs_f64());
        sleep(down).await;
        nodes[index].rise();
        kills += 1;
    }
    // Held to the end: dropped, they end.
    let (_broker, broker_kills) = brokers.await.unwrap();
    let (history, history_kills) = histories.await.unwrap();

    calm.cancel();
    let quiet = timeout(Duration::from_secs(120), async { while publishers.join_next().await.is_some() {} });
    if quiet.await.is_err() {
        stop.cancel();
        panic!("some publishers have messages without an answer two minutes after the last kill");
    }
    let acked = std::mem::take(&mut *acked.lock().unwrap());
    let refused = std::mem::take(&mut *refused.lock().unwrap());
    println!(
        "{} messages acknowledged, {} refused; killed {kills} nodes, {broker_kills} brokers, {history_kills} histories",
        acked.len(),
        refused.len()
    );
    assert!(
        acked.len() > usize::try_from(seconds).unwrap() * 50,
        "too few to prove anything: {}",
        acked.len()
    );

    let mut held = BTreeMap::<String, usize>::new();
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        held.clear();
        for text in all_texts(history.address).await {
            *held.entry(text).or_default() += 1;
        }
        let missing = acked.iter().filter(|text| !held.contains_key(*text)).count();
        if missing == 0 {
            break;
        }
        assert!(Instant::now() < end, "SOAK_SEED={seed}: {missing} of {} are missing", acked.len());
        sleep(Duration::from_millis(500)).await;
    }
    let twice: Vec<_> = held.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "SOAK_SEED={seed}: held more than once: {twice:?}");
    let lies: Vec<_> = refused.iter().filter(|text| held.contains_key(*text)).collect();
    assert!(lies.is_empty(), "SOAK_SEED={seed}: refused, and held all the same: {lies:?}");
    println!(
        "the history holds each of them once, and {} that were not acknowledged",
        held.len() - acked.len()
    );
}

/// One who publishes, and says again what was not answered, under the same id, on the next node.
struct Publisher {
    number: usize,
    addresses: Arc<[SocketAddr]>,
    acked: Arc<Mutex<BTreeSet<String>>>,
    /// Refused at the first attempt: certainly not sent.
    refused: Arc<Mutex<BTreeSet<String>>>,
    /// No new messages: only what is open is still said.
    calm: CancellationToken,
    stop: CancellationToken,
}

impl Publisher {
    async fn run(self) {
        let mut open = BTreeMap::<u64, Open>::new();
        let (mut next, mut node, mut session) = (0_u64, self.number, None::<String>);
        loop {
            let done = self.calm.is_cancelled() && open.is_empty();
            if done || self.stop.is_cancelled() {
                return;
            }
            node += 1;
            let talk = self.talk(node % NODES, &mut open, &mut next, &mut session);
            // A connection that says nothing for so long is given up.
            let _ = talk.await;
            sleep(Duration::from_millis(100)).await;
        }
    }

    async fn talk(
        &self,
        node: usize,
        open: &mut BTreeMap<u64, Open>,
        next: &mut u64,
        session: &mut Option<String>,
    ) -> Result<(), Error> {
        let address = self.addresses[node];
        let tcp = TcpStream::connect(address).await?;
        let request = ClientRequestBuilder::new(format!("ws://{address}/").parse().unwrap())
            .with_sub_protocol("pubsub-lab.v1")
            .into_client_request()?;
        let (mut socket, _) = tokio_tungstenite::client_async(request, tcp).await?;
        let mut hello = json!({"type": "hello", "name": format!("soak-{}", self.number)});
        if let Some(session) = session.as_deref() {
            hello["session"] = session.into();
        }
        socket.send(Message::text(hello.to_string())).await?;
        for (id, message) in open.iter_mut() {
            message.again = true;
            socket.send(said(*id, &message.text)).await?;
        }
        let mut tick = tokio::time::interval(PACE);
        let mut heard = Instant::now();
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return Ok(()),
                _ = tick.tick() => {
                    if self.calm.is_cancelled() {
                        if open.is_empty() {
                            return Ok(());
                        }
                    } else {
                        let text = format!("{} says {next}", self.number);
                        let frame = said(*next, &text);
                        open.insert(*next, Open { text, again: false });
                        *next += 1;
                        socket.send(frame).await?;
                    }
                    if !open.is_empty() && heard.elapsed() > Duration::from_secs(75) {
                        return Ok(());
                    }
                }
                frame = socket.next() => {
                    let Some(frame) = frame else { return Ok(()) };
                    let Message::Text(text) = frame? else { continue };
                    heard = Instant::now();
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    let id = frame["id"].as_str().and_then(|id| id.parse().ok());
                    match (frame["type"].as_str().unwrap(), id) {
                        ("welcome", _) => *session = frame["session"].as_str().map(str::to_owned),
                        ("ack", Some(id)) => {
                            assert_eq!(frame["level"], "confirmed");
                            if let Some(message) = open.remove(&id) {
                                self.acked.lock().unwrap().insert(message.text);
                            }
                        }
                        ("refused", Some(id)) => {
                            if let Some(message) = open.remove(&id).filter(|message| !message.again) {
                                self.refused.lock().unwrap().insert(message.text);
                            }
                        }
                        // Perhaps sent: on the next connection it is said again.
                        ("unknown", Some(_)) => return Ok(()),
                        _ => {}
                    }
                }
            }
        }
    }
}

/// A message without an answer.
struct Open {
    text: String,
    /// Said more than once, so that a refusal is not all that can be known of it.
    again: bool,
}

/// Waits for the next moment to kill, and gives how long the victim is to be down; `None` when it is over.
async fn next(rng: &mut ChaCha8Rng, pause_ms: std::ops::Range<u64>, end: Instant) -> Option<Duration> {
    let pause = Duration::from_millis(rng.random_range(pause_ms));
    let down = Duration::from_millis(rng.random_range(0..3_000));
    if Instant::now() + pause >= end {
        tokio::time::sleep_until(end.into()).await;
        return None;
    }
    sleep(pause).await;
    Some(down)
}

fn said(id: u64, text: &str) -> Message {
    let frame = json!({"type": "publish", "room": ROOM, "id": id.to_string(), "text": text});
    Message::text(frame.to_string())
}

/// The text of everything that the history holds of the room, page by page.
async fn all_texts(history: SocketAddr) -> Vec<String> {
    let mut texts = Vec::new();
    let mut before = String::new();
    loop {
        let page: Value =
            serde_json::from_str(&get(history, &format!("/rooms/{ROOM}/messages?limit=1000{before}")).await)
                .unwrap();
        let messages = page["messages"].as_array().unwrap();
        let Some(first) = messages.first() else { return texts };
        before = format!("&before={}", first["id"].as_str().unwrap());
        texts.extend(messages.iter().map(|message| message["text"].as_str().unwrap().to_owned()));
    }
}

async fn get(address: SocketAddr, path: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut tcp = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    tcp.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
    body.to_owned()
}
