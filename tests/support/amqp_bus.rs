//! AMQP buses as tests start them, and the states that tests wait for.

#![allow(dead_code, reason = "each test binary uses its own part of it")]

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt;
use lapin::options::{BasicConsumeOptions, BasicPublishOptions, QueueDeclareOptions};
use lapin::{Connection, ConnectionProperties};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use pubsub_lab::bus::amqp::{AmqpBus, AmqpOptions};
use pubsub_lab::bus::{Bus, BusEvent, Health, Level, PublishOutcome};
use pubsub_lab::wire::{Envelope, Kind, Room};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// How long a test waits for a bus: a busy machine and a RabbitMQ that has just booted take their time.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A namespace that no other test has.
pub fn namespace() -> String {
    format!("test-{:08x}", rand::random::<u32>())
}

pub fn options(url: &str, namespace: &str) -> AmqpOptions {
    AmqpOptions { url: url.into(), namespace: namespace.into(), ..AmqpOptions::default() }
}

pub fn start(options: AmqpOptions) -> AmqpBus {
    AmqpBus::start(options).unwrap()
}

/// A bus whose counters can be read.
pub fn start_counted(options: AmqpOptions) -> (AmqpBus, PrometheusHandle) {
    let recorder = PrometheusBuilder::new().build_recorder();
    let bus = metrics::with_local_recorder(&recorder, || AmqpBus::start(options)).unwrap();
    (bus, recorder.handle())
}

pub fn count(counters: &PrometheusHandle, name: &str) -> u64 {
    let (text, name) = (counters.render(), format!("pubsub_lab_bus_{name}_total "));
    text.lines().find_map(|line| line.strip_prefix(&name)).unwrap_or("0").parse().unwrap()
}

pub async fn is_up(bus: &AmqpBus) {
    let mut health = bus.health();
    if timeout(PATIENCE, health.wait_for(Health::is_up)).await.is_err() {
        panic!("the bus is not up but {:?}", *bus.health().borrow());
    }
}

/// Waits until the bus is down because nothing comes any more, and asserts that this took no longer than promised. The
/// time is that in the bus's own words, because this machine may look at them late. A first attempt to connect may have
/// failed by then as well.
pub async fn is_silent(bus: &AmqpBus) {
    let reason = is_down(bus, "has not answered").await;
    assert!(["for 2s", "within"].iter().any(|words| reason.contains(words)), "{reason}");
}

/// Waits until the bus is down for a reason that contains the words, and gives back the reason.
pub async fn is_down(bus: &AmqpBus, words: &str) -> String {
    let mut health = bus.health();
    let found = |health: &Health| matches!(health, Health::Down(reason) if reason.contains(words));
    let health = match timeout(PATIENCE, health.wait_for(found)).await {
        Ok(health) => health.unwrap().clone(),
        Err(_) => panic!("not down because of `{words}` but {:?}", *bus.health().borrow()),
    };
    let Health::Down(reason) = health else { unreachable!() };
    reason
}

pub fn room(name: &str) -> Room {
    Room::parse(name).unwrap()
}

pub fn envelope(room_name: &str, id: &str) -> Envelope {
    assert!(!id.contains(' '), "an id has no spaces");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    Envelope {
        kind: Kind::Chat,
        room: room(room_name),
        id: id.into(),
        sender: "s".into(),
        others: false,
        count: None,
        frame: Bytes::from(format!(r#"{{"type":"message","id":"{id}","sent_at":{now}}}"#)),
    }
}

pub async fn subscribe(bus: &AmqpBus, name: &str) {
    timeout(PATIENCE, bus.subscribe(room(name))).await.expect("not subscribed").unwrap();
}

pub async fn publish(bus: &AmqpBus, name: &str, id: &str) -> PublishOutcome {
    timeout(PATIENCE, bus.publish(envelope(name, id))).await.expect("no answer to a publish")
}

/// Publishes and expects a confirm.
pub async fn confirmed(bus: &AmqpBus, name: &str, id: &str) {
    assert_eq!(publish(bus, name, id).await, PublishOutcome::Ack(Level::Confirmed));
}

/// The id of the next live message.
pub async fn id(events: &mut mpsc::Receiver<BusEvent>) -> String {
    match timeout(PATIENCE, events.recv()).await.expect("no event").expect("the events ended") {
        BusEvent::Envelope(envelope) => envelope.id.to_string(),
        other => panic!("{other:?}"),
    }
}

/// A connection of RabbitMQ's own client.
pub async fn client(url: &str) -> Connection {
    Connection::connect(url, ConnectionProperties::default()).await.unwrap()
}

/// Waits until RabbitMQ serves a client of its own: a server that goes on after a pause, or has just answered, may not
/// be ready.
pub async fn serves(url: &str) {
    let served = async {
        let connection = Connection::connect(url, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        let own = QueueDeclareOptions { exclusive: true, auto_delete: true, ..Default::default() };
        channel.queue_declare("".into(), own, Default::default()).await?;
        connection.close(200, "OK".into()).await
    };
    timeout(PATIENCE, served).await.expect("RabbitMQ does not serve").unwrap();
}

/// Waits until no queue is bound for a room: a message that is published to the room then comes back as unroutable.
pub async fn nobody_listens(connection: &Connection, namespace: &str, name: &str) {
    let channel = connection.create_channel().await.unwrap();
    channel.confirm_select(Default::default()).await.unwrap();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let options = BasicPublishOptions { mandatory: true, ..Default::default() };
        let exchange = format!("{namespace}.signals");
        let confirm = channel
            .basic_publish(exchange.into(), name.into(), options, b"anybody?", Default::default())
            .await;
        if confirm.unwrap().await.unwrap().take_message().is_some() {
            return;
        }
        assert!(Instant::now() < deadline, "somebody still listens to `{name}`");
    }
}

/// The name of the queue of the only node in a namespace, which the node's canary says.
pub async fn live_queue(connection: &Connection, namespace: &str) -> String {
    let channel = connection.create_channel().await.unwrap();
    let own = QueueDeclareOptions { exclusive: true, auto_delete: true, ..Default::default() };
    let queue = channel.queue_declare("".into(), own, Default::default()).await.unwrap();
    let signals = format!("{namespace}.signals");
    let (name, options) = (queue.name().as_str(), Default::default());
    channel.queue_bind(name.into(), signals.into(), "#".into(), options, Default::default()).await.unwrap();
    let options = BasicConsumeOptions { no_ack: true, ..Default::default() };
    let mut deliveries =
        channel.basic_consume(name.into(), "".into(), options, Default::default()).await.unwrap();
    loop {
        let delivery = timeout(PATIENCE, deliveries.next()).await.expect("no canary").unwrap().unwrap();
        if let Some(process) = delivery.routing_key.as_str().strip_prefix("$canary.") {
            return format!("{namespace}.live.{process}");
        }
    }
}

/// Deletes a queue, even if somebody uses it.
pub async fn delete_queue(connection: &Connection, name: &str) {
    let channel = connection.create_channel().await.unwrap();
    channel.queue_delete(name.into(), Default::default()).await.unwrap();
}
