//! Node processes of one mesh that are killed, stopped and started again, seen by their clients.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::json;
use tokio::time::timeout;

use super::super::median;
use crate::support::client::Client;
use crate::support::node::Node;
use crate::support::zeromq_bus::{Addresses, PATIENCE};

const FLAGS: &[&str] = &["--max-rate", "0"];
/// What is promised between a peer's return and the first message.
const BACK_WITHIN: Duration = Duration::from_secs(1);

/// How often a return is measured. The median counts.
const ROUNDS: usize = 3;

/// Of so many returns: when the node heard, and when it was heard.
fn is_prompt(took: &[(Duration, Duration)]) {
    eprintln!("hears, and is heard: {took:?}");
    median_is_prompt(took.iter().map(|took| took.0));
    median_is_prompt(took.iter().map(|took| took.1));
}

fn median_is_prompt(took: impl Iterator<Item = Duration>) {
    let took: Vec<_> = took.collect();
    assert!(*median(&took) < BACK_WITHIN, "{took:?}");
}

/// A client that publishes a numbered text every 10 ms, until it is told to stop.
struct Talker {
    client: Client,
    name: &'static str,
    sent: Vec<(String, Instant)>,
}

impl Talker {
    async fn new(node: &Node, name: &'static str) -> Self {
        Self { client: Client::v1(node).await, name, sent: Vec::new() }
    }

    /// Says one thing and hears that it was taken; gives how long that took.
    async fn say(&mut self) -> Duration {
        let (text, began) = (format!("{} {}", self.name, self.sent.len()), Instant::now());
        let answer = self.client.publish("r", &text).await;
        assert_eq!(answer["type"], "ack", "{answer}");
        self.sent.push((text, began));
        began.elapsed()
    }

