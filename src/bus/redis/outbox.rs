//! The publishes that wait for the connection.
//!
//! One lock covers both the queue and whether publishing is possible, so that no publish can slip into the queue
//! after it was emptied: a publish that is refused here was never near a connection.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::brokered::Outgoing;
use crate::status::CLOSED;
use crate::{Counters, Numbers, PublishOutcome, Receipt};
use wire::Envelope;

/// How long a publish may wait in the outbox. Together with the time that Redis has to answer, every publish is
/// answered within a second.
const WAIT_AT_MOST: Duration = Duration::from_millis(300);
/// Number of bytes that may wait, whatever the number of publishes.
const MAX_BYTES: usize = 64 << 20;

/// One publish that was not given to a connection yet.
pub(super) struct Job {
    pub(super) envelope: Envelope,
    bytes: usize,
    pub(super) receipt: oneshot::Sender<PublishOutcome>,
    since: Instant,
}

/// The bounded queue before the publishing connection. Overflow policy: a further publish is refused as `overloaded`.
pub struct Outbox {
    queue: Mutex<Queue>,
    capacity: usize,
    filled: Notify,
    counters: Arc<Counters>,
    /// The numbers of the messages that were given to a connection.
    pub(super) numbers: Arc<Numbers>,
}

struct Queue {
    jobs: VecDeque<Job>,
    bytes: usize,
    /// Why no publish is taken; `None` while there is a connection.
    shut: Option<String>,
    closed: bool,
}

impl Outbox {
    pub(super) fn new(capacity: usize, counters: Arc<Counters>) -> Self {
        let shut = Some("Redis is not connected yet".into());
        let queue = Queue { jobs: VecDeque::new(), bytes: 0, shut, closed: false };
        Self {
            queue: Mutex::new(queue),
            capacity: capacity.max(1),
            filled: Notify::new(),
            counters,
            numbers: Arc::default(),
        }
    }

    /// Answers one publish with its outcome.
    pub(super) fn answer(&self, receipt: oneshot::Sender<PublishOutcome>, outcome: PublishOutcome) {
        self.counters.count(&outcome);
        // An error means that the session which published is gone.
        let _ = receipt.send(outcome);
    }

    /// Takes up to `most` of the oldest publishes. Those that waited too long are refused instead.
    pub(super) fn take(&self, most: usize, now: Instant) -> Vec<Job> {
        let mut taken = Vec::new();
        let mut stale = Vec::new();
        {
            let mut queue = self.lock();
            while queue.jobs.front().is_some_and(|job| now.duration_since(job.since) > WAIT_AT_MOST) {
                stale.extend(queue.jobs.pop_front());
            }
            let count = most.min(queue.jobs.len());
            taken.extend(queue.jobs.drain(..count));
            queue.bytes -= stale.iter().chain(&taken).map(|job| job.bytes).sum::<usize>();
        }
        for job in stale {
            self.answer(
                job.receipt,
                PublishOutcome::overloaded("Redis is too slow for what waits to be published"),
            );
        }
        taken
    }

    /// Resolves when a publish was queued since the last call.
    pub(super) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// Records that there is a connection.
    pub(super) fn open(&self) {
        let mut queue = self.lock();
        if !queue.closed {
            queue.shut = None;
        }
    }

