//! The messages that wait to be published, or may have to be published again.
//!
//! Each chat message is answered exactly once: confirmed, too old, or refused on arrival. Until then it is in the
//! outbox or with the publisher, which gives it back when the connection ends. A message that was answered is never
//! given to a connection again.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::recent::Recent;
use crate::status::CLOSED;
use crate::{Counters, PublishOutcome, Receipt};
use wire::{Envelope, Room};

/// Number of presence and control messages that may wait.
const SIGNALS: usize = 16_384;
/// Number of bytes that may wait, whatever the number of messages.
const MAX_BYTES: usize = 64 << 20;
/// The interval at which the ages of messages are checked.
const TICK: Duration = Duration::from_millis(100);
/// How long nothing is written after RabbitMQ reported that the history is full.
const REST: Duration = Duration::from_millis(250);

/// The destination of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// The message goes into the history's queue, and to everybody in a room.
    Chat(Room),
    /// The message goes to everybody in a room, and not into the history.
    Signal(Room),
    /// The message goes straight into the history's queue, and nowhere else.
    Fence,
    /// The message was confirmed before, and the history's queue may have lost it. It goes there once more.
    Again,
    /// The message goes to this node itself, through the exchange of chat or that of signals.
    Canary {
        /// The room by which the node's queue is bound for canaries.
        room: Room,
        /// Whether it goes through the exchange of chat and not through that of signals.
        chat: bool,
    },
}

/// One message that is not answered yet.
pub(super) struct Job {
    pub(super) target: Target,
    pub(super) id: Arc<str>,
    pub(super) payload: Bytes,
    receipt: oneshot::Sender<PublishOutcome>,
    since: Instant,
    /// Whether the message was given to a connection. If so, nobody knows whether it was sent.
    pub(super) written: bool,
}

impl Job {
    fn is_chat(&self) -> bool {
        matches!(self.target, Target::Chat(_))
    }

    /// The outcome of the message if no answer is to come any more.
    fn verdict(&self, reason: &str) -> PublishOutcome {
        if self.written {
            PublishOutcome::Unknown { reason: format!("given to a connection and not confirmed: {reason}") }
        } else {
            PublishOutcome::bus_down(reason)
        }
    }
}

/// The bounded queue before the publishing connection. Overflow policy: a further message is refused as `overloaded`.
pub(super) struct Outbox {
    queue: Mutex<Queue>,
    capacity: usize,
    age: Duration,
    filled: Notify,
    /// Whether there is a connection.
    open: watch::Sender<bool>,
    counters: Arc<Counters>,
    /// The messages that were confirmed lately.
    pub(super) recent: Arc<Recent>,
}

struct Queue {
    /// The waiting messages, in the order in which they were published.
    jobs: VecDeque<Job>,
    /// Number of unanswered chat messages, in this queue and with the publisher.
    chats: usize,
    signals: usize,
    bytes: usize,
    /// Why signals are not taken; `None` while there is a connection.
    shut: Option<String>,
    /// Until when the history is taken to be full.
    full: Option<Instant>,
    closed: bool,
    /// Whether there was ever a connection.
    opened: bool,
    /// When the connection came back after an outage.
    returned: Option<Instant>,
}

impl Outbox {
    pub(super) fn new(capacity: usize, age: Duration, counters: Arc<Counters>) -> Self {
        let queue = Queue {
            jobs: VecDeque::new(),
            chats: 0,
            signals: 0,
            bytes: 0,
            shut: Some("RabbitMQ is not connected yet".into()),
            full: None,
            closed: false,
            opened: false,
            returned: None,
        };
        Self {
            queue: Mutex::new(queue),
            capacity: capacity.max(1),
            age,
            filled: Notify::new(),
            open: watch::Sender::new(false),
            counters,
            recent: Arc::default(),
        }
    }

    /// Queues an envelope, or refuses it at once. A kept kind waits through an outage; any other is of no use later.
    pub(super) fn publish(&self, envelope: &Envelope, now: Instant) -> Receipt {
        let room = envelope.room.clone();
        let target = if envelope.kind.is_kept() { Target::Chat(room) } else { Target::Signal(room) };
        self.add(target, envelope, now)
    }

