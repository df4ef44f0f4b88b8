//! The high-water mark: what fits arrives, the rest is counted, and the sum is exact.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pubsub_lab::bus::zeromq::ZeromqOptions;
use pubsub_lab::bus::{Bus, BusEvent, Level, PublishOutcome};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::client::Client;
use crate::support::zeromq_bus::{Addresses, PATIENCE, count, envelope, id, start, start_counted, subscribe};

const BURST: u64 = 20_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_burst_of_20_000_every_message_arrives_or_is_counted() {
    let addresses = Addresses::new(2);
    let listener = addresses.bus(1).await;
    let (speaker, counters) = start_counted(addresses.options(0)).await;
    let mut events = listener.events().unwrap();
    subscribe(&listener, "lobby").await;

    let text = "x".repeat(200);
    let (began, mut longest) = (Instant::now(), Duration::ZERO);
    let mut receipts = Vec::new();
    for n in 0..BURST {
        let call = Instant::now();
        receipts.push(speaker.publish(envelope("lobby", &n.to_string(), text.clone())));
        longest = longest.max(call.elapsed());
    }
    let took = began.elapsed();
    for receipt in receipts {
        assert_eq!(receipt.await, PublishOutcome::Ack(Level::Handed));
    }
    speaker.publish(envelope("lobby", "end", "x"));
    let (mut received, mut next) = (0, 0);
    loop {
        let id = id(&mut events).await;
        if id == "end" {
            break;
        }
        let n: u64 = id.parse().unwrap();
        assert!(n >= next, "{n} came after {next}");
        (received, next) = (received + 1, n + 1);
        if received + count(&counters, "hwm_dropped_total") == BURST + 1 {
            // The last one was dropped too.
            break;
        }
    }
    let dropped = count(&counters, "hwm_dropped_total");
    eprintln!(
        "a burst of {BURST}: {took:?} in all, {longest:?} the longest call, {received} received, {dropped} dropped"
    );
    assert!((BURST..=BURST + 1).contains(&(received + dropped)), "{received} + {dropped}");
    assert!(received >= 10_000, "what fits the mark arrives: {received}");
    assert!(took < Duration::from_secs(5) && longest < Duration::from_millis(500), "{took:?}, {longest:?}");
    assert_eq!(count(&counters, "published_total"), BURST + 1);
}

