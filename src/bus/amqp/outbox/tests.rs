//! Chat waits through an outage and signals do not; whatever happens, each message is answered once.

use futures_util::FutureExt;

use super::*;
use crate::Level;
use crate::meter::Meter;
use crate::samples::{any_moment, chat, chat_of, presence, room};

/// How long a message may wait.
const AGE: Duration = Duration::from_secs(60);
const A_LITTLE: Duration = Duration::from_millis(1);

fn outbox(capacity: usize) -> (Outbox, Meter) {
    let meter = Meter::default();
    let counters = Arc::new(meter.around(Counters::register));
    (Outbox::new(capacity, AGE, counters), meter)
}

/// An outbox with a connection, and the meter of its counters.
fn open(capacity: usize, now: Instant) -> (Outbox, Meter) {
    let (outbox, meter) = outbox(capacity);
    outbox.open(now);
    (outbox, meter)
}

/// The outcome of a publish in one word; empty while it is not answered.
fn word(receipt: &mut Receipt) -> &'static str {
    match receipt.now_or_never() {
        None => "",
        Some(PublishOutcome::Ack(Level::Confirmed)) => "confirmed",
        Some(PublishOutcome::Ack(Level::Handed)) => "handed",
        Some(PublishOutcome::Refused { code, .. }) => code,
        Some(PublishOutcome::Unknown { .. }) => "unknown",
    }
}

fn ids(jobs: &[Job]) -> Vec<&str> {
    jobs.iter().map(|job| &*job.id).collect()
}

/// Takes all messages, as a publisher does that gives them to a connection.
fn write(outbox: &Outbox) -> Vec<Job> {
    let mut jobs = outbox.take(usize::MAX);
    jobs.iter_mut().for_each(|job| job.written = true);
    jobs
}

#[test]
fn before_the_first_connection_chat_waits_and_signals_are_refused() {
    let ((outbox, meter), now) = (outbox(10), any_moment());
    let mut said = outbox.publish(&chat("r", "1"), now);
    let mut came = outbox.publish(&presence("r", "2"), now);
    assert_eq!((word(&mut said), word(&mut came)), ("", "bus_down"));
    assert_eq!(ids(&outbox.take(10)), ["1"]);
    assert_eq!(meter.count("refused"), 1);
}

#[test]
fn messages_are_taken_in_their_order_and_so_many_at_a_time() {
    let now = any_moment();
    let (outbox, _) = open(10, now);
    for envelope in [chat("r", "1"), presence("r", "2"), chat("s", "3")] {
        drop(outbox.publish(&envelope, now));
    }
    let jobs = outbox.take(2);
    assert_eq!(ids(&jobs), ["1", "2"]);
    assert_eq!((&jobs[0].target, &jobs[1].target), (&Target::Chat(room("r")), &Target::Signal(room("r"))));
    assert_eq!(jobs[0].payload, chat("r", "1").encode());
    assert!(!jobs[0].written);
    assert_eq!(ids(&outbox.take(10)), ["3"]);
}

#[test]
fn what_is_not_answered_fills_the_outbox_wherever_it_is() {
    let now = any_moment();
    let (outbox, meter) = open(2, now);
    let _first_two = ["1", "2"].map(|id| outbox.publish(&chat("r", id), now));
    assert_eq!(word(&mut outbox.publish(&chat("r", "3"), now)), "overloaded");
    let mut jobs = write(&outbox);
    assert_eq!(word(&mut outbox.publish(&chat("r", "4"), now)), "overloaded", "they are not confirmed");
    assert_eq!(word(&mut outbox.publish(&presence("r", "5"), now)), "", "signals have room of their own");
    outbox.answer(jobs.remove(0), PublishOutcome::Ack(Level::Confirmed));
    assert_eq!(word(&mut outbox.publish(&chat("r", "6"), now)), "");
    assert_eq!((meter.count("refused"), meter.count("published")), (2, 1));
}

#[test]
fn signals_are_bounded_too() {
    let now = any_moment();
    let (outbox, _) = open(1, now);
    let _waiting: Vec<_> =
        (0..SIGNALS).map(|n| outbox.publish(&presence("r", &n.to_string()), now)).collect();
    assert_eq!(word(&mut outbox.publish(&presence("r", "more"), now)), "overloaded");
    assert_eq!(word(&mut outbox.publish(&chat("r", "1"), now)), "");
}

