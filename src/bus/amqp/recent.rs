//! The messages that RabbitMQ confirmed lately, for the case that the history's queue loses what it holds.
//!
//! A confirm says that a message is in the history's queue. Whoever deletes or purges the queue takes away what the
//! history has not stored yet, and nobody knows which messages these are. So all that were confirmed lately go into
//! the queue once more. The history drops those that it has.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::topology::HISTORY_ROOM;
use wire::Envelope;

/// How long a confirmed message is remembered: longer than a history needs to start again.
const AGE: Duration = Duration::from_secs(60);
/// Largest number of messages that are remembered. The oldest is forgotten first.
const MESSAGES: usize = 10_000;
/// The most bytes that are remembered.
const BYTES: usize = 16 << 20;

/// The id and the payload of one message.
pub(super) type Confirmed = (Arc<str>, Bytes);

/// The messages that this node published and RabbitMQ confirmed lately.
#[derive(Default)]
pub(super) struct Recent {
    memory: Mutex<Memory>,
    /// Set when the history's queue lost messages, and reset when they are published again.
    lost: AtomicBool,
    news: Notify,
}

#[derive(Default)]
struct Memory {
    messages: VecDeque<(Instant, Confirmed)>,
    bytes: usize,
}

impl Recent {
    /// Records that RabbitMQ confirmed a message.
    pub(super) fn record(&self, id: &Arc<str>, payload: &Bytes, now: Instant) {
        let mut memory = self.lock();
        memory.bytes += payload.len();
        memory.messages.push_back((now, (Arc::clone(id), payload.clone())));
        memory.forget(now);
    }

    /// Records that the history's queue lost messages.
    pub(super) fn record_loss(&self) {
        self.lost.store(true, Ordering::Relaxed);
        self.news.notify_one();
    }

    /// Records that a message could not be published again, so that all are published again over the next connection.
    /// Gives true if that is news.
    pub(super) fn record_failure(&self) -> bool {
        !self.lost.swap(true, Ordering::Relaxed)
    }

    /// Takes an envelope by which the history reports a loss. Gives false if the envelope is something else.
    pub(super) fn take(&self, envelope: &Envelope) -> bool {
        let is_loss = envelope.room.as_str() == HISTORY_ROOM;
        if is_loss {
            self.record_loss();
        }
        is_loss
    }

    /// Resolves when a loss was recorded since the last call.
    pub(super) async fn loss(&self) {
        self.news.notified().await;
    }

    /// The messages that are to be published to the history again, oldest first; none if nothing was lost.
    pub(super) fn take_lost(&self, now: Instant) -> Vec<Confirmed> {
        if !self.lost.swap(false, Ordering::Relaxed) {
            return Vec::new();
        }
        let mut memory = self.lock();
        memory.forget(now);
        memory.messages.iter().map(|(_, message)| message.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn forget(&mut self, now: Instant) {
        while let Some((since, (_, payload))) = self.messages.front()
            && (self.messages.len() > MESSAGES || self.bytes > BYTES || now.duration_since(*since) > AGE)
        {
            self.bytes = self.bytes.saturating_sub(payload.len());
            self.messages.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::samples::{any_moment, chat};

    fn record(recent: &Recent, number: usize, bytes: usize, now: Instant) {
        recent.record(&number.to_string().into(), &vec![b'x'; bytes].into(), now);
    }

    fn ids(lost: Vec<Confirmed>) -> Vec<String> {
        lost.into_iter().map(|(id, _)| id.to_string()).collect()
    }

    #[test]
    fn only_after_a_loss_is_anything_published_again_and_then_all_that_is_remembered() {
        let (recent, now) = (Recent::default(), any_moment());
        (1..=3).for_each(|number| record(&recent, number, 1, now));
        assert!(recent.take_lost(now).is_empty() && recent.loss().now_or_never().is_none());
        assert!(!recent.take(&chat("r", "1")) && recent.take_lost(now).is_empty());
        assert!(recent.take(&chat(HISTORY_ROOM, "1")));
        assert!(recent.loss().now_or_never().is_some());
        assert_eq!(ids(recent.take_lost(now)), ["1", "2", "3"]);
        assert!(recent.take_lost(now).is_empty(), "once for each loss");
        assert!(recent.record_failure() && !recent.record_failure());
        assert_eq!(recent.take_lost(now).len(), 3, "they may be lost once more");
    }

    #[test]
    fn the_memory_is_bounded_by_number_size_and_age() {
        let (recent, now) = (Recent::default(), any_moment());
        (0..=MESSAGES).for_each(|number| record(&recent, number, 1, now));
        recent.record_loss();
        assert_eq!(ids(recent.take_lost(now)).first().map(String::as_str), Some("1"));
        record(&recent, 1, BYTES, now);
        recent.record_loss();
        assert_eq!(ids(recent.take_lost(now)), ["1"]);
        record(&recent, 2, 1, now + AGE);
        recent.record_loss();
        assert_eq!(ids(recent.take_lost(now + AGE + Duration::from_millis(1))), ["2"]);
    }
}
