//! `--keep`: what is trimmed, and that no number is given twice.

use std::time::Duration;

use nix::sys::signal::Signal;

use super::place;
use crate::support::history::{assert_sound, ids};

#[tokio::test]
async fn by_count_the_newest_are_kept() {
    let place = place();
    let publisher = place.publisher().await;
    // More than is under way at once. After a lost connection that comes again, and what is trimmed by then is unknown.
    let mut history = place.start(&["--keep", "1500"]);
    publisher.say("r", &ids("m", 0..6_000)).await;
    publisher.fenced(&history).await;
    history.metric_is("pubsub_lab_history_messages", 1_500.0).await;
    history.metric_is("pubsub_lab_history_trimmed_total", 4_500.0).await;
    history.holds("r", &ids("m", 4_500..6_000)).await;
    // What is trimmed is unknown.
    assert_eq!(history.refusal("/rooms/r/messages?after=m.4499").await.0, 404);
    let (newest, found, _) = history.replay("r", "after=m.4499&margin=10").await;
    assert_eq!((newest, found), (ids("m", 4_500..6_000), false));
    assert_eq!(history.replay("r", "after=m.4500&margin=10").await, (ids("m", 4_500..6_000), true, 3));
    // A page that goes on where something has been trimmed says so.
    assert!(!history.replay("r", "from=4500").await.1);
    assert!(history.replay("r", "from=4501").await.1);
    // A stricter bound holds from the start, and the numbers go on.
    history.running.signal(Signal::SIGTERM);
    history.running.ended_within(Duration::from_secs(3));
    let history = place.start(&["--keep", "7d", "--keep", "5", "--keep", "50"]);
    history.metric_is("pubsub_lab_history_messages", 5.0).await;
    history.holds("r", &ids("m", 5_995..6_000)).await;
    assert_eq!(publisher.fenced(&history).await, 6_000);
    assert_sound(&place.db);
}

#[tokio::test]
async fn by_age_they_go_even_when_nothing_comes_and_no_number_comes_again() {
    let place = place();
    let publisher = place.publisher().await;
    // Longer than it takes to notice that the connection is lost: what comes again then must be known.
    let mut history = place.start(&["--keep", "4s"]);
    publisher.say("r", &ids("m", 0..5_000)).await;
    assert_eq!(publisher.fenced(&history).await, 5_000);
    history.metric_is("pubsub_lab_history_messages", 0.0).await;
    history.metric_is("pubsub_lab_history_trimmed_total", 5_000.0).await;
    assert_eq!(history.metric("pubsub_lab_history_oldest_timestamp_seconds").await, 0.0);
    assert_eq!(history.replay("r", "after=m.4999").await, (vec![], false, 1));
    assert!(!history.replay("r", "from=5000").await.1, "its last message is gone");
    assert!(history.replay("r", "from=5001").await.1);
    history.running.signal(Signal::SIGKILL);
    history.running.ended_within(Duration::from_secs(10));
    let history = place.start(&["--keep", "1h"]);
    assert_eq!(publisher.fenced(&history).await, 5_000);
    publisher.say("r", &ids("again", 0..1)).await;
    assert_eq!(publisher.fenced(&history).await, 5_001);
    history.holds("r", &ids("again", 0..1)).await;
    assert_sound(&place.db);
}

#[tokio::test]
async fn what_is_young_stays() {
    let place = place();
    let publisher = place.publisher().await;
    let history = place.start(&["--keep", "1h"]);
    publisher.say("r", &ids("m", 0..100)).await;
    publisher.fenced(&history).await;
    let older = "UPDATE messages SET stored_at = stored_at - 3600000 WHERE seq <= 40";
    assert_eq!(place.sqlite().execute(older, []).unwrap(), 40);
    history.metric_is("pubsub_lab_history_messages", 60.0).await;
    history.holds("r", &ids("m", 40..100)).await;
}
