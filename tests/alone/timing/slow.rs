//! Slow subscribers, seen from a server that counts what it could write.

use std::time::{Duration, Instant};

use pubsub_lab::ledger::Plan;
use pubsub_lab::load::{Dialect, LoadGenerator, Template};
use pubsub_lab::scenario::kinds::Slow;
use pubsub_lab::scenario::{Action, Fault, Target};

use crate::support::chat::{ChatServer, Manners};
use crate::support::load::{eventually, plan, settings, until};

const SECOND: Duration = Duration::from_secs(1);
/// What a slow subscriber reads a second.
const SLOW: u64 = 40_000;
/// What every kernel and library on the way keeps, at most.
const BUFFERS: u64 = 100_000;

/// 300 kB a second to each of three subscribers, of whom the first is to be slow.
async fn flood(server: &ChatServer) -> LoadGenerator {
    let plan = Plan { rate: 500.0, messages: 2500, ..plan(1) };
    let action = Action::Slow(Slow { bytes_per_second: SLOW });
    let fault = Fault { at: Duration::ZERO, duration: None, action, target: Target::Subscriber(0) };
    let template = Template::parse("chat.toml", "connect = ['/name {name}']\npublish = '{text}'").unwrap();
    let mut settings = settings(server.urls(), Dialect::Template(template), plan);
    (settings.faults, settings.load.payload) = (vec![fault], 600);
    let load = LoadGenerator::start(settings).await.unwrap();
    assert_eq!(load.probe(SECOND * 10).await, 0);
    load
}

/// A server whose kernel keeps little of what a client does not take.
async fn narrow() -> ChatServer {
    ChatServer::start(1, Manners { send_buffer: Some(8 * 1024), ..Manners::default() }).await
}

#[tokio::test]
async fn a_slow_subscriber_reads_so_much_a_second_and_nobody_else_is_harmed() {
    let server = narrow().await;
    let load = flood(&server).await;
    load.slow(0);
    let began = Instant::now();
    load.begin();
    // As long as it takes to offer it 900 kB.
    eventually("the others are told", || server.written("sub-1") >= 900_000).await;
    let (bytes, due) = (server.written("sub-0"), (began.elapsed().as_secs_f64() * SLOW as f64) as u64);
    assert!((due * 7 / 10..=due + BUFFERS).contains(&bytes), "{bytes} bytes of {due}");
    load.schedule_ended().await;
    // What it has not read by now would take it half a minute.
    eventually("the others hear everything", || server.written("sub-2") >= 1_500_000).await;
    let behind = server.written("sub-1") - server.written("sub-0");
    assert!(behind > 1_000_000, "{behind}");
    load.hurry(0);
    let healed = Instant::now();
    let done = until(&load, |s| s.debts.lost == 0 && s.debts.owed == 7500).await;
    assert!(healed.elapsed() < SECOND * 5, "{:?}", healed.elapsed());
    // Only those of the slow one were late, and most of them.
    let late = done.latency.len() - done.latency.count_between(0, 1_000_000);
    assert!((1200..=2500).contains(&late), "{late} were late");
    load.finish().await;
}

#[tokio::test]
async fn control_the_same_subscriber_is_not_slow_before_it_is_told() {
    let server = narrow().await;
    let load = flood(&server).await;
    load.begin();
    load.schedule_ended().await;
    let done = until(&load, |s| s.debts.lost == 0 && s.debts.owed == 7500).await;
    let late = done.latency.len() - done.latency.count_between(0, 1_000_000);
    assert_eq!(late, 0);
    let (one, other) = (server.written("sub-0"), server.written("sub-1"));
    assert!(one.abs_diff(other) < 10_000, "{one} {other}");
    load.finish().await;
}

#[tokio::test]
async fn who_is_slow_stays_slow_over_a_new_connection() {
    let server = narrow().await;
    let load = flood(&server).await;
    load.slow(0);
    load.begin();
    let before = server.written("sub-1");
    eventually("it is flooded", || server.written("sub-1") >= before + 200_000).await;
    assert!(load.storm(None, SECOND * 10).await);
    let (began, first, other) = (Instant::now(), server.written("sub-0"), server.written("sub-1"));
    eventually("the others go on", || server.written("sub-1") >= other + 600_000).await;
    let (bytes, due) =
        (server.written("sub-0") - first, (began.elapsed().as_secs_f64() * SLOW as f64) as u64);
    assert!((due * 7 / 10..=due + BUFFERS).contains(&bytes), "{bytes} bytes of {due}");
    load.finish().await;
}
