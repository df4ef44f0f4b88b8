//! How fast confirms come.

use std::time::Instant;

use pubsub_lab::bus::{Bus, Level, Outcome};

use crate::support::amqp_bus::{confirmed, envelope, is_up, namespace, options, start};
use crate::support::rabbitmq::RabbitMq;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn confirms_are_pipelined() {
    let bus = start(options(&RabbitMq::shared().url(), &namespace()));
    is_up(&bus).await;
    let mut ratios = Vec::new();
    // The best of three: whoever shares this machine slows the two down differently.
    for round in 0..3 {
        let one_at_a_time = {
            let began = Instant::now();
            for n in 0..300 {
                confirmed(&bus, "lobby", &format!("{round}-one-{n}")).await;
            }
            300.0 / began.elapsed().as_secs_f64()
        };
        let together = {
            let began = Instant::now();
            let publish = |n: i32| bus.publish(envelope("lobby", &format!("{round}-many-{n}")));
            let receipts: Vec<_> = (0..8_000).map(publish).collect();
            for receipt in receipts {
                assert_eq!(receipt.await, Outcome::Ack(Level::Confirmed));
            }
            8_000.0 / began.elapsed().as_secs_f64()
        };
        eprintln!("{one_at_a_time:.0}/s one at a time, {together:.0}/s together");
        ratios.push(together / one_at_a_time);
    }
    let best = ratios.iter().copied().fold(0.0, f64::max);
    assert!(best >= 8.0, "only {best:.1} times the throughput");
    bus.close().await;
}
