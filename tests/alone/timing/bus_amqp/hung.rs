//! RabbitMQ hangs while this node still has much to read that it sent before.

use std::time::{Duration, Instant};

use pubsub_lab::bus::amqp::AmqpOptions;
use pubsub_lab::bus::{Bus, BusEvent, Level, PublishOutcome};
use tokio::time::{sleep, timeout};

use super::network::{Condition, Network};
use crate::support::amqp_bus::{envelope, is_silent, is_up, namespace, options, start, subscribe};
use crate::support::rabbitmq::RabbitMq;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_arrived_before_is_no_sign_of_life() {
    let (network, ns) = (Network::to(RabbitMq::shared().port()).await, namespace());
    let listener = start(AmqpOptions { queue: 1, ..options(&network.url(), &ns) });
    let speaker = start(options(&RabbitMq::shared().url(), &ns));
    let mut events = listener.events().unwrap();
    subscribe(&listener, "lobby").await;
    is_up(&listener).await;
    is_up(&speaker).await;
    let receipts: Vec<_> = (0..900).map(|n| speaker.publish(envelope("lobby", &n.to_string()))).collect();
    for receipt in receipts {
        assert_eq!(receipt.await, PublishOutcome::Ack(Level::Confirmed));
    }
    // A slow node: what is in the library already would last for a minute.
    let mut broken = None;
    let mut last = Instant::now();
    for n in 0..900 {
        // A connection that was given up hands over nothing more.
        let Ok(event) = timeout(Duration::from_secs(1), events.recv()).await else { break };
        assert!(matches!(event, Some(BusEvent::Envelope(envelope)) if *envelope.id == n.to_string()));
        last = Instant::now();
        if n == 20 {
            broken = Some(last);
            network.set(Condition::Hole);
        }
        // Three seconds of them, however long this machine takes for that.
        assert!(n <= 20 + 50, "still taken for alive after {n} messages");
        sleep(Duration::from_millis(60)).await;
    }
    let took = last.duration_since(broken.unwrap());
    assert!(took > Duration::from_secs(1), "given up after {took:?}: it was the connection that ended");
    is_silent(&listener).await;
    for bus in [listener, speaker] {
        bus.close().await;
    }
}
