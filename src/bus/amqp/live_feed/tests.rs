//! Which deliveries reach the node, and what is remembered of them.

use std::pin::pin;

use futures_util::FutureExt;

use super::*;
use crate::meter::Meter;
use crate::samples::{chat, presence, read, room};

/// The live feed of a node that wants the room `r`, with the events that the node reads.
fn feed(options: AmqpOptions) -> (LiveFeed, mpsc::Receiver<BusEvent>, Meter) {
    let meter = Meter::default();
    let interest = Arc::<Interest>::default();
    drop(interest.subscribe(room("r")));
    let (feed, events) = meter.around(|| LiveFeed::new(&options, &interest, &Arc::new(Counters::register())));
    (feed, events, meter)
}

fn hand(feed: &LiveFeed, envelope: Envelope) {
    feed.hand(envelope).now_or_never().unwrap();
}

#[test]
fn only_an_envelope_of_the_routing_keys_own_room_is_taken() {
    let (feed, _events, meter) = feed(AmqpOptions::default());
    let body = || chat("math.*", "1").encode().to_vec();
    assert_eq!(feed.decode("math.%2A", body()), Some(chat("math.*", "1")));
    assert_eq!(feed.decode("math.*", body()), None);
    assert_eq!(feed.decode("math.%2A", b"hello".to_vec()), None);
    assert_eq!(meter.count("garbled"), 2);
    assert_eq!(feed.progress(), Some(3), "garbled ones arrive too");
}

#[test]
fn a_room_that_the_node_does_not_want_is_not_handed_over() {
    let (feed, mut events, meter) = feed(AmqpOptions::default());
    hand(&feed, chat("other", "1"));
    feed.hand_replayed(chat("other", "2")).now_or_never().unwrap();
    hand(&feed, chat("r", "3"));
    assert_eq!(read(&mut events), ["3"]);
    assert_eq!(meter.count("received"), 1);
}

#[test]
fn the_second_copy_of_a_chat_message_is_dropped_and_counted() {
    let (feed, mut events, meter) = feed(AmqpOptions::default());
    hand(&feed, chat("r", "1"));
    hand(&feed, chat("r", "1"));
    feed.hand_replayed(chat("r", "1")).now_or_never().unwrap();
    feed.hand_replayed(chat("r", "2")).now_or_never().unwrap();
    hand(&feed, chat("r", "2"));
    assert_eq!(read(&mut events), ["1", "+2"]);
    assert_eq!((meter.count("duplicates_dropped"), meter.count("received")), (3, 2));
}

#[test]
fn presence_is_never_taken_for_a_copy() {
    let (feed, mut events, meter) = feed(AmqpOptions::default());
    hand(&feed, presence("r", "1"));
    hand(&feed, presence("r", "1"));
    assert_eq!(read(&mut events), ["1", "1"]);
    assert_eq!(meter.count("duplicates_dropped"), 0);
}

#[test]
fn an_id_that_had_to_go_before_its_time_is_counted() {
    let (feed, mut events, meter) = feed(AmqpOptions { dedup_ids: 1, ..AmqpOptions::default() });
    for id in ["1", "2", "1"] {
        hand(&feed, chat("r", id));
    }
    assert_eq!(read(&mut events), ["1", "2", "1"]);
    assert_eq!(meter.count("dedup_evicted"), 2);
}

#[test]
fn a_full_queue_waits_and_drops_nothing() {
    let (feed, mut events, meter) = feed(AmqpOptions { queue: 1, ..AmqpOptions::default() });
    hand(&feed, chat("r", "1"));
    assert_eq!(feed.progress(), Some(0));
    let mut second = pin!(feed.hand(chat("r", "2")));
    assert!(second.as_mut().now_or_never().is_none());
    assert_eq!(feed.progress(), None, "one waits for the node");
    assert_eq!(read(&mut events), ["1"]);
    assert!(second.as_mut().now_or_never().is_some());
    assert_eq!(feed.progress(), Some(0));
    assert_eq!(read(&mut events), ["2"]);
    assert_eq!((meter.count("received"), meter.count("dropped")), (2, 0));
}

#[test]
fn one_that_was_given_up_while_it_waited_is_new_when_it_comes_again() {
    let (feed, mut events, meter) = feed(AmqpOptions { queue: 1, ..AmqpOptions::default() });
    feed.begin_room(&room("r"));
    hand(&feed, chat("r", "1"));
    assert!(feed.hand(chat("r", "2")).now_or_never().is_none());
    assert_eq!(feed.progress(), Some(0), "nothing waits any more");
    assert_eq!(feed.mark(&room("r")).unwrap().last.as_deref(), Some("1"));
    assert_eq!(read(&mut events), ["1"]);
    hand(&feed, chat("r", "2"));
    assert_eq!(read(&mut events), ["2"]);
    assert_eq!(meter.count("duplicates_dropped"), 0);
}

#[test]
fn a_room_is_marked_by_what_was_heard_in_it_while_the_node_listens() {
    let (feed, _events, _) = feed(AmqpOptions::default());
    hand(&feed, chat("r", "1"));
    assert!(feed.mark(&room("r")).is_none() && feed.marks().is_empty());
    feed.begin_room(&room("r"));
    assert_eq!(feed.mark(&room("r")).unwrap().last, None);
    hand(&feed, chat("r", "2"));
    hand(&feed, presence("r", "3"));
    assert_eq!(feed.mark(&room("r")).unwrap().last.as_deref(), Some("2"));
    assert_eq!(feed.marks().len(), 1);
    feed.end_room(&room("r"));
    assert!(feed.mark(&room("r")).is_none());
}

#[test]
fn a_gap_is_told_in_its_place() {
    let (feed, mut events, _) = feed(AmqpOptions::default());
    hand(&feed, chat("r", "1"));
    feed.inbox.report_gap("trimmed".into()).now_or_never().unwrap();
    hand(&feed, chat("r", "2"));
    assert_eq!(read(&mut events), ["1", "gap: trimmed", "2"]);
}

#[test]
fn a_node_that_no_longer_reads_is_owed_nothing() {
    let (feed, events, meter) = feed(AmqpOptions::default());
    drop(events);
    hand(&feed, chat("r", "1"));
    assert_eq!(meter.count("received"), 0);
    assert_eq!(feed.progress(), Some(0), "nothing waits");
}