    /// Queues a fence, or refuses it at once.
    pub(super) fn fence(&self, envelope: &Envelope, now: Instant) -> Receipt {
        self.add(Target::Fence, envelope, now)
    }

    /// Queues a message for any destination, or refuses it at once.
    pub(super) fn add(&self, target: Target, envelope: &Envelope, now: Instant) -> Receipt {
        let payload = envelope.encode();
        let is_chat = matches!(target, Target::Chat(_));
        let mut queue = self.lock();
        if let Some(outcome) = self.obstacle(&mut queue, is_chat, payload.len(), now) {
            self.count(&target, &outcome);
            return Receipt::ready(outcome);
        }
        let (sender, receipt) = Receipt::later();
        *queue.unanswered(is_chat) += 1;
        queue.bytes += payload.len();
        queue.jobs.push_back(Job {
            target,
            id: Arc::clone(&envelope.id),
            payload,
            receipt: sender,
            since: now,
            written: false,
        });
        drop(queue);
        self.filled.notify_one();
        receipt
    }

    /// The reason why a message cannot be taken, if there is one.
    fn obstacle(
        &self,
        queue: &mut Queue,
        is_chat: bool,
        bytes: usize,
        now: Instant,
    ) -> Option<PublishOutcome> {
        if queue.closed {
            return Some(PublishOutcome::bus_down(CLOSED));
        }
        if let (Some(reason), false) = (&queue.shut, is_chat) {
            return Some(PublishOutcome::bus_down(reason.clone()));
        }
        if is_chat && queue.full.is_some_and(|until| now < until) {
            return Some(history_is_full());
        }
        let most = if is_chat { self.capacity } else { SIGNALS };
        if *queue.unanswered(is_chat) >= most || queue.bytes + bytes > MAX_BYTES {
            return Some(PublishOutcome::overloaded("too much waits for RabbitMQ's confirm"));
        }
        None
    }

    /// Answers one message with its outcome.
    pub(super) fn answer(&self, job: Job, outcome: PublishOutcome) {
        self.lock().forget(&job);
        self.send_outcome(job, outcome);
    }

    /// Counts the outcome of a message that the node published, and not of one that the bus sends for itself.
    fn count(&self, target: &Target, outcome: &PublishOutcome) {
        match target {
            Target::Chat(_) | Target::Signal(_) => self.counters.count(outcome),
            Target::Fence | Target::Again | Target::Canary { .. } => {}
        }
    }

    fn send_outcome(&self, job: Job, outcome: PublishOutcome) {
        self.count(&job.target, &outcome);
        if let (Target::Again, PublishOutcome::Refused { reason, .. } | PublishOutcome::Unknown { reason }) =
            (&job.target, &outcome)
            && self.recent.record_failure()
            && reason != CLOSED
        {
            tracing::warn!("confirmed messages are still missing in the history's queue: {reason}");
        }
        // An error means that the session which published is gone.
        let _ = job.receipt.send(outcome);
    }

    /// If the history's queue may have lost messages, queues those that were confirmed lately before all others.
    pub(super) fn publish_again(&self, now: Instant) {
        let Some(again) = self.recent.take_due(now) else { return };
        let count = again.messages.len();
        if again.is_loss {
            tracing::warn!(
                "the history's queue lost messages: the last {count} that were confirmed are published to it again"
            );
        } else {
            tracing::info!(
                "a history consumes its queue again: the last {count} messages that were confirmed are published to it \
                 once more, in case somebody has purged it meanwhile"
            );
        }
        let mut queue = self.lock();
        for (id, payload) in again.messages.into_iter().rev() {
            // Nobody waits for the answer.
            let (receipt, _) = oneshot::channel();
            queue.signals += 1;
            queue.bytes += payload.len();
            queue.jobs.push_front(Job {
                target: Target::Again,
                id,
                payload,
                receipt,
                since: now,
                written: false,
            });
        }
    }

    /// Takes up to `most` of the oldest messages, to give them to a connection.
    pub(super) fn take(&self, most: usize) -> Vec<Job> {
        let mut queue = self.lock();
        let count = most.min(queue.jobs.len());
        queue.jobs.drain(..count).collect()
    }

