//! Messages that a node sends to itself, now and then: does what is published there still arrive here?
//!
//! Nothing but a canary notices that a queue's bindings are gone while connection, queue and exchanges are well:
//! somebody deletes an exchange, another node declares it again, and this node would listen to nothing for ever.
//!
//! Each exchange gets its own canary and is judged on its own: presence goes on arriving when the chat does not. A
//! queue keeps its order, so a canary that arrives before one that was sent and confirmed earlier proves that the
//! earlier one's way is dead, however busy RabbitMQ is. When no canary arrives, there is only time to judge by.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};

use super::live_feed::LiveFeed;
use super::outbox::{Outbox, Target};
use crate::{BusError, PublishOutcome, Receipt};
use wire::{Envelope, Kind, Room};

/// The pause between two rounds of canaries.
const PAUSE: Duration = Duration::from_secs(2);
/// Number of consecutive rounds that must arrive nowhere before the way is taken for dead, while nothing else arrives
/// either: a busy RabbitMQ is slow.
const MISSED: usize = 4;
/// RabbitMQ drops a canary that it could not deliver for [`LIVES`]. A canary that arrives later than this after an
/// earlier one was sent proves nothing about the earlier one.
const TELLS: Duration = Duration::from_secs(8);
/// After how long RabbitMQ may drop a canary that was not delivered.
pub(super) const LIVES: Duration = Duration::from_secs(10);
/// Number of rounds that are remembered while none of them has arrived.
const REMEMBERED: usize = 16;

/// The canaries of one node.
pub(super) struct Canary {
    room: Room,
    outbox: Arc<Outbox>,
    sent: AtomicU64,
    /// The canaries that arrived and were not looked at yet. The list is bounded: the oldest is removed.
    heard: Mutex<VecDeque<(u64, Instant)>>,
    arrived: Notify,
    /// Number of rounds that arrived whole.
    whole: watch::Sender<u64>,
}

/// The canaries that were confirmed and have not arrived yet, oldest first.
#[derive(Default)]
struct Expected {
    canaries: VecDeque<(u64, Instant)>,
    /// Whether any arrived since the last look.
    arrived: bool,
}

impl Canary {
    pub(super) fn new(process: &str, outbox: &Arc<Outbox>) -> Result<Self, BusError> {
        let room = Room::any(&format!("$canary.{process}"));
        let room = room.map_err(|error| BusError::Setup(error.to_string()))?;
        Ok(Self {
            room,
            outbox: Arc::clone(outbox),
            sent: AtomicU64::new(0),
            heard: Mutex::default(),
            arrived: Notify::new(),
            whole: watch::Sender::new(0),
        })
    }

    /// The room by which the node's queue is bound for canaries.
    pub(super) fn room(&self) -> &Room {
        &self.room
    }

    /// Takes a canary that arrived. Gives false if the envelope is something else.
    pub(super) fn take(&self, envelope: &Envelope) -> bool {
        if envelope.room != self.room {
            return false;
        }
        if let Some(number) = envelope.id.rsplit('.').next().and_then(|number| number.parse().ok()) {
            let mut heard = self.heard();
            if heard.len() >= REMEMBERED {
                heard.pop_front();
            }
            heard.push_back((number, Instant::now()));
            drop(heard);
            self.arrived.notify_one();
        }
        true
    }

    /// Waits until this number of further rounds has arrived whole. What was in the node's queue before the last of them
    /// was sent has arrived by then.
    pub(super) async fn rounds(&self, number: u64) {
        let mut whole = self.whole.subscribe();
        let enough = *whole.borrow_and_update() + number;
        // An error means that the bus is gone, and then nobody waits for this.
        let _ = whole.wait_for(|whole| *whole >= enough).await;
    }

