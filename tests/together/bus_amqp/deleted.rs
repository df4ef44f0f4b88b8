//! Somebody deletes what the nodes rely on while they are connected: no crash, and nobody is deaf for ever.

use std::time::{Duration, Instant};

use lapin::options::{ExchangeDeleteOptions, QueueDeclareOptions, QueueDeleteOptions};
use pubsub_lab::bus::amqp::AmqpBus;
use pubsub_lab::bus::{Bus, BusEvent};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::support::amqp_bus::{
    PATIENCE, client, confirmed, id, is_up, namespace, options, start, subscribe,
};
use crate::support::rabbitmq::RabbitMq;

/// Until a message of the speaker's reaches a listener. What was published meanwhile, and gaps, may come before it.
async fn hears(speaker: &AmqpBus, events: &mut mpsc::Receiver<BusEvent>) -> Duration {
    let began = Instant::now();
    for n in 0.. {
        let name = format!("after-{n}");
        confirmed(speaker, "lobby", &name).await;
        let arrives = async {
            loop {
                match events.recv().await.expect("the events ended") {
                    BusEvent::Envelope(envelope) if *envelope.id == name => return,
                    _ => {}
                }
            }
        };
        if timeout(Duration::from_millis(200), arrives).await.is_ok() {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "deaf for ever");
    }
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_exchange_is_declared_again_and_everybody_hears_again() {
    let (url, ns) = (RabbitMq::shared().url(), namespace());
    let (speaker, listener) = (start(options(&url, &ns)), start(options(&url, &ns)));
    let mut events = listener.events().unwrap();
    subscribe(&listener, "lobby").await;
    is_up(&speaker).await;
    is_up(&listener).await;
    let connection = client(&url).await;
    for exchange in [ns.clone(), format!("{ns}.signals")] {
        let channel = connection.create_channel().await.unwrap();
        channel.exchange_delete(exchange.into(), ExchangeDeleteOptions::default()).await.unwrap();
        // RabbitMQ closes the speaker's channel, and what it did not take is published again.
        confirmed(&speaker, "lobby", "while-it-was-gone").await;
        hears(&speaker, &mut events).await;
        is_up(&speaker).await;
        is_up(&listener).await;
    }
    for bus in [speaker, listener] {
        bus.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_queue_is_bound_to_nothing_any_more_notices() {
    let (url, ns) = (RabbitMq::shared().url(), namespace());
    let listener = start(options(&url, &ns));
    let mut events = listener.events().unwrap();
    subscribe(&listener, "lobby").await;
    is_up(&listener).await;
    // As if another node had been quicker to declare it again.
    let channel = client(&url).await.create_channel().await.unwrap();
    channel.exchange_delete(ns.as_str().into(), ExchangeDeleteOptions::default()).await.unwrap();
    let speaker = start(options(&url, &ns));
    is_up(&speaker).await;
    let took = hears(&speaker, &mut events).await;
    assert!(took < Duration::from_secs(15), "deaf for {took:?}");
    for bus in [speaker, listener] {
        bus.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_history_queue_is_declared_again() {
    let (url, ns) = (RabbitMq::shared().url(), namespace());
    let bus = start(options(&url, &ns));
    let mut events = bus.events().unwrap();
    subscribe(&bus, "lobby").await;
    is_up(&bus).await;
    let connection = client(&url).await;
    let history = format!("{ns}.history");
    let channel = connection.create_channel().await.unwrap();
    channel.queue_delete(history.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
    let deadline = Instant::now() + PATIENCE;
    let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    loop {
        let channel = connection.create_channel().await.unwrap();
        if channel.queue_declare(history.as_str().into(), passive, Default::default()).await.is_ok() {
            break;
        }
        assert!(Instant::now() < deadline, "nobody declares it again");
    }
    is_up(&bus).await;
    confirmed(&bus, "lobby", "again").await;
    assert_eq!(id(&mut events).await, "again");
    let channel = connection.create_channel().await.unwrap();
    let message = channel.basic_get(history.into(), Default::default()).await.unwrap().unwrap();
    assert!(message.delivery.data.starts_with(b"1 chat again s - lobby\n"));
    bus.close().await;
}
