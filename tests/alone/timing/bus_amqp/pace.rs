//! How fast confirms come.

use std::time::{Duration, Instant};

use pubsub_lab::bus::{Bus, Level, PublishOutcome};
use pubsub_lab::fault::link::{Proxy, ProxyLink, Way};
use pubsub_lab::scenario::{Condition, kinds};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::support::amqp_bus::{confirmed, envelope, is_up, namespace, options, start};
use crate::support::rabbitmq::RabbitMq;

/// How much later everything comes that RabbitMQ says: whoever waits for each confirm cannot be fast, whatever the
/// machine does.
const LATE: Duration = Duration::from_millis(50);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn confirms_are_pipelined() {
    let (link, tasks, cancel) = (ProxyLink::new(1), TaskTracker::new(), CancellationToken::new());
    let _ends_with_the_test = cancel.clone().drop_guard();
    let to = format!("127.0.0.1:{}", RabbitMq::shared().port());
    let proxy = Proxy::start(0, to, vec![(link.clone(), false)], &tasks, &cancel).await.unwrap();
    let bus = start(options(&format!("amqp://127.0.0.1:{}", proxy.port()), &namespace()));
    is_up(&bus).await;
    link.apply(Condition::Delay(kinds::Delay { by: LATE, jitter: Duration::ZERO }), Way::Back);

    let began = Instant::now();
    for n in 0..20 {
        confirmed(&bus, "lobby", &format!("one-{n}")).await;
    }
    let took = began.elapsed();
    assert!(took >= 20 * LATE, "control: 20 one at a time took {took:?}");

    // One at a time they would take 50 seconds.
    let began = Instant::now();
    let publish = |n: i32| bus.publish(envelope("lobby", &format!("many-{n}")));
    let receipts: Vec<_> = (0..1_000).map(publish).collect();
    for receipt in receipts {
        assert_eq!(receipt.await, PublishOutcome::Ack(Level::Confirmed));
    }
    let took = began.elapsed();
    eprintln!("1,000 together: {took:?}");
    assert!(took < Duration::from_millis(2_500), "1,000 together took {took:?}");
    bus.close().await;
}
