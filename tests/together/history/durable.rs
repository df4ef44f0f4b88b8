//! Killed at any moment: nothing is lost, nothing is there twice.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use nix::sys::signal::Signal;
use rand::{Rng, RngExt, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::place;
use crate::support::history::{History, PATIENCE, Place, Publisher, assert_sound, chat, ids};
use crate::support::process::assert_soon;

const STREAM: usize = 20_000;

/// Publishes the whole stream and says how far it is.
async fn stream(publisher: &Publisher, said: &watch::Sender<usize>) {
    let all = ids("m", 0..STREAM);
    for part in all.chunks(100) {
        let text = "x".repeat(200);
        let envelopes: Vec<_> = part.iter().map(|id| chat("r", id, &text)).collect();
        publisher.all(&envelopes).await;
        said.send_modify(|said| *said += part.len());
    }
}

#[tokio::test]
async fn killed_at_random_moments_of_a_stream_it_holds_every_confirmed_message_once() {
    let place = place();
    let publisher = place.publisher().await;
    let seed = rand::rng().next_u64();
    println!("seed {seed}");
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let (said, mut saying) = watch::channel(0);
    let stored = AtomicUsize::new(0);
    let kills = async {
        let mut history = place.start(&[]);
        for kill in 1..=8 {
            let at = kill * STREAM / 10 + random.random_range(0..STREAM / 20);
            saying.wait_for(|said| *said >= at).await.unwrap();
            // It is in the middle of something: its own metric moves.
            history.ready_says("").await;
            let before = history.metric("pubsub_lab_history_stored_total").await;
            let moved = async || history.metric("pubsub_lab_history_stored_total").await > before;
            while !moved().await && *saying.borrow() < STREAM {}
            tokio::time::sleep(Duration::from_micros(random.random_range(0..30_000))).await;
            history.running.signal(Signal::SIGKILL);
            history.running.ended_within(PATIENCE);
            stored.fetch_add(before as usize, Ordering::Relaxed);
            history = place.start(&[]);
        }
        history
    };
    let (history, ()) = tokio::join!(kills, stream(&publisher, &said));
    publisher.fenced(&history).await;
    assert!(stored.into_inner() > 0, "what was killed had stored something");
    history.holds("r", &ids("m", 0..STREAM)).await;
    // More than are ever told to one who asks for something unknown.
    let (newest, found, _) = history.replay("r", "after=unknown&limit=1000").await;
    assert_eq!((newest, found), (ids("m", STREAM - 10_000..STREAM), false));
    assert_eq!(publisher.queue_ready().await, 0);
    assert_sound(&place.db);
}

#[tokio::test]
async fn an_orderly_end_is_quick_and_leaves_nothing_unacknowledged() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let place = place();
        let publisher = place.publisher().await;
        let mut history = place.start(&[]);
        publisher.say("r", &ids("m", 0..1000)).await;
        publisher.fenced(&history).await;
        history.running.signal(signal);
        assert!(history.running.ended_within(Duration::from_secs(3)).success());
        assert_eq!(history.running.out().len(), 1, "only the address is on stdout");
        assert_eq!(publisher.queue_ready().await, 0);
        publisher.say("r", &ids("m", 500..1500)).await;
        let history = place.start(&[]);
        publisher.fenced(&history).await;
        history.holds("r", &ids("m", 0..1500)).await;
        // What was acknowledged did not come again; what was published twice did.
        assert_eq!(history.metric("pubsub_lab_history_duplicates_total").await, 500.0);
    }
}

