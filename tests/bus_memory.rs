//! What a Redis bus costs whose node does not read. The process's memory is judged, so this test has a target of
//! its own.

#![allow(clippy::print_stderr, clippy::print_stdout, reason = "what a test prints is seen when it fails")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::time::Instant;

use bytes::Bytes;
use pubsub_lab::bus::{Bus, BusEvent, PublishOutcome};
use tokio::time::timeout;

use support::redis::RedisServer;
use support::redis_bus::{PATIENCE, count, envelope, is_up, options, start_counted, subscribe};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_does_not_read_costs_bounded_memory_and_is_told_exactly() {
    let before = resident_bytes();
    // A Redis that a busy machine held up for too long was taken for dead meanwhile: what became of that is not told
    // exactly.
    for _ in 0..3 {
        if floods(before).await {
            return;
        }
    }
    panic!("Redis was taken for dead each time");
}

/// False if the connection to Redis did not last.
async fn floods(before: u64) -> bool {
    const SENT: u64 = 200_000;
    // Redis itself may not drop the listener: the count is to be exact.
    let server = RedisServer::builder().directive("client-output-buffer-limit", &["pubsub 0 0 0"]).start();
    let (bus, counters) = start_counted(options(&server.url()));
    let mut events = bus.events().unwrap();
    subscribe(&bus, "lobby").await;
    is_up(&bus).await;
    let text = Bytes::from(vec![b'x'; 1_000]);
    let mut taken = 0;
    while taken < SENT {
        let receipts: Vec<_> =
            (0..500).map(|n| bus.publish(envelope("lobby", &n.to_string(), text.clone()))).collect();
        for receipt in receipts {
            match receipt.await {
                PublishOutcome::Ack(_) => taken += 1,
                // This machine may be busy; what was not sent is not owed.
                PublishOutcome::Refused { code: "overloaded", .. } => {}
                PublishOutcome::Refused { code: "bus_down", .. } | PublishOutcome::Unknown { .. } => {
                    return false;
                }
                other => panic!("{other:?}"),
            }
        }
    }
    let deadline = Instant::now() + PATIENCE;
    while count(&counters, "received") + count(&counters, "dropped") < taken {
        assert!(Instant::now() < deadline, "not all arrived");
        tokio::task::yield_now().await;
    }
    let grown = resident_bytes().saturating_sub(before) >> 20;
    assert!(grown < 150, "grew by {grown} MiB");

    let (mut received, mut lagged) = (0, 0);
    while received + lagged < taken {
        match timeout(PATIENCE, events.recv()).await.expect("some were neither received nor named").unwrap() {
            BusEvent::Envelope(_) => received += 1,
            BusEvent::Lagged(missed) => lagged += missed,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((received, lagged), (65_536, taken - 65_536));
    assert_eq!(count(&counters, "dropped"), lagged);
    true
}

fn resident_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = text.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4_096
}
