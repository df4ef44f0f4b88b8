//! The way from RabbitMQ's queue to the node.

use std::time::{Duration, Instant};

use lapin::options::BasicPublishOptions;
use pubsub_lab::bus::amqp::AmqpOptions;
use pubsub_lab::bus::{Bus, Level, PublishOutcome};
use tokio::time::sleep_until;

use crate::support::amqp_bus::{
    client, confirmed, count, envelope, id, is_up, namespace, options, start, start_counted, subscribe,
};
use crate::support::rabbitmq::RabbitMq;

#[tokio::test]
async fn second_copies_are_dropped_wherever_they_come_from() {
    let (url, ns) = (RabbitMq::shared().url(), namespace());
    let other = start(options(&url, &ns));
    let (bus, counters) = start_counted(AmqpOptions { dedup_ids: 3, ..options(&url, &ns) });
    let mut events = bus.events().unwrap();
    subscribe(&bus, "lobby").await;
    is_up(&bus).await;
    is_up(&other).await;
    confirmed(&bus, "lobby", "1").await;
    confirmed(&bus, "lobby", "1").await;
    confirmed(&other, "lobby", "1").await;
    confirmed(&other, "lobby", "2").await;
    assert_eq!([id(&mut events).await, id(&mut events).await], ["1", "2"]);
    assert_eq!((count(&counters, "duplicates_dropped"), count(&counters, "received")), (2, 2));
    for n in 3..=5 {
        confirmed(&bus, "lobby", &n.to_string()).await;
        assert_eq!(id(&mut events).await, n.to_string());
    }
    assert_eq!(count(&counters, "dedup_evicted"), 2);
    confirmed(&bus, "lobby", "1").await;
    assert_eq!(id(&mut events).await, "1", "a window that is too small shows it");
    for bus in [bus, other] {
        bus.close().await;
    }
}

/// Longer than RabbitMQ's patience with a client that says nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_does_not_read_for_long_keeps_its_connection_and_gets_everything() {
    const SENT: usize = 3_000;
    let (bus, counters) =
        start_counted(AmqpOptions { queue: 10, ..options(&RabbitMq::shared().url(), &namespace()) });
    let mut events = bus.events().unwrap();
    subscribe(&bus, "lobby").await;
    is_up(&bus).await;
    let receipts: Vec<_> = (0..SENT).map(|n| bus.publish(envelope("lobby", &n.to_string()))).collect();
    for receipt in receipts {
        assert_eq!(receipt.await, PublishOutcome::Ack(Level::Confirmed));
    }
    sleep_until((Instant::now() + Duration::from_secs(13)).into()).await;
    assert!(bus.health().borrow().is_up());
    for n in 0..SENT {
        assert_eq!(id(&mut events).await, n.to_string());
    }
    assert_eq!((count(&counters, "reconnects"), count(&counters, "dropped")), (0, 0));
    bus.close().await;
}

#[tokio::test]
async fn a_foreign_publisher_does_no_harm() {
    let (url, ns) = (RabbitMq::shared().url(), namespace());
    let (bus, counters) = start_counted(options(&url, &ns));
    let mut events = bus.events().unwrap();
    subscribe(&bus, "lobby").await;
    is_up(&bus).await;
    let channel = client(&url).await.create_channel().await.unwrap();
    channel.confirm_select(Default::default()).await.unwrap();
    let garbled: [&[u8]; 5] =
        [b"", b"hello", b"\xff\xfe\n", b"9 chat a b - lobby\nx", b"1 chat a b - elsewhere\nanother room's"];
    for payload in garbled {
        let (exchange, options) = (ns.as_str().into(), BasicPublishOptions::default());
        let publish = channel.basic_publish(exchange, "lobby".into(), options, payload, Default::default());
        publish.await.unwrap().await.unwrap();
    }
    confirmed(&bus, "lobby", "good").await;
    assert_eq!(id(&mut events).await, "good");
    assert_eq!((count(&counters, "garbled"), count(&counters, "received")), (5, 1));
    bus.close().await;
}