#[test]
fn as_many_bytes_as_are_allowed_may_wait_and_not_one_more() {
    let now = any_moment();
    let (outbox, _) = open(10, now);
    let rest = MAX_BYTES - 20_000;
    let _first_two = [10_000; 2].map(|bytes| outbox.publish(&chat_of(bytes), now));
    assert_eq!(word(&mut outbox.publish(&chat_of(rest + 1), now)), "overloaded");
    assert_eq!(word(&mut outbox.publish(&chat_of(rest), now)), "");
}

#[test]
fn bytes_are_bounded_and_given_back_with_the_answer() {
    let now = any_moment();
    let (outbox, _) = open(10, now);
    let long = |id| Envelope { frame: vec![b'x'; MAX_BYTES / 2].into(), ..chat("r", id) };
    let _first = outbox.publish(&long("1"), now);
    assert_eq!(word(&mut outbox.publish(&long("2"), now)), "overloaded");
    let mut jobs = outbox.take(10);
    assert_eq!(word(&mut outbox.publish(&long("3"), now)), "overloaded", "it is not answered");
    outbox.answer(jobs.remove(0), PublishOutcome::Ack(Level::Confirmed));
    assert_eq!(word(&mut outbox.publish(&long("4"), now)), "");
}

#[test]
fn chat_that_was_not_confirmed_waits_before_what_is_newer() {
    let now = any_moment();
    let (outbox, meter) = open(10, now);
    let mut receipts = ["1", "2", "3"].map(|id| outbox.publish(&chat("r", id), now));
    let mut written = outbox.take(2);
    written.iter_mut().for_each(|job| job.written = true);
    outbox.put_back(written, "lost");
    outbox.shut("lost");
    let mut meanwhile = outbox.publish(&chat("r", "4"), now);
    outbox.open(now);
    let jobs = outbox.take(10);
    assert_eq!(ids(&jobs), ["1", "2", "3", "4"]);
    assert_eq!(jobs.iter().map(|job| job.written).collect::<Vec<_>>(), [true, true, false, false]);
    for job in jobs {
        outbox.answer(job, PublishOutcome::Ack(Level::Confirmed));
    }
    assert_eq!(receipts.each_mut().map(word), ["confirmed"; 3]);
    assert_eq!(word(&mut meanwhile), "confirmed");
    assert_eq!((meter.count("published"), meter.count("refused")), (4, 0));
}

#[test]
fn signals_do_not_wait_for_the_next_connection() {
    let now = any_moment();
    let (outbox, meter) = open(10, now);
    let [mut sent, mut unsent, mut waiting] =
        ["1", "2", "3"].map(|id| outbox.publish(&presence("r", id), now));
    let mut jobs = outbox.take(2);
    jobs[0].written = true;
    outbox.put_back(jobs, "lost");
    assert_eq!([word(&mut sent), word(&mut unsent), word(&mut waiting)], ["unknown", "bus_down", ""]);
    outbox.shut("lost");
    assert_eq!(word(&mut waiting), "bus_down");
    assert_eq!(word(&mut outbox.publish(&presence("r", "4"), now)), "bus_down");
    assert!(outbox.take(10).is_empty());
    assert_eq!((meter.count("refused"), meter.count("unknown")), (3, 1));
}

#[test]
fn what_waited_too_long_is_refused_if_it_was_never_sent_and_unknown_if_it_was() {
    let now = any_moment();
    let (outbox, meter) = open(10, now);
    let [mut sent, mut unsent] = ["1", "2"].map(|id| outbox.publish(&chat("r", id), now));
    let mut young = outbox.publish(&chat("r", "3"), now + A_LITTLE);
    let mut jobs = outbox.take(1);
    jobs[0].written = true;
    outbox.put_back(jobs, "lost");
    outbox.give_up_stale(now + AGE);
    assert_eq!([word(&mut sent), word(&mut unsent), word(&mut young)], ["", "", ""]);
    outbox.give_up_stale(now + AGE + A_LITTLE);
    assert_eq!([word(&mut sent), word(&mut unsent), word(&mut young)], ["unknown", "bus_down", ""]);
    assert_eq!(ids(&outbox.take(10)), ["3"]);
    assert_eq!((meter.count("refused"), meter.count("unknown")), (1, 1));
}