    /// Sends canaries until one of the exchanges' messages no longer arrive here, and gives a sentence that says so.
    pub(super) async fn watch(&self, feed: &LiveFeed) -> String {
        let mut expected = Expected::default();
        self.heard().clear();
        let (mut missed, mut before) = (0, feed.progress());
        loop {
            let next = Instant::now() + PAUSE;
            while self.listen_until(next).await {
                if expected.take_arrivals(std::mem::take(&mut *self.heard())) {
                    return "what is published to one of its exchanges no longer reaches this node's queue"
                        .into();
                }
                if expected.is_whole() {
                    self.whole.send_modify(|rounds| *rounds += 1);
                }
            }
            // There is a backlog, or the node does not read: the canaries wait their turn, and may be too old when it
            // comes.
            let now = feed.progress();
            let silent = !expected.canaries.is_empty() && now.is_some() && now == before;
            missed = if silent { missed + 1 } else { 0 };
            before = now;
            if missed >= MISSED {
                return "what is published there no longer reaches this node's queue".into();
            }
            self.send_round(&mut expected).await;
        }
    }

    /// Waits for canaries until `next`. Gives true if one arrived, false if the time is up.
    async fn listen_until(&self, next: Instant) -> bool {
        tokio::select! {
            () = self.arrived.notified() => true,
            () = sleep_until(next) => false,
        }
    }

    /// Sends one canary to each exchange. Only confirmed canaries are expected, because a confirm says that RabbitMQ
    /// took the message. The connection's probe ends a connection whose confirms hang.
    async fn send_round(&self, expected: &mut Expected) {
        let at = Instant::now();
        let ((chat, chat_answer), (signal, signal_answer)) = (self.send(true), self.send(false));
        let (chat_answer, signal_answer) = join(chat_answer, signal_answer).await;
        // If one canary was confirmed and the other only perhaps sent, their order is not known.
        if matches!((chat_answer, signal_answer), (PublishOutcome::Ack(_), PublishOutcome::Ack(_))) {
            expected.add(chat, at);
            expected.add(signal, at);
            // The canaries may have arrived before their confirms.
            self.arrived.notify_one();
        }
    }

    fn send(&self, chat: bool) -> (u64, Receipt) {
        let number = self.sent.fetch_add(1, Ordering::Relaxed) + 1;
        let envelope = Envelope {
            kind: Kind::Control,
            room: self.room.clone(),
            id: format!("{}.{number}", self.room).into(),
            sender: "-".into(),
            others: false,
            count: None,
            frame: Bytes::new(),
        };
        let target = Target::Canary { room: self.room.clone(), chat };
        (number, self.outbox.add(target, &envelope, Instant::now()))
    }

    fn heard(&self) -> MutexGuard<'_, VecDeque<(u64, Instant)>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Expected {
    fn add(&mut self, number: u64, sent: Instant) {
        if self.canaries.len() >= 2 * REMEMBERED {
            self.canaries.pop_front();
        }
        self.canaries.push_back((number, sent));
    }

    /// Takes out the canaries that arrived. Gives true if one that had to arrive before them did not.
    fn take_arrivals(&mut self, heard: impl IntoIterator<Item = (u64, Instant)>) -> bool {
        let mut latest = None;
        for (number, at) in heard {
            let known = self.canaries.len();
            self.canaries.retain(|(expected, _)| *expected != number);
            // A canary that is not expected is from an earlier time, or from somebody else.
            if self.canaries.len() < known {
                latest = Some((number, at));
            }
        }
        let Some((latest, at)) = latest else { return false };
        self.arrived = true;
        let overtaken =
            |(number, sent): &(u64, Instant)| *number < latest && at.saturating_duration_since(*sent) < TELLS;
        let is_dead = self.canaries.iter().any(overtaken);
        self.canaries.retain(|(number, _)| *number > latest);
        is_dead
    }

