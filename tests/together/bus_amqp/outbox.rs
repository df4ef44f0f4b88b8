//! What waits for RabbitMQ's confirm: how much, how long, how fast, and what is said of it.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use lapin::options::QueueDeclareOptions;
use lapin::types::{AMQPValue, FieldTable};
use pubsub_lab::bus::amqp::{AmqpBus, AmqpOptions};
use pubsub_lab::bus::{Bus, Level, PublishOutcome, ReplayStart};
use pubsub_lab::wire::{Envelope, Kind};
use tokio::time::timeout;

use super::network::{Condition, Network};
use crate::support::amqp_bus::{
    PATIENCE, client, confirmed, count, envelope, id, is_up, live_queue, namespace, options, publish, room,
    start, start_counted, subscribe,
};
use crate::support::history::Place;
use crate::support::rabbitmq::RabbitMq;

/// The connection that publishes may be seen dead a moment after the other; from then on signals are refused at once.
async fn publisher_is_down(bus: &AmqpBus) {
    let signal = Envelope { kind: Kind::Presence, ..envelope("lobby", "signal") };
    for _ in 0..100_000 {
        match timeout(PATIENCE, bus.publish(signal.clone())).await.expect("signals do not wait") {
            PublishOutcome::Refused { code: "bus_down", .. } => return,
            // The last moments of the connection.
            PublishOutcome::Ack(_) | PublishOutcome::Unknown { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    panic!("signals are never refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_outbox_refuses_at_once_and_what_it_holds_is_published_in_order() {
    let network = Network::to(RabbitMq::shared().port()).await;
    let mut options = options(&network.url(), &namespace());
    options.outbox = 10;
    let (bus, counters) = start_counted(options);
    let mut events = bus.events().unwrap();
    subscribe(&bus, "lobby").await;
    is_up(&bus).await;
    network.set(Condition::Cut);
    publisher_is_down(&bus).await;
    let receipts: Vec<_> = (0..15).map(|n| bus.publish(envelope("lobby", &n.to_string()))).collect();
    let mut kept = Vec::new();
    for (n, mut receipt) in receipts.into_iter().enumerate() {
        match timeout(Duration::ZERO, &mut receipt).await {
            Ok(PublishOutcome::Refused { code: "overloaded", .. }) if n >= 10 => {}
            Ok(other) => panic!("{n}: {other:?}"),
            Err(_) => kept.push(receipt),
        }
    }
    assert_eq!(kept.len(), 10);
    network.set(Condition::Whole);
    for receipt in kept {
        assert_eq!(timeout(PATIENCE, receipt).await.unwrap(), PublishOutcome::Ack(Level::Confirmed));
    }
    for n in 0..10 {
        assert_eq!(id(&mut events).await, n.to_string());
    }
    assert_eq!(count(&counters, "refused"), 6, "five messages and a signal");
    confirmed(&bus, "lobby", "room-again").await;
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_old_is_refused_or_unknown_and_never_sent_later() {
    let network = Network::to(RabbitMq::shared().port()).await;
    let ns = namespace();
    let listener = start(options(&RabbitMq::shared().url(), &ns));
    let mut events = listener.events().unwrap();
    subscribe(&listener, "lobby").await;
    is_up(&listener).await;
    let age = Duration::from_secs(4);
    let bus = start(AmqpOptions { outbox_age: age, ..options(&network.url(), &ns) });
    is_up(&bus).await;
    network.set(Condition::Hole);
    // Written into the hole.
    let written = bus.publish(envelope("lobby", "written"));
    publisher_is_down(&bus).await;
    let began = Instant::now();
    let waiting: Vec<_> = (0..5).map(|n| bus.publish(envelope("lobby", &format!("waiting-{n}")))).collect();
    let outcome = timeout(PATIENCE, written).await.unwrap();
    assert!(matches!(outcome, PublishOutcome::Unknown { .. }), "{outcome:?}");
    for receipt in waiting {
        let outcome = timeout(PATIENCE, receipt).await.unwrap();
        assert!(matches!(outcome, PublishOutcome::Refused { code: "bus_down", .. }), "{outcome:?}");
    }
    assert!(began.elapsed() >= age, "refused after {:?}", began.elapsed());
    network.set(Condition::Whole);
    is_up(&bus).await;
    confirmed(&bus, "lobby", "the-end").await;
    let mut heard = Vec::new();
    while heard.last().is_none_or(|last| last != "the-end") {
        heard.push(id(&mut events).await);
    }
    assert!(heard.iter().all(|id| id == "written" || id == "the-end"), "{heard:?}");
    for bus in [bus, listener] {
        bus.close().await;
    }
}

/// `reject-publish` of the history does not keep the live queues from taking a message, so what RabbitMQ says no to may
/// have been heard.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_what_a_full_history_refuses_nothing_is_heard() {
    const LENGTH: i32 = 20;
    let (url, ns) = (RabbitMq::shared().url(), namespace());
    let connection = client(&url).await;
    let channel = connection.create_channel().await.unwrap();
    let mut arguments = FieldTable::default();
    arguments.insert("x-max-length".into(), AMQPValue::LongInt(LENGTH));
    arguments.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    let history = format!("{ns}.history");
    channel.queue_declare(history.as_str().into(), durable, arguments).await.unwrap();

    let (bus, counters) = start_counted(options(&url, &ns));
    let mut events = bus.events().unwrap();
    subscribe(&bus, "lobby").await;
    is_up(&bus).await;
    let (mut acked, mut refused, mut unknown) = (HashSet::new(), HashSet::new(), HashSet::new());
    let deadline = Instant::now() + PATIENCE;
    for n in 0.. {
        let name = n.to_string();
        match publish(&bus, "lobby", &name).await {
            PublishOutcome::Ack(_) => acked.insert(name),
            PublishOutcome::Refused { code: "rejected", reason } => {
                assert_eq!(reason, "the history's queue at RabbitMQ is full");
                refused.insert(name)
            }
            PublishOutcome::Unknown { .. } => unknown.insert(name),
            other => panic!("{other:?}"),
        };
        // It is tried again now and then.
        if unknown.len() >= 3 {
            break;
        }
        assert!(Instant::now() < deadline, "{} acked, {} unknown", acked.len(), unknown.len());
    }
    assert!((20..40).contains(&acked.len()), "{} acked", acked.len());
    assert!(refused.len() > unknown.len(), "{} refused, {} unknown", refused.len(), unknown.len());
    channel.queue_purge(history.into(), Default::default()).await.unwrap();
    let deadline = Instant::now() + PATIENCE;
    while publish(&bus, "lobby", "room-again").await != PublishOutcome::Ack(Level::Confirmed) {
        assert!(Instant::now() < deadline, "there is room, and still it refuses");
    }
    let mut heard = HashSet::new();
    loop {
        match id(&mut events).await {
            id if id == "room-again" => break,
            id => assert!(heard.insert(id)),
        }
    }
    assert!(heard.is_superset(&acked));
    assert!(heard.is_disjoint(&refused), "refused and heard");
    assert!(heard.is_superset(&unknown), "this RabbitMQ keeps from the live queues what the history rejects");
    assert!(count(&counters, "unknown") >= 3);
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_bus_sends_for_itself_is_not_counted_as_published() {
    let place = Place::new(RabbitMq::shared().url());
    let history = place.start(&[]);
    let url = Some(format!("http://{}", history.address));
    let (bus, counters) =
        start_counted(AmqpOptions { history: url, ..options(&place.url, &place.namespace) });
    subscribe(&bus, "lobby").await;
    is_up(&bus).await;
    history.ready_says("").await;
    confirmed(&bus, "lobby", "1").await;
    let replay = bus.replay(&room("lobby"), &ReplayStart::after("1")).unwrap().await.unwrap();
    assert!(replay.complete);
    // And a message of the bus to itself.
    live_queue(&client(&place.url).await, &place.namespace).await;
    assert_eq!(count(&counters, "published"), 1);
    bus.close().await;
}