#[test]
fn a_message_with_the_publisher_has_its_age_too() {
    let now = any_moment();
    let (outbox, _) = open(10, now);
    let mut receipt = outbox.publish(&chat("r", "1"), now);
    let mut jobs = write(&outbox);
    assert!(!outbox.is_stale(&jobs[0], now + AGE) && outbox.is_stale(&jobs[0], now + AGE + A_LITTLE));
    outbox.give_up(jobs.remove(0));
    assert_eq!(word(&mut receipt), "unknown");
}

#[test]
fn a_full_history_refuses_chat_that_was_never_sent_and_for_a_moment_whatever_comes() {
    let now = any_moment();
    let (outbox, meter) = open(10, now);
    let [mut sent, mut unsent] = ["1", "2"].map(|id| outbox.publish(&chat("r", id), now));
    let mut signal = outbox.publish(&presence("r", "3"), now);
    let mut jobs = outbox.take(1);
    jobs[0].written = true;
    outbox.put_back(jobs, "lost");
    outbox.history_full(now);
    assert_eq!([word(&mut sent), word(&mut unsent), word(&mut signal)], ["", "rejected", ""]);
    let almost = now + REST - A_LITTLE;
    assert_eq!(word(&mut outbox.publish(&chat("r", "4"), almost)), "rejected");
    assert_eq!(word(&mut outbox.publish(&presence("r", "5"), almost)), "");
    assert_eq!(word(&mut outbox.publish(&chat("r", "6"), now + REST)), "");
    assert_eq!(ids(&outbox.take(10)), ["1", "3", "5", "6"]);
    assert_eq!(meter.count("refused"), 2);
}

#[test]
fn what_the_bus_sends_for_itself_is_answered_and_not_counted() {
    let now = any_moment();
    let (outbox, meter) = open(10, now);
    let mut fence = outbox.fence(&chat("$fence", "f"), now);
    let target = Target::Canary { room: room("$canary"), chat: true };
    let mut canary = outbox.add(target, &chat("$canary", "c"), now);
    for job in outbox.take(10) {
        outbox.answer(job, PublishOutcome::Ack(Level::Handed));
    }
    assert_eq!((word(&mut fence), word(&mut canary)), ("handed", "handed"));
    outbox.shut("lost");
    assert_eq!(word(&mut outbox.fence(&chat("$fence", "g"), now)), "bus_down");
    assert_eq!(["published", "refused", "unknown"].map(|name| meter.count(name)), [0, 0, 0]);
}

#[test]
fn an_outage_is_over_when_there_is_a_connection_after_one() {
    let ((outbox, _), now) = (outbox(10), any_moment());
    assert!(outbox.opened().now_or_never().is_none());
    outbox.open(now);
    assert!(outbox.opened().now_or_never().is_some());
    outbox.open(now + A_LITTLE);
    assert_eq!(outbox.returned(), None, "there was no outage");
    outbox.shut("lost");
    assert!(outbox.opened().now_or_never().is_none());
    outbox.open(now + 2 * A_LITTLE);
    outbox.open(now + 3 * A_LITTLE);
    assert_eq!(outbox.returned(), Some(now + 2 * A_LITTLE));
}

#[test]
fn a_closed_bus_takes_nothing_more_and_answers_what_is_left() {
    let now = any_moment();
    let (outbox, _) = open(10, now);
    let [mut sent, mut unsent] = ["1", "2"].map(|id| outbox.publish(&chat("r", id), now));
    outbox.close();
    let closed = Some(PublishOutcome::bus_down(CLOSED));
    outbox.open(now);
    assert_eq!(outbox.publish(&chat("r", "3"), now).now_or_never(), closed);
    assert_eq!(outbox.publish(&presence("r", "4"), now).now_or_never(), closed);
    let mut jobs = outbox.take(1);
    jobs[0].written = true;
    outbox.put_back(jobs, "lost");
    assert_eq!((word(&mut sent), word(&mut unsent)), ("", ""));
    outbox.drain();
    assert_eq!((word(&mut sent), unsent.now_or_never()), ("unknown", closed));
}

#[test]
fn whoever_publishes_wakes_the_connection() {
    let ((outbox, _), now) = (outbox(10), any_moment());
    drop(outbox.publish(&presence("r", "1"), now));
    assert!(outbox.filled().now_or_never().is_none(), "it was refused");
    drop(outbox.publish(&chat("r", "2"), now));
    assert!(outbox.filled().now_or_never().is_some());
}