#[tokio::test]
async fn it_ends_in_time_even_while_asked_and_while_it_cannot_write() {
    let place = place();
    let publisher = place.publisher().await;
    let mut history = place.start(&[]);
    publisher.fenced(&history).await;
    let lock = place.sqlite();
    lock.execute_batch("BEGIN EXCLUSIVE").unwrap();
    publisher.say("r", &ids("m", 0..10)).await;
    history.ready_says("locked").await;
    let mut tcp = TcpStream::connect(history.address).await.unwrap();
    let request = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
    tcp.write_all((request("/healthz") + &request("/fences/never?wait_ms=30000")).as_bytes()).await.unwrap();
    // The first one is answered, so the second one is being waited for.
    tcp.read_u8().await.unwrap();
    history.running.signal(Signal::SIGTERM);
    assert!(history.running.ended_within(Duration::from_secs(3)).success());
    drop(lock);
    let history = place.start(&[]);
    publisher.fenced(&history).await;
    history.holds("r", &ids("m", 0..10)).await;
}

#[tokio::test]
async fn a_second_copy_keeps_the_first_ones_place() {
    let place = place();
    let publisher = place.publisher().await;
    let history = place.start(&[]);
    publisher.say("r", &ids("m", 0..10)).await;
    publisher.all(&[chat("r", "m.3", "another text"), chat("elsewhere", "m.4", "another room")]).await;
    publisher.say("r", &ids("m", 0..12)).await;
    publisher.fenced(&history).await;
    history.holds("r", &ids("m", 0..12)).await;
    history.holds("elsewhere", &[]).await;
    let (_, page) = history.json("/rooms/r/messages?after=m.2&limit=1").await;
    assert_eq!(page["messages"][0]["text"], "some text");
    history.metric_is("pubsub_lab_history_duplicates_total", 12.0).await;
}

#[tokio::test]
async fn the_queue_is_deleted_and_the_service_has_it_again() {
    let place = place();
    let publisher = place.publisher().await;
    let history = place.start(&[]);
    publisher.say("r", &ids("m", 0..10)).await;
    publisher.fenced(&history).await;
    for n in 1..4 {
        publisher.delete_queue().await;
        history.metric_is("pubsub_lab_history_reconnects_total", f64::from(n)).await;
        history.ready_says("").await;
        let n = n as usize * 10;
        publisher.say("r", &ids("m", n..n + 10)).await;
        publisher.fenced(&history).await;
    }
    history.holds("r", &ids("m", 0..40)).await;
    assert_eq!(history.running.err().iter().filter(|line| line.contains("was deleted")).count(), 3);
}

#[tokio::test]
async fn a_queue_of_another_length_is_consumed_and_stays_so() {
    let place = place();
    let publisher = place.publisher().await;
    publisher.delete_queue().await;
    publisher.declare_queue_of_length(1_000, "reject-publish").await;
    let history = place.start(&[]);
    history.ready_says("").await;
    // It has bound the queue.
    publisher.say("r", &ids("m", 0..100)).await;
    publisher.fenced(&history).await;
    history.holds("r", &ids("m", 0..100)).await;
    publisher.declare_queue_of_length(1_000, "reject-publish").await;

    // One that drops messages without a word is still refused, whatever its length.
    drop(history);
    publisher.delete_queue().await;
    publisher.declare_queue_of_length(1_000, "drop-head").await;
    let history = place.start(&[]);
    history.ready_says("x-overflow").await;
}

#[tokio::test]
async fn stopped_and_continued_it_goes_on() {
    let place = place();
    let publisher = place.publisher().await;
    let history = place.start(&[]);
    publisher.fenced(&history).await;
    history.running.signal(Signal::SIGSTOP);
    publisher.say("r", &ids("m", 0..3000)).await;
    history.running.signal(Signal::SIGCONT);
    publisher.fenced(&history).await;
    history.holds("r", &ids("m", 0..3000)).await;
}

/// Two services of one namespace: the second one waits.
async fn two(first: &Place, second: &Place) -> (History, History) {
    let one = first.start(&[]);
    one.ready_says("").await;
    let two = second.start(&[]);
    two.ready_says("another service consumes").await;
    (one, two)
}