    /// Says things for so long, and never waits long until they are taken.
    async fn say_for(&mut self, duration: Duration) {
        let end = Instant::now() + duration;
        while Instant::now() < end {
            let took = self.say().await;
            assert!(took < Duration::from_millis(500), "an ack after {took:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Says things until the listener hears one that was said after this moment; how long that took.
    async fn until_heard(&mut self, listener: &mut Client, since: Instant) -> Duration {
        loop {
            self.say().await;
            let hear = async {
                let frame = listener.frame_of("message").await;
                frame["text"].as_str().unwrap().to_owned()
            };
            if let Ok(text) = timeout(Duration::from_millis(20), hear).await
                && self.sent.iter().any(|(sent, at)| *sent == text && *at >= since)
            {
                return since.elapsed();
            }
            assert!(since.elapsed() < PATIENCE, "{} is not heard any more", self.name);
        }
    }
}

/// The texts that a client hears until this one, each at most once.
async fn heard_until(client: &mut Client, last: &str) -> Vec<String> {
    let texts = client.texts_until(last).await;
    let different: HashSet<_> = texts.iter().collect();
    assert_eq!(different.len(), texts.len(), "something came twice");
    texts
}

#[tokio::test]
async fn nodes_that_start_in_any_order_hear_each_other() {
    let addresses = Addresses::new(3);
    let mut clients = Vec::new();
    let mut nodes = Vec::new();
    for index in [2, 0, 1] {
        let node = addresses.node(index, FLAGS);
        let mut client = Client::v1_in(&node, "r").await;
        client.publish("r", &format!("{index} is here")).await;
        clients.push(client);
        nodes.push(node);
    }
    // The last one entered when all were there. What the others said before is not owed to it.
    for (n, client) in clients.iter_mut().enumerate() {
        client.publish("r", &format!("all {n}")).await;
    }
    for client in &mut clients {
        let mut expected: HashSet<_> = (0..3).map(|n| format!("all {n}")).collect();
        while !expected.is_empty() {
            let frame = client.frame_of("message").await;
            let text = frame["text"].as_str().unwrap();
            assert!(expected.remove(text) || text.ends_with("is here"), "{text} came twice");
        }
    }
}

#[tokio::test]
async fn a_killed_node_hears_and_is_heard_within_a_second_of_its_return() {
    let addresses = Addresses::new(3);
    let (first, mut killed, third) =
        (addresses.node(0, FLAGS), addresses.node(1, FLAGS), addresses.node(2, FLAGS));
    let mut talker = Talker::new(&first, "first").await;
    let mut listener = Client::v1_in(&third, "r").await;
    let mut old = Client::v1_in(&killed, "r").await;
    talker.until_heard(&mut old, Instant::now()).await;
    let mut took = Vec::new();
    for round in 0..ROUNDS {
        killed.running.signal(Signal::SIGKILL);
        killed.running.ended_within(PATIENCE);
        talker.say_for(Duration::from_millis(700)).await;
        killed = addresses.node(1, FLAGS);
        let back = Instant::now();
        let mut entered = Client::v1_in(&killed, "r").await;
        let mut returned = Talker::new(&killed, ["back 0", "back 1", "back 2"][round]).await;
        took.push(tokio::join!(
            talker.until_heard(&mut entered, back),
            returned.until_heard(&mut listener, back)
        ));
    }
    is_prompt(&took);
    // Nobody else noticed anything: the third node has all of the first's, in order, once.
    talker.client.publish("r", "the end").await;
    let mut spectator = Client::v1(&third).await;
    spectator.say(json!({"type": "publish", "room": "r", "text": "x"})).await;
    assert_eq!(spectator.answer().await["type"], "ack");
    heard_until(&mut listener, "the end").await;
}

#[tokio::test]
async fn a_stopped_node_holds_up_nobody_and_gets_what_waited_once() {
    let addresses = Addresses::new(3);
    let (first, stopped, third) =
        (addresses.node(0, FLAGS), addresses.node(1, FLAGS), addresses.node(2, FLAGS));
    let mut sleeper = Client::v1_in(&stopped, "r").await;
    let mut listener = Client::v1_in(&third, "r").await;
    let mut talker = Talker::new(&first, "first").await;
    talker.until_heard(&mut listener, Instant::now()).await;
    talker.until_heard(&mut sleeper, Instant::now()).await;
    let mut took = Vec::new();
    for round in 0..ROUNDS {
        let said_before = talker.sent.len();
        stopped.running.signal(Signal::SIGSTOP);
        talker.say_for(Duration::from_secs(3)).await;
        // Rooms are entered without it, the first a little late.
        let began = Instant::now();
        for n in 0..5 {
            Client::v1_in(&first, &format!("new {round} {n}")).await;
        }
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
        talker.say().await;
        let last = talker.sent.last().unwrap().0.clone();
        let heard = heard_until(&mut listener, &last).await;
        assert!(heard.len() + 1 >= talker.sent.len() - said_before, "the third node lost nothing");

        stopped.running.signal(Signal::SIGCONT);
        let back = Instant::now();
        talker.say().await;
        let marker = talker.sent.last().unwrap().0.clone();
        let hearing = async {
            let heard = heard_until(&mut sleeper, &marker).await;
            (heard, back.elapsed())
        };
        let speaking = async {
            let mut awake = Talker::new(&stopped, ["awake 0", "awake 1", "awake 2"][round]).await;
            awake.until_heard(&mut listener, back).await
        };
        let ((heard, hears_after), is_heard_after) = tokio::join!(hearing, speaking);
        took.push((hears_after, is_heard_after));
        let waited: Vec<_> =
            talker.sent[said_before..].iter().map(|(text, _)| text).filter(|text| **text != marker).collect();
        let heard: Vec<_> = heard.iter().filter(|text| waited.contains(text)).collect();
        assert_eq!(heard, waited, "everything that waited, in order");
    }
    is_prompt(&took);
}

#[tokio::test]
async fn a_node_killed_while_it_is_stopped_comes_back() {
    let addresses = Addresses::new(2);
    let (first, mut second) = (addresses.node(0, FLAGS), addresses.node(1, FLAGS));
    let mut talker = Talker::new(&first, "first").await;
    let mut listener = Client::v1_in(&second, "r").await;
    talker.until_heard(&mut listener, Instant::now()).await;
    let mut hears_after = Vec::new();
    for _ in 0..ROUNDS {
        second.running.signal(Signal::SIGSTOP);
        talker.say_for(Duration::from_millis(300)).await;
        second.running.signal(Signal::SIGKILL);
        second.running.ended_within(PATIENCE);
        second = addresses.node(1, FLAGS);
        let back = Instant::now();
        let mut listener = Client::v1_in(&second, "r").await;
        hears_after.push(talker.until_heard(&mut listener, back).await);
    }
    median_is_prompt(hears_after.into_iter());
}

/// Floods a node with texts of 1,000 bytes for so long; gives how many it took.
async fn flood(node: &Node, duration: Duration) -> u64 {
    let mut client = Client::v1(node).await;
    let (end, filler) = (Instant::now() + duration, "x".repeat(1_000));
    let frames: Vec<String> =
        (0..100).map(|_| json!({"type": "publish", "room": "r", "text": filler}).to_string()).collect();
    let frames: Vec<&str> = frames.iter().map(String::as_str).collect();
    let mut taken = 0;
    while Instant::now() < end {
        client.send_at_once(&frames).await;
        for _ in 0..frames.len() {
            assert_eq!(client.answer().await["type"], "ack");
        }
        taken += frames.len() as u64;
    }
    taken
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_stopped_under_full_load_does_not_grow_a_nodes_memory() {
    let seconds = std::env::var("STOPPED_FOR").ok().map_or(10, |text| text.parse().unwrap());
    let addresses = Addresses::new(3);
    let (first, stopped, third) =
        (addresses.node(0, FLAGS), addresses.node(1, FLAGS), addresses.node(2, FLAGS));
    let mut sleeper = Client::v1_in(&stopped, "r").await;
    let _listener = Client::v1_in(&third, "elsewhere").await;
    stopped.running.signal(Signal::SIGSTOP);
    // Until the queue is full: what it costs is known, and bounded.
    let mut before = 0;
    while first.metric("pubsub_lab_bus_hwm_dropped_total").await == 0.0 {
        flood(&first, Duration::from_millis(200)).await;
        before = first.memory();
    }
    let taken = flood(&first, Duration::from_secs(seconds)).await;
    let grown = first.memory().saturating_sub(before) >> 20;
    let dropped = first.metric("pubsub_lab_bus_hwm_dropped_total").await;
    eprintln!(
        "{taken} frames of 1 kB in {seconds} s to a stopped peer: {dropped} dropped, {} MiB, of which {grown} MiB came after the queue was full",
        first.memory() >> 20
    );
    assert!(dropped > 10_000.0, "the load was too small: {dropped}");
    assert!(grown < 16, "grew by {grown} MiB, from {} MiB", before >> 20);
    assert!(before >> 20 < 100, "{} MiB", before >> 20);

    stopped.running.signal(Signal::SIGCONT);
    let mut talker = Talker::new(&first, "first").await;
    let back = Instant::now();
    // It works off what waited before it hears what is new, and its client may be told of a lag.
    let talking = async {
        loop {
            talker.say().await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let hearing =
        async { while !sleeper.frame_of("message").await["text"].as_str().unwrap().starts_with("first ") {} };
    tokio::select! {
        () = hearing => eprintln!("hears what is new {:?} after its return", back.elapsed()),
        () = talking => {}
        () = tokio::time::sleep(PATIENCE) => panic!("it does not hear any more"),
    }
}