    /// Records that there is no connection: the publishes that wait are refused, and so are further ones.
    pub(super) fn shut(&self, reason: &str) {
        let jobs = {
            let mut queue = self.lock();
            if !queue.closed {
                queue.shut = Some(reason.into());
            }
            queue.bytes = 0;
            std::mem::take(&mut queue.jobs)
        };
        for job in jobs {
            self.answer(job.receipt, PublishOutcome::bus_down(reason));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outgoing for Outbox {
    fn publish(&self, envelope: Envelope, now: Instant) -> Receipt {
        let bytes = envelope.encoded_len();
        let mut queue = self.lock();
        if let Some(reason) = &queue.shut {
            let outcome = PublishOutcome::bus_down(reason.clone());
            self.counters.count(&outcome);
            return Receipt::ready(outcome);
        }
        if queue.jobs.len() >= self.capacity || queue.bytes + bytes > MAX_BYTES {
            let outcome = PublishOutcome::overloaded("too much waits to be published");
            self.counters.count(&outcome);
            return Receipt::ready(outcome);
        }
        let (sender, receipt) = Receipt::later();
        queue.bytes += bytes;
        queue.jobs.push_back(Job { envelope, bytes, receipt: sender, since: now });
        drop(queue);
        self.filled.notify_one();
        receipt
    }

    fn numbers(&self) -> Option<Arc<Numbers>> {
        Some(Arc::clone(&self.numbers))
    }

    /// Those that wait are left to the publisher.
    fn close(&self) {
        let mut queue = self.lock();
        queue.closed = true;
        queue.shut = Some(CLOSED.into());
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::Level;
    use crate::meter::Meter;
    use crate::samples::{any_moment, chat, chat_of};

    fn outbox(capacity: usize) -> (Outbox, Meter) {
        let meter = Meter::default();
        let counters = Arc::new(meter.around(Counters::register));
        (Outbox::new(capacity, counters), meter)
    }

    /// The code of the refusal; `None` while the publish is not answered.
    fn refusal(receipt: &mut Receipt) -> Option<&'static str> {
        receipt.now_or_never().map(|outcome| match outcome {
            PublishOutcome::Refused { code, .. } => code,
            other => panic!("{other:?}"),
        })
    }

    /// The ids of the publishes that were taken.
    fn ids(jobs: &[Job]) -> Vec<String> {
        jobs.iter().map(|job| job.envelope.id.to_string()).collect()
    }

    #[test]
    fn nothing_is_taken_before_there_is_a_connection_and_after_it_is_lost() {
        let ((outbox, meter), now) = (outbox(10), any_moment());
        assert_eq!(refusal(&mut outbox.publish(chat("r", "1"), now)), Some("bus_down"));
        outbox.open();
        let mut waiting = outbox.publish(chat("r", "2"), now);
        assert_eq!(refusal(&mut waiting), None);
        outbox.shut("Redis is lost");
        let lost = PublishOutcome::bus_down("Redis is lost");
        assert_eq!(waiting.now_or_never(), Some(lost.clone()));
        assert_eq!(outbox.publish(chat("r", "3"), now).now_or_never(), Some(lost));
        assert!(outbox.take(10, now).is_empty(), "what was refused is never sent");
        outbox.open();
        let _later = outbox.publish(chat("r", "4"), now);
        assert_eq!(ids(&outbox.take(10, now)), ["4"]);
        assert_eq!(meter.count("refused"), 3);
    }

    #[test]
    fn a_full_queue_refuses_the_newest_until_something_is_taken() {
        let ((outbox, meter), now) = (outbox(2), any_moment());
        outbox.open();
        let _first_two = ["1", "2"].map(|id| outbox.publish(chat("r", id), now));
        assert_eq!(refusal(&mut outbox.publish(chat("r", "3"), now)), Some("overloaded"));
        assert_eq!(ids(&outbox.take(1, now)), ["1"]);
        let _fourth = outbox.publish(chat("r", "4"), now);
        assert_eq!(ids(&outbox.take(10, now)), ["2", "4"]);
        assert_eq!(meter.count("refused"), 1);
    }

    #[test]
    fn as_many_bytes_as_are_allowed_may_wait_and_not_one_more() {
        let ((outbox, _), now) = (outbox(10), any_moment());
        outbox.open();
        let rest = MAX_BYTES - 20_000;
        let _first_two = [10_000; 2].map(|bytes| outbox.publish(chat_of(bytes), now));
        assert_eq!(refusal(&mut outbox.publish(chat_of(rest + 1), now)), Some("overloaded"));
        assert_eq!(refusal(&mut outbox.publish(chat_of(rest), now)), None);
        assert_eq!(outbox.take(10, now).len(), 3);
    }

    #[test]
    fn bytes_are_bounded_and_given_back() {
        let ((outbox, _), now) = (outbox(10), any_moment());
        outbox.open();
        let long = |id| Envelope { frame: vec![b'x'; MAX_BYTES / 2].into(), ..chat("r", id) };
        let _first = outbox.publish(long("1"), now);
        assert_eq!(refusal(&mut outbox.publish(long("2"), now)), Some("overloaded"));
        assert_eq!(outbox.take(10, now).len(), 1);
        let _third = outbox.publish(long("3"), now);
        outbox.shut("Redis is lost");
        outbox.open();
        let mut fourth = outbox.publish(long("4"), now);
        assert_eq!(refusal(&mut fourth), None);
        assert!(outbox.take(10, now + 2 * WAIT_AT_MOST).is_empty(), "it waited too long");
        assert_eq!(refusal(&mut outbox.publish(long("5"), now)), None);
    }

    #[test]
    fn what_waited_too_long_is_refused_and_never_sent() {
        let ((outbox, meter), now) = (outbox(10), any_moment());
        outbox.open();
        let a_little = Duration::from_millis(1);
        let mut old = outbox.publish(chat("r", "1"), now);
        let young = outbox.publish(chat("r", "2"), now + a_little);
        assert_eq!(ids(&outbox.take(10, now + WAIT_AT_MOST + a_little)), ["2"]);
        assert_eq!(refusal(&mut old), Some("overloaded"));
        // The job was dropped above without an answer, as happens when the bus ends.
        assert!(matches!(young.now_or_never(), Some(PublishOutcome::Unknown { .. })));
        assert_eq!(meter.count("refused"), 1);
    }

    #[test]
    fn an_answer_is_counted_though_nobody_waits_for_it() {
        let ((outbox, meter), now) = (outbox(10), any_moment());
        outbox.open();
        let receipt = outbox.publish(chat("r", "1"), now);
        drop(outbox.publish(chat("r", "2"), now));
        for job in outbox.take(10, now) {
            outbox.answer(job.receipt, PublishOutcome::Ack(Level::Handed));
        }
        assert_eq!(receipt.now_or_never(), Some(PublishOutcome::Ack(Level::Handed)));
        assert_eq!((meter.count("published"), meter.count("refused")), (2, 0));
    }

    #[test]
    fn a_closed_bus_takes_nothing_more_and_still_has_what_waits() {
        let ((outbox, _), now) = (outbox(10), any_moment());
        outbox.open();
        let mut waiting = outbox.publish(chat("r", "1"), now);
        outbox.close();
        let closed = PublishOutcome::bus_down("the bus is closed");
        // After the end no connection opens the outbox again, and a lost connection does not change the reason.
        outbox.open();
        assert_eq!(outbox.publish(chat("r", "2"), now).now_or_never(), Some(closed.clone()));
        assert_eq!(refusal(&mut waiting), None);
        outbox.shut("Redis is lost");
        assert_eq!(refusal(&mut waiting), Some("bus_down"));
        assert_eq!(outbox.publish(chat("r", "3"), now).now_or_never(), Some(closed));
    }

    #[test]
    fn whoever_publishes_wakes_the_connection() {
        let ((outbox, _), now) = (outbox(10), any_moment());
        drop(outbox.publish(chat("r", "1"), now));
        assert!(outbox.filled().now_or_never().is_none(), "it was refused");
        outbox.open();
        drop(outbox.publish(chat("r", "2"), now));
        assert!(outbox.filled().now_or_never().is_some());
        assert!(outbox.filled().now_or_never().is_none());
    }
}