    /// Takes back the messages that were written and not answered when the connection ended, oldest first. Chat waits
    /// for the next connection.
    pub(super) fn put_back(&self, jobs: Vec<Job>, reason: &str) {
        let (chats, signals): (Vec<_>, Vec<_>) = jobs.into_iter().partition(Job::is_chat);
        {
            let mut queue = self.lock();
            for job in chats.into_iter().rev() {
                queue.jobs.push_front(job);
            }
        }
        for job in signals {
            let outcome = job.verdict(reason);
            self.answer(job, outcome);
        }
    }

    /// Whether a message has waited too long for its confirm.
    pub(super) fn is_stale(&self, job: &Job, now: Instant) -> bool {
        now.duration_since(job.since) > self.age
    }

    /// Answers a message that has waited too long, in the outbox or with the publisher.
    pub(super) fn give_up(&self, job: Job) {
        let outcome = job.verdict(&format!("not confirmed within {:?}", self.age));
        self.answer(job, outcome);
    }

    /// Answers messages that have waited too long, until the bus stops.
    pub(super) async fn age(self: Arc<Self>, stop: CancellationToken) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => {}
            }
            self.give_up_stale(Instant::now());
        }
    }

    fn give_up_stale(&self, now: Instant) {
        while let Some(job) = self.take_stale(now) {
            self.give_up(job);
        }
    }

    fn take_stale(&self, now: Instant) -> Option<Job> {
        let mut queue = self.lock();
        if queue.jobs.front().is_some_and(|job| self.is_stale(job, now)) {
            queue.jobs.pop_front()
        } else {
            None
        }
    }

    /// Handles a full history: refuses the chat messages that were never written, and for a moment every further one.
    pub(super) fn history_full(&self, now: Instant) {
        let refused: VecDeque<_> = {
            let mut queue = self.lock();
            queue.full = Some(now + REST);
            let (refused, kept) =
                std::mem::take(&mut queue.jobs).into_iter().partition(|job| job.is_chat() && !job.written);
            queue.jobs = kept;
            refused
        };
        for job in refused {
            self.answer(job, history_is_full());
        }
    }

    /// Resolves when a message was queued since the last call.
    pub(super) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// Resolves when there is a connection.
    pub(super) async fn opened(&self) {
        // An error means that the bus is gone, and then nobody waits for this.
        let _ = self.open.subscribe().wait_for(|open| *open).await;
    }

    /// Records that there is a connection.
    pub(super) fn open(&self, now: Instant) {
        let mut queue = self.lock();
        if !queue.closed {
            if queue.shut.take().is_some() && queue.opened {
                queue.returned = Some(now);
            }
            queue.opened = true;
            self.open.send_replace(true);
        }
    }

    /// When the last outage ended; `None` if there was none.
    pub(super) fn returned(&self) -> Option<Instant> {
        self.lock().returned
    }

    /// Records that there is no connection: the signals that wait are refused, and so are further ones.
    pub(super) fn shut(&self, reason: &str) {
        let signals: VecDeque<_> = {
            let mut queue = self.lock();
            self.open.send_replace(false);
            if !queue.closed {
                queue.shut = Some(reason.into());
            }
            let (chats, signals) = std::mem::take(&mut queue.jobs).into_iter().partition(Job::is_chat);
            queue.jobs = chats;
            signals
        };
        for job in signals {
            let outcome = job.verdict(reason);
            self.answer(job, outcome);
        }
    }

    /// Refuses every further message; those that wait are left to the publisher.
    pub(super) fn close(&self) {
        let mut queue = self.lock();
        queue.closed = true;
        queue.shut = Some(CLOSED.into());
    }

    /// Answers all messages that are left, once the publisher has ended.
    pub(super) fn drain(&self) {
        let jobs = std::mem::take(&mut self.lock().jobs);
        for job in jobs {
            let outcome = job.verdict(CLOSED);
            self.answer(job, outcome);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn unanswered(&mut self, is_chat: bool) -> &mut usize {
        if is_chat { &mut self.chats } else { &mut self.signals }
    }

    fn forget(&mut self, job: &Job) {
        self.bytes = self.bytes.saturating_sub(job.payload.len());
        let count = self.unanswered(job.is_chat());
        *count = count.saturating_sub(1);
    }
}

fn history_is_full() -> PublishOutcome {
    PublishOutcome::Refused { code: "rejected", reason: "the history's queue at RabbitMQ is full".into() }
}
