//! Positive controls of the load generator that are made of time: a server that is prompt, and one that delays some
//! messages by a known time.

use std::collections::HashMap;
use std::time::Duration;

use pubsub_lab::ledger::{Harness, Settled};
use pubsub_lab::load::{Dialect, LoadGenerator};

use crate::support::faulty::{Each, Faults, FaultyServer, Harm};
use crate::support::load::{plan, settings, until};

/// The figures of a load of 360 debts that are all paid, and the longest time that the server held a message.
async fn paid(faults: Faults) -> (Settled, Harness, Duration) {
    let server = FaultyServer::start(2, faults).await;
    let load = LoadGenerator::start(settings(server.urls(), Dialect::V1, plan(2))).await.unwrap();
    assert_eq!(load.probe(Duration::from_secs(10)).await, 0);
    load.begin();
    load.schedule_ended().await;
    let settled = until(&load, |settled| settled.debts.delivered == 360).await;
    (settled, load.finish().await, server.held_longest())
}

#[tokio::test]
async fn a_prompt_server_is_found_on_time() {
    let (settled, harness, _) = paid(Faults::default()).await;
    assert_eq!((settled.debts.on_time_share(), settled.times.impact_ms), (Some(1.0), None));
    assert!(settled.latency.max() < 200_000, "{} µs", settled.latency.max());
    assert!(harness.loop_lag.len() > 10, "{}", harness.loop_lag.len());
}

#[tokio::test]
async fn delayed_ones_are_late_by_the_known_time() {
    let delay = Duration::from_millis(1200);
    let harm = Harm { delay: Some((Each(11), delay)), ..Harm::default() };
    let faults = Faults { harm: HashMap::from([(1, harm)]), ..Faults::default() };
    let (settled, _, held) = paid(faults).await;
    // 10 of them, all overtaken by the end of the load.
    assert_eq!((settled.debts.on_time_share(), settled.counts.reordered), (Some(350.0 / 360.0), 10));
    assert_eq!(settled.latency.len() - settled.latency.count_between(0, 1_000_000), 10);
    // As long as the server held it, by its own clock; the rest is the way.
    let (max, held) = (settled.latency.max(), held.as_micros() as u64);
    assert!(held >= 1_200_000 && max >= 1_195_000 && max < held + 100_000, "{max} of {held} µs");
    // From the first delayed one's intended time to the last one's receipt: 99 × 2 ms, or 198, and the delay.
    let impact = settled.times.impact_ms.unwrap();
    assert!(impact >= 1_390 && impact < held / 1_000 + 198 + 100, "{impact} ms, {held} µs");
}
