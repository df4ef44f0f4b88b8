//! RabbitMQ is low on memory or disk: it takes no messages, and says so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use pubsub_lab::bus::{Bus, Level, PublishOutcome};
use pubsub_lab::wire::{Envelope, Kind};
use tokio::time::timeout;

use crate::support::amqp_bus::{
    PATIENCE, confirmed, count, envelope, id, is_down, is_up, namespace, options, start, start_counted,
    subscribe,
};
use crate::support::rabbitmq::RabbitMq;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alarm_is_down_until_it_is_over_and_then_everything_is_published() {
    let server = RabbitMq::start();
    let (url, ns) = (server.url(), namespace());
    let (bus, counters) = start_counted(options(&url, &ns));
    let listener = start(options(&url, &ns));
    let mut events = listener.events().unwrap();
    subscribe(&listener, "lobby").await;
    is_up(&bus).await;
    is_up(&listener).await;
    confirmed(&bus, "lobby", "before").await;
    assert_eq!(id(&mut events).await, "before");
    server.control(&["set_vm_memory_high_watermark", "0.000001"]);
    // RabbitMQ says so to whoever publishes.
    let mut kept = vec![("0".to_owned(), bus.publish(envelope("lobby", "0")))];
    is_down(&bus, "it takes no messages for now").await;
    for n in 1..100 {
        kept.push((n.to_string(), bus.publish(envelope("lobby", &n.to_string()))));
    }
    let signal = Envelope { kind: Kind::Presence, ..envelope("lobby", "signal") };
    let outcome = timeout(Duration::ZERO, bus.publish(signal)).await.expect("signals do not wait");
    assert!(matches!(outcome, PublishOutcome::Refused { code: "bus_down", .. }), "{outcome:?}");
    // Longer than anybody is silent for.
    let until = Instant::now() + Duration::from_secs(12);
    let mut health = bus.health();
    let up = timeout(until.duration_since(Instant::now()), health.wait_for(|health| health.is_up())).await;
    assert!(up.is_err(), "up while the alarm lasts");
    let reason = is_down(&bus, "it takes no messages for now").await;
    assert!(reason.contains("memory"), "{reason}");

    server.control(&["set_vm_memory_high_watermark", "0.4"]);
    let over = Instant::now();
    is_up(&bus).await;
    assert!(over.elapsed() < Duration::from_secs(2), "up {:?} after the alarm", over.elapsed());
    for (name, receipt) in kept {
        assert_eq!(timeout(PATIENCE, receipt).await.unwrap(), PublishOutcome::Ack(Level::Confirmed));
        assert_eq!(id(&mut events).await, name);
    }
    // What was given to the connection before was not late: nobody could take it.
    assert_eq!(count(&counters, "reconnects"), 0);
    for bus in [bus, listener] {
        bus.close().await;
    }
}
