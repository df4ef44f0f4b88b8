//! The messages that RabbitMQ confirmed lately, for the case that the history's queue loses what it holds.
//!
//! A confirm says that a message is in the history's queue. Whoever deletes or purges the queue takes away what the
//! history has not stored yet, and nobody knows which messages these are. So all that were confirmed lately go into
//! the queue once more. The history drops those that it has.
//!
//! Nor does anybody notice if the queue was purged, or a policy let its messages expire, while no history consumed it. So
//! what was confirmed in that time goes there once more as soon as a history consumes it again.

use std::collections::VecDeque;
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

/// How long before a history was missed it may have had messages that it did not store: they went back into the queue.
const UNSTORED: Duration = Duration::from_secs(5);

/// The id and the payload of one message.
pub(super) type Confirmed = (Arc<str>, Bytes);

/// The messages that this node published and RabbitMQ confirmed lately.
#[derive(Default)]
pub(super) struct Recent {
    memory: Mutex<Memory>,
    news: Notify,
}

#[derive(Default)]
struct Memory {
    messages: VecDeque<(Instant, Confirmed)>,
    bytes: usize,
    due: Option<Due>,
    /// When a history was seen to consume the queue last; `None` if never.
    consumed: Option<Instant>,
    /// Whether nobody consumed the queue at the last look.
    unattended: bool,
}

/// What is to be published to the history again.
#[derive(Clone, Copy)]
enum Due {
    /// Everything, because the queue lost messages.
    Lost,
    /// What was confirmed since then, because nobody consumed the queue for a while. `None` is everything.
    Unattended(Option<Instant>),
}

/// The messages that are to be published to the history again.
pub(super) struct Again {
    /// The messages, oldest first; never none.
    pub(super) messages: Vec<Confirmed>,
    /// Whether the queue certainly lost messages.
    pub(super) is_loss: bool,
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
        self.lock().due = Some(Due::Lost);
        self.news.notify_one();
    }

    /// Records whether anybody consumes the history's queue now.
    pub(super) fn record_look(&self, consumed: bool, now: Instant) {
        let mut memory = self.lock();
        let was_unattended = std::mem::replace(&mut memory.unattended, !consumed);
        if !consumed {
            return;
        }
        let before = memory.consumed.replace(now);
        if was_unattended && memory.due.is_none() {
            memory.due = Some(Due::Unattended(before.and_then(|at| at.checked_sub(UNSTORED))));
            self.news.notify_one();
        }
    }

    /// Records that a message could not be published again, so that all are published again over the next connection.
    /// Gives true if that is news.
    pub(super) fn record_failure(&self) -> bool {
        !matches!(self.lock().due.replace(Due::Lost), Some(Due::Lost))
    }

    /// Takes an envelope by which the history reports a loss. Gives false if the envelope is something else.
    pub(super) fn take(&self, envelope: &Envelope) -> bool {
        let is_loss = envelope.room.as_str() == HISTORY_ROOM;
        if is_loss {
            self.record_loss();
        }
        is_loss
    }

    /// Resolves when something has become due to be published again since the last call.
    pub(super) async fn due(&self) {
        self.news.notified().await;
    }

    /// The messages that are to be published to the history again, if any are.
    pub(super) fn take_due(&self, now: Instant) -> Option<Again> {
        let mut memory = self.lock();
        let due = memory.due.take()?;
        memory.forget(now);
        let (is_loss, begin) = match due {
            Due::Lost => (true, None),
            Due::Unattended(begin) => (false, begin),
        };
        let recent = memory.messages.iter().filter(|(at, _)| begin.is_none_or(|begin| *at >= begin));
        let messages: Vec<_> = recent.map(|(_, message)| message.clone()).collect();
        (!messages.is_empty()).then_some(Again { messages, is_loss })
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

    /// The ids of what is to be published again; none if nothing is.
    fn ids(recent: &Recent, now: Instant) -> Vec<String> {
        let again = recent.take_due(now).map(|again| again.messages).unwrap_or_default();
        again.into_iter().map(|(id, _)| id.to_string()).collect()
    }

    #[test]
    fn only_after_a_loss_is_anything_published_again_and_then_all_that_is_remembered() {
        let (recent, now) = (Recent::default(), any_moment());
        (1..=3).for_each(|number| record(&recent, number, 1, now));
        assert!(ids(&recent, now).is_empty() && recent.due().now_or_never().is_none());
        assert!(!recent.take(&chat("r", "1")) && ids(&recent, now).is_empty());
        assert!(recent.take(&chat(HISTORY_ROOM, "1")));
        assert!(recent.due().now_or_never().is_some());
        assert_eq!(ids(&recent, now), ["1", "2", "3"]);
        assert!(ids(&recent, now).is_empty(), "once for each loss");
        assert!(recent.record_failure() && !recent.record_failure());
        assert_eq!(ids(&recent, now).len(), 3, "they may be lost once more");
    }

    #[test]
    fn what_nobody_consumed_is_published_again_when_somebody_does() {
        let (recent, start) = (Recent::default(), any_moment());
        let at = |seconds| start + Duration::from_secs(seconds);
        recent.record_look(true, at(10));
        for (number, seconds) in [(1, 4), (2, 5), (3, 11), (4, 12)] {
            record(&recent, number, 1, at(seconds));
        }
        recent.record_look(true, at(10));
        assert!(ids(&recent, at(12)).is_empty(), "somebody consumed it all the time");
        recent.record_look(false, at(11));
        recent.record_look(false, at(12));
        assert!(ids(&recent, at(12)).is_empty(), "nobody would take it");
        recent.record_look(true, at(13));
        assert!(recent.due().now_or_never().is_some());
        let again = recent.take_due(at(13)).unwrap();
        let ids_again: Vec<_> = again.messages.iter().map(|(id, _)| &**id).collect();
        assert_eq!((ids_again, again.is_loss), (vec!["2", "3", "4"], false));
        recent.record_look(true, at(14));
        assert!(ids(&recent, at(14)).is_empty(), "once for each absence");
        // A loss is more.
        recent.record_loss();
        recent.record_look(false, at(20));
        recent.record_look(true, at(21));
        assert!(recent.take_due(at(21)).is_some_and(|again| again.is_loss && again.messages.len() == 4));
    }

    #[test]
    fn where_nobody_ever_consumed_all_that_is_remembered_is_published_again() {
        let (recent, now) = (Recent::default(), any_moment());
        record(&recent, 1, 1, now);
        recent.record_look(false, now);
        recent.record_look(true, now);
        assert_eq!(ids(&recent, now), ["1"]);
    }

    #[test]
    fn the_memory_is_bounded_by_number_size_and_age() {
        let (recent, now) = (Recent::default(), any_moment());
        (0..=MESSAGES).for_each(|number| record(&recent, number, 1, now));
        recent.record_loss();
        assert_eq!(ids(&recent, now).first().map(String::as_str), Some("1"));
        record(&recent, 1, BYTES, now);
        recent.record_loss();
        assert_eq!(ids(&recent, now), ["1"]);
        record(&recent, 2, 1, now + AGE);
        recent.record_loss();
        assert_eq!(ids(&recent, now + AGE + Duration::from_millis(1)), ["2"]);
    }
}
