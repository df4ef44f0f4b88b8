//! The promises. Each builds its own cluster's nodes and waits for conditions, never for time.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use pubsub_lab::bus::{Bus, BusError, BusEvent, PublishOutcome};
use pubsub_lab::wire::{Envelope, Kind, Room};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::Cluster;

/// Longer than a RabbitMQ takes to boot on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long it may take until a dead broker is seen to be.
const NOTICED: Duration = Duration::from_secs(10);

struct Node {
    bus: Box<dyn Bus>,
    events: mpsc::Receiver<BusEvent>,
}

impl Node {
    async fn start(cluster: &impl Cluster) -> Self {
        Self::with_queue(cluster, 20_000).await
    }

    async fn with_queue(cluster: &impl Cluster, queue: usize) -> Self {
        let bus = cluster.bus(queue);
        let events = bus.events().unwrap();
        let node = Self { bus, events };
        node.is_up().await;
        node
    }

    async fn is_up(&self) {
        let mut health = self.bus.health();
        timeout(PATIENCE, health.wait_for(|health| health.is_up()))
            .await
            .expect("the bus is not up")
            .unwrap();
    }

    async fn subscribe(&self, name: &str) {
        timeout(PATIENCE, self.bus.subscribe(room(name))).await.expect("not subscribed").unwrap();
    }

    async fn unsubscribe(&self, name: &str) {
        timeout(PATIENCE, self.bus.unsubscribe(room(name))).await.expect("not unsubscribed").unwrap();
    }

    async fn publish(&self, name: &str, text: &str) -> PublishOutcome {
        timeout(PATIENCE, self.bus.publish(envelope(name, text))).await.expect("no answer to a publish")
    }

    async fn event(&mut self) -> BusEvent {
        timeout(PATIENCE, self.events.recv()).await.expect("no event").expect("the events ended")
    }

    /// The next envelope's text.
    async fn text(&mut self) -> String {
        match self.event().await {
            BusEvent::Envelope(envelope) => String::from_utf8(envelope.frame.to_vec()).unwrap(),
            other => panic!("{other:?}"),
        }
    }
}

fn room(name: &str) -> Room {
    Room::parse(name).unwrap()
}

/// With an id of its own: a bus may drop second copies.
fn envelope(name: &str, text: &str) -> Envelope {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    Envelope {
        kind: Kind::Chat,
        room: room(name),
        id: format!("s1.{}", COUNT.fetch_add(1, Ordering::Relaxed)).into(),
        sender: "s1".into(),
        others: true,
        count: None,
        frame: Bytes::copy_from_slice(text.as_bytes()),
    }
}

pub async fn a_node_gets_its_own_messages<C: Cluster>(cluster: C) {
    let mut node = Node::start(&cluster).await;
    node.subscribe("lobby").await;
    let sent = envelope("lobby", "{\"text\":\"a\\nb\"}");
    assert_eq!(node.bus.publish(sent.clone()).await, PublishOutcome::Ack(C::LEVEL));
    match node.event().await {
        BusEvent::Envelope(received) => {
            assert_eq!(received.count.is_some(), node.bus.numbers().is_some(), "{:?}", received.count);
            let sent = Envelope { count: received.count, ..sent };
            assert_eq!(received, sent, "every field arrives as it was sent");
        }
        other => panic!("{other:?}"),
    }
}

