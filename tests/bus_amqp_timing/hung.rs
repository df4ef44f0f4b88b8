//! RabbitMQ hangs while this node still has much to read that it sent before.

use std::time::{Duration, Instant};

use pubsub_lab::bus::amqp::AmqpOptions;
use pubsub_lab::bus::{Bus, Level, Outcome};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::network::{Condition, Network};
use crate::support::amqp_bus::{envelope, id, is_down, is_up, namespace, options, start, subscribe};
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
        assert_eq!(receipt.await, Outcome::Ack(Level::Confirmed));
    }
    // A slow node: what is in the library already would last for a minute.
    let (tasks, stop, read) = (TaskTracker::new(), CancellationToken::new(), CancellationToken::new());
    let (ended, reads) = (stop.clone(), read.clone());
    tasks.spawn(async move {
        for n in 0..900 {
            assert_eq!(id(&mut events).await, n.to_string());
            if n == 20 {
                reads.cancel();
            }
            tokio::select! { () = ended.cancelled() => return, () = sleep(Duration::from_millis(60)) => {} }
        }
    });
    read.cancelled().await;
    let broken = Instant::now();
    network.set(Condition::Hole);
    is_down(&listener, "it has not answered").await;
    let took = broken.elapsed();
    assert!(took <= Duration::from_secs(3), "noticed after {took:?}");
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    for bus in [listener, speaker] {
        bus.close().await;
    }
}