/// In one thread nothing is written while the burst lasts: the mark is seen exactly.
#[tokio::test]
async fn exactly_the_high_water_mark_waits_and_the_newest_are_dropped() {
    let addresses = Addresses::new(3);
    let (listener, other) = (addresses.bus(1).await, addresses.bus(2).await);
    let (speaker, counters) = start_counted(ZeromqOptions { hwm: 100, ..addresses.options(0) }).await;
    let (mut events, mut others) = (listener.events().unwrap(), other.events().unwrap());
    let mut own = speaker.events().unwrap();
    subscribe(&listener, "lobby").await;
    subscribe(&speaker, "lobby").await;
    subscribe(&other, "elsewhere").await;
    for _ in 0..3 {
        let before = count(&counters, "hwm_dropped_total");
        for n in 0..BURST {
            let outcome = speaker.publish(envelope("lobby", &n.to_string(), "x")).await;
            assert_eq!(outcome, PublishOutcome::Ack(Level::Handed), "a peer's loss is no refusal");
        }
        assert_eq!(count(&counters, "hwm_dropped_total") - before, BURST - 100);
        for n in 0..100 {
            assert_eq!(id(&mut events).await, n.to_string(), "the oldest are kept");
        }
        for n in 0..BURST {
            assert_eq!(id(&mut own).await, n.to_string(), "the node's own messages do not pass the mark");
        }
    }
    // Another peer, which wants none of it, lost nothing and got nothing.
    speaker.publish(envelope("elsewhere", "1", "x"));
    assert_eq!(id(&mut others).await, "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_does_not_read_is_told_exactly_how_many_it_lost() {
    let addresses = Addresses::new(2);
    let (listener, received) = start_counted(ZeromqOptions { queue: 1_000, ..addresses.options(1) }).await;
    let (speaker, counters) = start_counted(addresses.options(0)).await;
    let mut events = listener.events().unwrap();
    subscribe(&listener, "lobby").await;
    for n in 0..BURST {
        speaker.publish(envelope("lobby", &n.to_string(), "x"));
    }
    let sent = || BURST - count(&counters, "hwm_dropped_total");
    let all = timeout(PATIENCE, async {
        while count(&received, "received_total") + count(&received, "dropped_total") < sent() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    all.await.expect("some were neither received nor counted");
    let (mut heard, mut lagged) = (0, 0);
    while heard + lagged < sent() {
        match timeout(PATIENCE, events.recv()).await.expect("a loss that is not named").unwrap() {
            BusEvent::Envelope(_) => heard += 1,
            BusEvent::Lagged(missed) => lagged += missed,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((heard, lagged), (1_000, sent() - 1_000));
    assert_eq!(count(&received, "dropped_total"), lagged);
}

/// Through the whole node: a client sends 20,000 publishes in one go.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_takes_a_burst_from_a_client_and_stays_responsive() {
    let addresses = Addresses::new(2);
    let flags = ["--max-rate", "0", "--outbox", "100000"];
    let (first, second) = (Arc::new(addresses.node(0, &flags)), addresses.node(1, &flags));
    let mut listener = Client::v1_in(&second, "r").await;
    let mut talker = Client::v1(&first).await;
    let frames: Vec<String> = (0..BURST)
        .map(|n| json!({"type": "publish", "room": "r", "text": n.to_string()}).to_string())
        .collect();
    let frames: Vec<&str> = frames.iter().map(String::as_str).collect();
    let talking = async {
        let began = Instant::now();
        talker.send_at_once(&frames).await;
        for _ in 0..BURST {
            assert_eq!(talker.answer().await["type"], "ack");
        }
        talker.say(json!({"type": "publish", "room": "r", "text": "end"})).await;
        began.elapsed()
    };
    let hearing = async {
        let (mut received, mut next) = (0, 0_u64);
        loop {
            let frame = listener.frame_of("message").await;
            let text = frame["text"].as_str().unwrap();
            if text == "end" {
                return received;
            }
            let n: u64 = text.parse().unwrap();
            assert!(n >= next, "{n} came after {next}");
            (received, next) = (received + 1, n + 1);
        }
    };
    // In a task of its own: this one is busy with the clients.
    let mut asking = JoinSet::new();
    let asked = Arc::clone(&first);
    asking.spawn(async move {
        let mut longest = Duration::ZERO;
        for _ in 0..20 {
            let began = Instant::now();
            assert_eq!(asked.get("/readyz").await.status, 200);
            longest = longest.max(began.elapsed());
        }
        longest
    });
    let (took, received) = tokio::join!(talking, hearing);
    let longest = asking.join_next().await.unwrap().unwrap();
    let dropped = first.metric("pubsub_lab_bus_hwm_dropped_total").await as u64;
    eprintln!("acked after {took:?}, {received} received, {dropped} dropped, /readyz at most {longest:?}");
    assert_eq!(received + dropped, BURST);
    assert!(longest < Duration::from_secs(1), "/readyz took {longest:?}");
}

#[tokio::test]
async fn what_waits_for_a_peer_that_dies_is_counted_as_unsent() {
    let addresses = Addresses::new(2);
    let listener = start(addresses.options(1)).await;
    let (speaker, counters) = start_counted(addresses.options(0)).await;
    subscribe(&listener, "lobby").await;
    for n in 0..100 {
        speaker.publish(envelope("lobby", &n.to_string(), "x"));
    }
    // In one thread nothing was written yet.
    drop(speaker);
    let deadline = Instant::now() + PATIENCE;
    while count(&counters, "peers") > 0 {
        assert!(Instant::now() < deadline, "the dropped bus keeps its peer");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut events = listener.events().unwrap();
    let deadline = Instant::now() + PATIENCE;
    let mut heard = 0;
    while heard + count(&counters, "unsent_total") < 100 {
        if let Ok(event) = timeout(Duration::from_millis(20), events.recv()).await {
            assert!(matches!(event, Some(BusEvent::Envelope(_))), "{event:?}");
            heard += 1;
        }
        assert!(Instant::now() < deadline, "{heard} are heard\n{}", counters.render());
    }
    // None is heard and counted.
    let more = timeout(Duration::from_millis(200), events.recv()).await;
    assert!(more.is_err(), "{more:?}");
    assert_eq!(heard + count(&counters, "unsent_total"), 100);
}