pub async fn where_messages_are_counted_their_numbers_have_no_hole<C: Cluster>(cluster: C) {
    let mut node = Node::start(&cluster).await;
    node.subscribe("lobby").await;
    let Some(numbers) = node.bus.numbers() else { return };
    for n in 1..=200 {
        let (chat, text) = (envelope("lobby", "{}"), envelope("elsewhere", "{}"));
        let signal = Envelope { kind: Kind::Presence, ..envelope("lobby", "{}") };
        let receipts = [text, signal, chat].map(|envelope| node.bus.publish(envelope));
        for receipt in receipts {
            assert_eq!(receipt.await, PublishOutcome::Ack(C::LEVEL));
        }
        let mut seen = Vec::new();
        while seen.len() < 2 {
            match node.event().await {
                BusEvent::Envelope(received) => {
                    seen.push(received.count.map(|count| (count.by == numbers.process(), count.number)));
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(seen, [None, Some((true, n))], "a signal has no number and uses none up");
    }
}

pub async fn one_publishers_messages_keep_their_order<C: Cluster>(cluster: C) {
    let mut node = Node::start(&cluster).await;
    node.subscribe("lobby").await;
    let mut owed = 0;
    // In waves: of a burst that takes a broker too long a part may be refused, and is not owed.
    for wave in 0..10 {
        let numbers = wave * 1_000..(wave + 1) * 1_000;
        let publish = |n: i32| node.bus.publish(envelope("lobby", &n.to_string()));
        let receipts: Vec<_> = numbers.clone().map(publish).collect();
        for (n, receipt) in numbers.zip(receipts) {
            match receipt.await {
                PublishOutcome::Refused { code: "overloaded", .. } => continue,
                outcome => assert_eq!(outcome, PublishOutcome::Ack(C::LEVEL)),
            }
            assert_eq!(node.text().await, n.to_string());
            owed += 1;
        }
    }
    assert!(owed > 1_000, "{owed} were taken");
}

pub async fn only_rooms_that_the_node_wants_arrive<C: Cluster>(cluster: C) {
    let mut node = Node::start(&cluster).await;
    let wanted = ["math", "a room with spaces", "Füße 🦀", "pub.sub*#>"];
    for name in wanted {
        node.subscribe(name).await;
    }
    let others = ["maths", "mat", "Math", "a room", "Füße", "pub.sub*#>>", "pub.subs"];
    for name in others.iter().chain(&wanted) {
        node.publish(name, name).await;
    }
    for name in wanted {
        assert_eq!(node.text().await, name, "in order, and none of the others before it");
    }
    node.unsubscribe("math").await;
    node.publish("math", "unheard").await;
    node.publish("a room with spaces", "the end").await;
    assert_eq!(node.text().await, "the end");
}

pub async fn the_last_word_on_a_room_counts<C: Cluster>(cluster: C) {
    let mut node = Node::start(&cluster).await;
    node.subscribe("marker").await;
    let calls =
        [node.bus.subscribe(room("a")), node.bus.unsubscribe(room("a")), node.bus.subscribe(room("a"))];
    for call in calls {
        timeout(PATIENCE, call).await.expect("overtaken calls resolve too").unwrap();
    }
    node.publish("a", "heard").await;
    assert_eq!(node.text().await, "heard");

    // Twice wanted and once withdrawn is withdrawn: it is the node that counts its sessions.
    let calls =
        [node.bus.subscribe(room("a")), node.bus.subscribe(room("a")), node.bus.unsubscribe(room("a"))];
    for call in calls {
        timeout(PATIENCE, call).await.expect("overtaken calls resolve too").unwrap();
    }
    node.unsubscribe("never wanted").await;
    node.publish("a", "unheard").await;
    node.publish("marker", "the end").await;
    assert_eq!(node.text().await, "the end");
}

pub async fn nodes_hear_each_other_if_the_bus_crosses_them<C: Cluster>(cluster: C) {
    let (mut one, mut two) = (Node::start(&cluster).await, Node::start(&cluster).await);
    for node in [&one, &two] {
        node.subscribe("lobby").await;
    }
    one.publish("lobby", "from one").await;
    assert_eq!(one.text().await, "from one");
    if one.bus.crosses_nodes() {
        assert_eq!(two.text().await, "from one");
    }
    two.publish("lobby", "from two").await;
    assert_eq!(two.text().await, "from two", "and nothing before it if the bus does not cross nodes");
}

pub async fn a_resolved_subscribe_is_effective<C: Cluster>(cluster: C) {
    let mut listener = Node::start(&cluster).await;
    let other = Node::start(&cluster).await;
    for n in 0..200 {
        let name = format!("room {n}");
        listener.subscribe(&name).await;
        let speaker = if other.bus.crosses_nodes() { &other } else { &listener };
        speaker.publish(&name, &name).await;
        assert_eq!(listener.text().await, name);
    }
}

pub async fn the_events_have_one_receiver<C: Cluster>(cluster: C) {
    let node = Node::start(&cluster).await;
    assert!(node.bus.events().is_none());
}

pub async fn a_reader_that_does_not_read_loses_named_messages<C: Cluster>(cluster: C) {
    const SENT: u64 = 1_000;
    let mut node = Node::with_queue(&cluster, 100).await;
    node.subscribe("lobby").await;
    let mut refused = 0;
    for n in 0..SENT {
        match node.publish("lobby", &n.to_string()).await {
            PublishOutcome::Ack(_) => {}
            PublishOutcome::Refused { code, .. } => {
                assert_eq!(code, "overloaded");
                refused += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    // No further message follows, and the loss is named all the same.
    let (mut received, mut lagged, mut next) = (0, 0, 0);
    while received + lagged + refused < SENT {
        match node.event().await {
            BusEvent::Envelope(envelope) => {
                let n: u64 = std::str::from_utf8(&envelope.frame).unwrap().parse().unwrap();
                assert!(n >= next, "{n} came after {next}");
                (received, next) = (received + 1, n + 1);
            }
            BusEvent::Lagged(missed) => lagged += missed,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(received + lagged + refused, SENT);
    let fits = if C::KEEPS { SENT..SENT + 1 } else { 100..200 };
    assert!(fits.contains(&received), "{received} were received through a queue of 100");

    node.publish("lobby", "well again").await;
    assert_eq!(node.text().await, "well again");
}

pub async fn nothing_goes_through_a_closed_bus<C: Cluster>(cluster: C) {
    let mut node = Node::start(&cluster).await;
    node.subscribe("lobby").await;
    let receipts: Vec<_> = (0..100).map(|n| node.bus.publish(envelope("lobby", &n.to_string()))).collect();
    timeout(Duration::from_secs(2), node.bus.close()).await.expect("close hangs");
    for receipt in receipts {
        timeout(PATIENCE, receipt).await.expect("what was queued is answered");
    }
    assert!(matches!(node.publish("lobby", "late").await, PublishOutcome::Refused { code: "bus_down", .. }));
    assert_eq!(node.bus.subscribe(room("a")).await, Err(BusError::Closed));
    assert_eq!(node.bus.unsubscribe(room("lobby")).await, Err(BusError::Closed));
    assert!(!node.bus.health().borrow().is_up());
    while let Some(event) = timeout(PATIENCE, node.events.recv()).await.expect("the events end") {
        assert!(!matches!(event, BusEvent::Envelope(envelope) if &envelope.frame[..] == b"late"));
    }
    node.bus.close().await;
}

pub async fn a_dead_broker_refuses_at_once_and_comes_back<C: Cluster>(cluster: C) {
    let mut cluster = cluster.mortal();
    let mut node = Node::start(&cluster).await;
    node.subscribe("lobby").await;
    assert!(cluster.kill_broker(), "a pattern without a broker does not make this promise");
    let mut health = node.bus.health();
    timeout(NOTICED, health.wait_for(|health| !health.is_up())).await.expect("not noticed").unwrap();
    let mut kept = Vec::new();
    let mut refused = BTreeSet::new();
    for n in 0..100 {
        let (began, text) = (Instant::now(), format!("unsent {n}"));
        if C::KEEPS {
            let mut receipt = node.bus.publish(envelope("lobby", &text));
            assert!(
                timeout(Duration::ZERO, &mut receipt).await.is_err(),
                "a message waits through the outage"
            );
            kept.push((text, receipt));
            continue;
        }
        match node.publish("lobby", &text).await {
            PublishOutcome::Refused { code: "bus_down", reason } => assert!(!reason.is_empty()),
            // One connection may be seen dead a moment before the other.
            PublishOutcome::Unknown { .. } if n == 0 => continue,
            other => panic!("{other:?}"),
        }
        assert!(
            began.elapsed() < Duration::from_millis(500),
            "refused at once, not after {:?}",
            began.elapsed()
        );
        refused.insert(text);
    }
    node.unsubscribe("never confirmed").await;
    let mut waiting = node.bus.subscribe(room("new"));
    assert!(timeout(Duration::ZERO, &mut waiting).await.is_err(), "a subscribe waits through the outage");

    cluster.restart_broker();
    timeout(PATIENCE, waiting).await.expect("confirmed after the outage").unwrap();
    node.is_up().await;
    for (text, receipt) in kept {
        let outcome = timeout(PATIENCE, receipt).await.expect("confirmed after the outage");
        assert_eq!(outcome, PublishOutcome::Ack(C::LEVEL));
        assert_eq!(node.text().await, text);
    }
    for name in ["lobby", "new"] {
        assert_eq!(node.publish(name, name).await, PublishOutcome::Ack(C::LEVEL));
        assert_eq!(node.text().await, name, "nothing refused is delivered later: {refused:?}");
    }
}
