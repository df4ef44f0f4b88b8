//! What waits to be published.
//!
//! Whether publishing is possible and what is queued are kept under one lock, so that no publish can slip into
//! the queue after it was emptied: what is refused here was never near a connection.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::{Counters, Outcome, Receipt};
use wire::{Envelope, Room};

/// How long a publish may wait here. With the time that Redis has to answer, every publish is answered within a
/// second.
const WAIT_AT_MOST: Duration = Duration::from_millis(300);
/// Bytes that may wait, whatever their number.
const MAX_BYTES: usize = 64 << 20;

/// One publish that nobody has seen yet.
pub(super) struct Job {
    pub(super) room: Room,
    pub(super) payload: Bytes,
    pub(super) receipt: oneshot::Sender<Outcome>,
    since: Instant,
}

/// The bounded queue before the publishing connection. Overflow: refused as `overloaded`.
pub(super) struct Outbox {
    queue: Mutex<Queue>,
    capacity: usize,
    filled: Notify,
    counters: Arc<Counters>,
}

struct Queue {
    jobs: VecDeque<Job>,
    bytes: usize,
    /// Why nothing is taken; `None` while there is a connection.
    shut: Option<String>,
    closed: bool,
}

impl Outbox {
    pub(super) fn new(capacity: usize, counters: Arc<Counters>) -> Self {
        let shut = Some("Redis is not connected yet".into());
        let queue = Queue { jobs: VecDeque::new(), bytes: 0, shut, closed: false };
        Self { queue: Mutex::new(queue), capacity: capacity.max(1), filled: Notify::new(), counters }
    }

    /// Queues, or refuses at once.
    pub(super) fn publish(&self, envelope: Envelope, now: Instant) -> Receipt {
        let payload = envelope.encode();
        let mut queue = self.lock();
        if let Some(reason) = &queue.shut {
            let outcome = Outcome::bus_down(reason.clone());
            self.counters.count(&outcome);
            return Receipt::ready(outcome);
        }
        if queue.jobs.len() >= self.capacity || queue.bytes + payload.len() > MAX_BYTES {
            let outcome = Outcome::overloaded("too much waits to be published");
            self.counters.count(&outcome);
            return Receipt::ready(outcome);
        }
        let (sender, receipt) = Receipt::later();
        queue.bytes += payload.len();
        queue.jobs.push_back(Job { room: envelope.room, payload, receipt: sender, since: now });
        drop(queue);
        self.filled.notify_one();
        receipt
    }

    /// Answers one publish.
    pub(super) fn answer(&self, receipt: oneshot::Sender<Outcome>, outcome: Outcome) {
        self.counters.count(&outcome);
        // The session that asked may be gone.
        let _ = receipt.send(outcome);
    }

    /// Takes up to `most` of the oldest. What waited too long is refused instead.
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
            queue.bytes -= stale.iter().chain(&taken).map(|job| job.payload.len()).sum::<usize>();
        }
        for job in stale {
            self.answer(job.receipt, Outcome::overloaded("Redis is too slow for what waits to be published"));
        }
        taken
    }

    /// Resolves when something was queued since the last time.
    pub(super) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// There is a connection.
    pub(super) fn open(&self) {
        let mut queue = self.lock();
        if !queue.closed {
            queue.shut = None;
        }
    }

    /// There is none: refuses what waits, and whatever comes.
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
            self.answer(job.receipt, Outcome::bus_down(reason));
        }
    }

    /// Refuses whatever comes from now on; what waits is still the publisher's.
    pub(super) fn close(&self) {
        let mut queue = self.lock();
        queue.closed = true;
        queue.shut = Some("the bus is closed".into());
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
