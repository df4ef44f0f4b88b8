//! The file is locked, the disk is full, the file is something else.

use std::fs;
use std::time::{Duration, Instant};

use super::place;
use crate::support::history::{History, PATIENCE, Publisher, assert_sound, chat, ids, lift_file_limit};

/// Nothing is acknowledged, nothing is stored, and it still answers.
async fn holds_its_ground(history: &History, publisher: &Publisher, room: &str, held: &[String]) {
    let stored = history.metric("pubsub_lab_history_stored_total").await;
    let start = Instant::now();
    let failures = history.metric("pubsub_lab_history_write_failures_total").await;
    // It tries again and again, and not in a tight loop.
    while history.metric("pubsub_lab_history_write_failures_total").await < failures + 4.0 {
        assert!(start.elapsed() < PATIENCE, "it gave up");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(start.elapsed() > Duration::from_millis(200), "4 attempts in {:?}", start.elapsed());
    assert_eq!(history.metric("pubsub_lab_history_stored_total").await, stored);
    assert_eq!(history.metric("pubsub_lab_history_database_up").await, 0.0);
    assert_eq!(history.get("/healthz").await.status, 200);
    history.holds(room, held).await;
    publisher.fence("too-early").await;
    assert_eq!(history.get("/fences/too-early?wait_ms=100").await.status, 404);
}

#[tokio::test]
async fn a_locked_file_is_named_and_waited_for() {
    let place = place();
    let publisher = place.publisher().await;
    let history = place.start(&[]);
    publisher.say("r", &ids("m", 0..10)).await;
    publisher.fenced(&history).await;
    let lock = place.sqlite();
    lock.execute_batch("BEGIN EXCLUSIVE").unwrap();
    publisher.say("r", &ids("m", 10..3000)).await;
    history.ready_says("locked by another process").await;
    holds_its_ground(&history, &publisher, "r", &ids("m", 0..10)).await;
    lock.execute_batch("ROLLBACK").unwrap();
    publisher.fenced(&history).await;
    history.ready_says("").await;
    history.holds("r", &ids("m", 0..3000)).await;
    let said = |part: &str| history.running.err().iter().filter(|line| line.contains(part)).count();
    assert_eq!((said("is locked by another"), said("takes messages again")), (1, 1), "once for each episode");
    assert_sound(&place.db);
}

#[tokio::test]
async fn a_file_that_is_locked_at_the_start_is_waited_for() {
    let place = place();
    fs::create_dir_all(place.db.parent().unwrap()).unwrap();
    let lock = place.sqlite();
    lock.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let publisher = place.publisher().await;
    publisher.say("r", &ids("m", 0..10)).await;
    let history = place.start(&[]);
    history.ready_says("locked by another process").await;
    assert_eq!(history.get("/healthz").await.status, 200);
    assert_eq!(history.get("/rooms/r/messages").await.status, 503);
    lock.execute_batch("ROLLBACK").unwrap();
    publisher.fenced(&history).await;
    history.ready_says("").await;
    history.holds("r", &ids("m", 0..10)).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn where_no_file_may_grow_it_waits_and_loses_nothing() {
    let place = place();
    let publisher = place.publisher().await;
    let history = place.start_within(2_048, &[]);
    let say = async |numbers: std::ops::Range<usize>| {
        let text = "x".repeat(1_000);
        let envelopes: Vec<_> = ids("m", numbers).iter().map(|id| chat("r", id, &text)).collect();
        publisher.all(&envelopes).await;
    };
    say(0..5_000).await;
    history.ready_says("history.db").await;
    let (held, ..) = history.replay("r", "from=0&limit=1000").await;
    assert!(!held.is_empty() && held.len() < 5_000, "{} are stored", held.len());
    holds_its_ground(&history, &publisher, "r", &ids("m", 0..held.len())).await;
    lift_file_limit(&history);
    say(5_000..6_000).await;
    publisher.fenced(&history).await;
    history.ready_says("").await;
    history.holds("r", &ids("m", 0..6_000)).await;
    assert_sound(&place.db);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn where_no_file_may_grow_it_can_be_killed_too() {
    use nix::sys::signal::Signal;
    let place = place();
    let publisher = place.publisher().await;
    let mut history = place.start_within(1_024, &[]);
    let text = "x".repeat(1_000);
    let envelopes: Vec<_> = ids("m", 0..3_000).iter().map(|id| chat("r", id, &text)).collect();
    publisher.all(&envelopes).await;
    history.ready_says("history.db").await;
    history.running.signal(Signal::SIGKILL);
    history.running.ended_within(PATIENCE);
    let history = place.start(&[]);
    publisher.fenced(&history).await;
    history.holds("r", &ids("m", 0..3_000)).await;
    assert_sound(&place.db);
}

#[tokio::test]
async fn a_file_that_is_removed_is_made_anew_and_not_written_to_any_more() {
    let place = place();
    let publisher = place.publisher().await;
    let mut history = place.start(&[]);
    publisher.say("r", &ids("m", 0..10)).await;
    publisher.fenced(&history).await;
    history.holds("r", &ids("m", 0..10)).await;
    fs::remove_dir_all(place.db.parent().unwrap()).unwrap();
    publisher.say("r", &ids("m", 10..20)).await;
    publisher.fenced(&history).await;
    history.holds("r", &ids("m", 10..20)).await;
    assert!(history.running.err().join("\n").contains("was removed or replaced"));
    history.running.signal(nix::sys::signal::Signal::SIGKILL);
    history.running.ended_within(PATIENCE);
    let history = place.start(&[]);
    publisher.fenced(&history).await;
    history.holds("r", &ids("m", 10..20)).await;
}