    /// Whether the last canary that was expected has arrived since this was asked the last time.
    fn is_whole(&mut self) -> bool {
        self.canaries.is_empty() && std::mem::take(&mut self.arrived)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::samples::{any_moment, chat};
    use crate::{Counters, Level};

    fn expected(numbers: std::ops::RangeInclusive<u64>, sent: Instant) -> Expected {
        let mut expected = Expected::default();
        numbers.for_each(|number| expected.add(number, sent));
        expected
    }

    #[test]
    fn one_that_is_overtaken_is_dead() {
        let now = any_moment();
        assert!(!expected(1..=4, now).take_arrivals([(1, now), (2, now), (3, now)]));
        assert!(expected(1..=4, now).take_arrivals([(2, now)]));
        let mut alive = expected(1..=2, now);
        assert!(!alive.is_whole(), "nothing has arrived");
        assert!(!alive.take_arrivals([(1, now)]) && !alive.is_whole());
        assert!(!alive.take_arrivals([(2, now)]) && alive.is_whole() && !alive.is_whole());
        let mut signals_dead = expected(1..=4, now);
        assert!(!signals_dead.take_arrivals([(1, now)]), "the other may be on its way");
        assert!(signals_dead.take_arrivals([(3, now)]));
    }

    #[test]
    fn what_arrives_late_or_is_not_expected_says_nothing() {
        let now = any_moment();
        assert!(!expected(1..=4, now).take_arrivals([(4, now + TELLS)]));
        assert!(!expected(5..=6, now).take_arrivals([(1, now), (9, now)]));
    }

    #[test]
    fn no_more_are_expected_than_are_remembered() {
        let now = any_moment();
        let mut many = expected(1..=100, now);
        assert_eq!(many.canaries.len(), 2 * REMEMBERED);
        assert!(!many.take_arrivals([(1, now)]), "it was forgotten");
        assert!(many.take_arrivals([(100, now)]));
    }

    fn canary() -> (Canary, Arc<Outbox>) {
        let outbox = Arc::new(Outbox::new(10, Duration::from_secs(60), Arc::new(Counters::register())));
        outbox.open(any_moment());
        (Canary::new("p", &outbox).unwrap(), outbox)
    }

    #[test]
    fn what_arrives_of_its_own_room_is_its_own_and_the_latest_are_remembered() {
        let (canary, _) = canary();
        assert!(!canary.take(&chat("r", "$canary.p.1")));
        assert!(canary.arrived.notified().now_or_never().is_none());
        for number in 1..=REMEMBERED + 1 {
            assert!(canary.take(&chat("$canary.p", &format!("$canary.p.{number}"))));
        }
        assert!(canary.arrived.notified().now_or_never().is_some());
        assert!(canary.take(&chat("$canary.p", "no number")));
        let heard: Vec<_> = canary.heard().iter().map(|(number, _)| *number).collect();
        assert_eq!(heard, (2..=REMEMBERED as u64 + 1).collect::<Vec<_>>());
    }

    #[test]
    fn a_round_is_expected_once_both_are_confirmed() {
        let ((canary, outbox), mut expected) = (canary(), Expected::default());
        for (outcomes, known) in [
            ([PublishOutcome::Ack(Level::Handed), PublishOutcome::bus_down("lost")], 0),
            ([PublishOutcome::Ack(Level::Handed), PublishOutcome::Ack(Level::Handed)], 2),
        ] {
            let mut round = Box::pin(canary.send_round(&mut expected));
            assert!(round.as_mut().now_or_never().is_none());
            let jobs = outbox.take(10);
            let targets = [true, false].map(|chat| Target::Canary { room: canary.room().clone(), chat });
            assert_eq!(jobs.iter().map(|job| job.target.clone()).collect::<Vec<_>>(), targets);
            for (job, outcome) in jobs.into_iter().zip(outcomes) {
                outbox.answer(job, outcome);
            }
            assert!(round.as_mut().now_or_never().is_some());
            drop(round);
            assert_eq!(expected.canaries.len(), known);
        }
        assert_eq!(expected.canaries.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [3, 4]);
    }
}
