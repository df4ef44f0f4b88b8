//! Marks in the queue, by which the history notices that messages were taken out of it.
//!
//! Whoever purges the queue takes what waits in it, and RabbitMQ tells nobody. So while messages wait, the history
//! puts a numbered mark behind them. A mark that comes without the one before it proves that something is gone.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use lapin::options::BasicPublishOptions;
use lapin::{BasicProperties, Channel};

use bus::amqp::topology::HISTORY_ROOM;
use wire::{Envelope, Kind, Room};

/// Number of marks that may be under way before they become rarer.
const MOST: u64 = 16;
/// One of this number of beats brings a mark while many are under way. The marks of a day then are few beside the
/// queue's bound.
const RARELY: u64 = 20;

/// The marks of one subscription.
#[derive(Default)]
pub struct Marks {
    /// Tells these marks from those of other subscriptions, which may come again.
    nonce: u64,
    sent: AtomicU64,
    heard: AtomicU64,
    beats: AtomicU64,
}

impl Marks {
    /// The marks of a new subscription.
    pub fn new() -> Self {
        Self { nonce: RandomState::new().hash_one(()), ..Self::default() }
    }

    /// Puts a mark into the queue, if messages wait there or an earlier mark has not come yet.
    pub async fn beat(&self, channel: &Channel, queue: &str, waiting: u32) -> lapin::Result<()> {
        let Some(number) = self.due(waiting) else { return Ok(()) };
        let Some(envelope) = control(&format!("{:016x}.{number}", self.nonce)) else { return Ok(()) };
        let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
        channel
            .basic_publish("".into(), queue.into(), options, &envelope.encode(), properties)
            .await
            .map(drop)
    }

    /// The number of the mark that is due at this beat, if one is.
    fn due(&self, waiting: u32) -> Option<u64> {
        let (sent, heard) = (self.sent.load(Ordering::Relaxed), self.heard.load(Ordering::Relaxed));
        let beat = self.beats.fetch_add(1, Ordering::Relaxed);
        let under_way = sent.saturating_sub(heard);
        let due = if under_way >= MOST { beat.is_multiple_of(RARELY) } else { waiting > 0 || under_way > 0 };
        due.then(|| self.sent.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Takes a mark that came, by its id. Gives false if one that had to come before it did not.
    pub fn take(&self, id: &str) -> bool {
        let number = id.split_once('.').and_then(|(nonce, number)| {
            (nonce == format!("{:016x}", self.nonce)).then(|| number.parse::<u64>().ok()).flatten()
        });
        // A mark of another subscription says nothing about this one.
        let Some(number) = number else { return true };
        number == self.heard.swap(number, Ordering::Relaxed) + 1
    }
}

/// An envelope of the history's own, with this id; `None` never, because the room's name is valid.
pub fn control(id: &str) -> Option<Envelope> {
    let room = Room::any(HISTORY_ROOM).ok()?;
    let (id, sender, frame) = (id.into(), "history".into(), Bytes::new());
    Some(Envelope { kind: Kind::Control, room, id, sender, others: false, count: None, frame })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(marks: &Marks, number: u64) -> String {
        format!("{:016x}.{number}", marks.nonce)
    }

    #[test]
    fn a_mark_that_comes_without_the_one_before_it_proves_a_loss() {
        let marks = Marks { nonce: 7, ..Marks::default() };
        assert!(marks.take(&id(&marks, 1)) && marks.take(&id(&marks, 2)));
        for foreign in ["", "x", "0000000000000008.9", "0000000000000007", "0000000000000007.x"] {
            assert!(marks.take(foreign), "{foreign}");
        }
        assert!(!marks.take(&id(&marks, 4)));
    }

    #[test]
    fn marks_are_sent_while_something_waits_and_until_they_have_come_and_never_many() {
        let marks = Marks::default();
        assert_eq!(marks.due(0), None);
        assert_eq!((marks.due(5), marks.due(0)), (Some(1), Some(2)));
        assert!(marks.take(&id(&marks, 1)) && marks.take(&id(&marks, 2)));
        assert_eq!(marks.due(0), None);
        let sent = (0..1_000).filter(|_| marks.due(5).is_some()).count();
        assert!((60..80).contains(&sent), "{sent} marks in 1,000 beats of a history that stands still");
    }
}