#[tokio::test]
async fn a_second_service_on_the_same_file_waits_and_takes_over() {
    let place = place();
    let publisher = place.publisher().await;
    let (mut one, two) = two(&place, &place).await;
    publisher.say("r", &ids("m", 0..100)).await;
    let seq = publisher.fenced(&one).await;
    two.holds("r", &ids("m", 0..100)).await;
    assert_eq!(two.metric("pubsub_lab_history_stored_total").await, 0.0);
    let (said, _) = watch::channel(0);
    let killed = async {
        said.subscribe().wait_for(|said| *said >= 5_000).await.unwrap();
        one.running.signal(Signal::SIGKILL);
        one.running.ended_within(PATIENCE);
    };
    tokio::join!(killed, stream(&publisher, &said));
    two.ready_says("").await;
    assert!(publisher.fenced(&two).await > seq, "the numbers go on");
    two.holds("r", &ids("m", 0..STREAM)).await;
    assert_sound(&place.db);
    assert_eq!(two.running.err().iter().filter(|line| line.contains("another service")).count(), 1);
}

#[tokio::test]
async fn two_services_that_write_into_one_file_store_each_message_once() {
    let (place, mut other) = (place(), place());
    other.db.clone_from(&place.db);
    let (one, two) = (place.start(&[]), other.start(&[]));
    let (to_one, to_two) = (place.publisher().await, other.publisher().await);
    let (a, b) = (ids("a", 0..3000), ids("b", 0..3000));
    tokio::join!(to_one.say("a", &a), to_two.say("b", &b));
    tokio::join!(to_one.fenced(&one), to_two.fenced(&two));
    tokio::join!(to_one.say("b", &b), to_two.say("a", &a));
    tokio::join!(to_one.fenced(&one), to_two.fenced(&two));
    for history in [&one, &two] {
        history.holds("a", &a).await;
        history.holds("b", &b).await;
        assert_eq!(history.metric("pubsub_lab_history_stored_total").await, 3000.0);
        assert_eq!(history.metric("pubsub_lab_history_messages").await, 6000.0);
    }
    assert_sound(&place.db);
}

#[tokio::test]
async fn with_another_file_the_second_service_waits_too() {
    let (place, mut other) = (place(), place());
    other.namespace.clone_from(&place.namespace);
    let publisher = place.publisher().await;
    let (mut one, two) = two(&place, &other).await;
    publisher.say("r", &ids("m", 0..100)).await;
    publisher.fenced(&one).await;
    two.holds("r", &[]).await;
    one.running.signal(Signal::SIGTERM);
    one.running.ended_within(Duration::from_secs(3));
    two.ready_says("").await;
    publisher.say("r", &ids("m", 100..200)).await;
    publisher.fenced(&two).await;
    two.holds("r", &ids("m", 100..200)).await;
    assert_soon(PATIENCE, 0, || two.running.descendants().len());
}

#[tokio::test]
async fn control_what_is_lost_or_out_of_place_is_found() {
    let place = place();
    let publisher = place.publisher().await;
    let history = place.start(&[]);
    publisher.say("r", &ids("m", 0..10)).await;
    publisher.fenced(&history).await;
    let found = async |wanted: &[String]| {
        let looked = AssertUnwindSafe(history.holds("r", wanted)).catch_unwind().await;
        *looked.expect_err("it was not found").downcast::<String>().expect("a sentence")
    };
    history.holds("r", &ids("m", 0..10)).await;
    assert!(found(&ids("m", 0..9)).await.contains("there are more"));
    assert!(found(&ids("m", 0..11)).await.starts_with("1 of 11 lost, such as Some(\"m.10\")"));
    let swap = "UPDATE messages SET seq = -1 WHERE seq = 3; UPDATE messages SET seq = 3 WHERE seq = 4;
                UPDATE messages SET seq = 4 WHERE seq = -1";
    place.sqlite().execute_batch(swap).unwrap();
    assert!(found(&ids("m", 0..10)).await.starts_with("the order is another one"));
    place.sqlite().execute_batch("DELETE FROM messages WHERE seq = 7").unwrap();
    assert!(found(&ids("m", 0..10)).await.starts_with("1 of 10 lost"));
    assert!(AssertUnwindSafe(async { assert_sound(&place.db) }).catch_unwind().await.is_err());
}
