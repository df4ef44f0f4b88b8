//! Handles what arrives on its way to the node: it is decoded, second copies are dropped, and the rest is remembered.
//!
//! When the node's inbox is full this waits, and further messages wait in the node's queue at RabbitMQ: nothing is
//! dropped.

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use metrics::{Counter, counter, describe_counter};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::dedup::Window;
use super::marks::{Mark, Marks};
use super::options::AmqpOptions;
use super::topology::routing_key;
use crate::inbox::Inbox;
use crate::interest::Interest;
use crate::{BusEvent, Counters};
use wire::{Envelope, Room, unix_ms};

/// The stage between the node's queue at RabbitMQ and its inbox.
pub(super) struct LiveFeed {
    pub(super) inbox: Inbox,
    interest: Arc<Interest>,
    memory: Arc<Mutex<Memory>>,
    /// Number of deliveries so far.
    arrived: AtomicU64,
    /// The age up to which a message that was heard is certainly still known.
    remembered: Duration,
    duplicates: Counter,
    evicted: Counter,
}

/// What a live feed has handed to the node. It does not keep the node's inbox open.
pub(super) struct Heard(Arc<Mutex<Memory>>);

impl Heard {
    /// The id of the last message of a room that the node listens to; `None` if there was none.
    pub(super) fn last(&self, room: &Room) -> Option<Arc<str>> {
        lock(&self.0).marks.get(room).and_then(|mark| mark.last)
    }
}

struct Memory {
    window: Window,
    marks: Marks,
}

impl LiveFeed {
    pub(super) fn new(
        options: &AmqpOptions,
        interest: &Arc<Interest>,
        counters: &Arc<Counters>,
    ) -> (Self, mpsc::Receiver<BusEvent>) {
        describe_counter!(
            "pubsub_lab_bus_duplicates_dropped_total",
            "Second copies of a message that were dropped before the node saw them."
        );
        describe_counter!(
            "pubsub_lab_bus_dedup_evicted_total",
            "Message ids that were forgotten before their time because there were too many."
        );
        let (inbox, events) = Inbox::new(options.queue, Arc::clone(counters));
        let window = Window::new(options.dedup_ids, options.dedup_age);
        let feed = Self {
            inbox,
            interest: Arc::clone(interest),
            memory: Arc::new(Mutex::new(Memory { window, marks: Marks::default() })),
            arrived: AtomicU64::new(0),
            remembered: options.dedup_age / 2,
            duplicates: counter!("pubsub_lab_bus_duplicates_dropped_total"),
            evicted: counter!("pubsub_lab_bus_dedup_evicted_total"),
        };
        (feed, events)
    }

    /// What the feed has handed to the node, now and later.
    pub(super) fn heard(&self) -> Heard {
        Heard(Arc::clone(&self.memory))
    }

    /// Reads what RabbitMQ delivered. Anybody may publish to our exchanges: only an envelope of the routing key's
    /// own room is taken.
    pub(super) fn decode(&self, key: &str, data: Vec<u8>) -> Option<Envelope> {
        self.arrived.fetch_add(1, Ordering::Relaxed);
        let envelope = Envelope::decode(Bytes::from(data)).ok();
        self.inbox.checked(envelope.filter(|envelope| routing_key(&envelope.room) == key))
    }

    /// Hands a live message to the node, once; waits while the node's queue is full.
    pub(super) async fn hand(&self, envelope: Envelope) {
        // A room may be unwanted because it shares a routing key with one that is wanted, or because the node has
        // left it while the message was under way.
        if self.interest.wants(&envelope.room) && self.is_new(&envelope) {
            self.send(envelope, BusEvent::Envelope).await;
        }
    }

    /// Hands the node a message that the live feed missed, once; waits while the node's queue is full.
    pub(super) async fn hand_replayed(&self, envelope: Envelope) {
        if self.interest.wants(&envelope.room) && self.is_new(&envelope) {
            self.send(envelope, BusEvent::Replayed).await;
        }
    }

    /// Whether the node wants a message that was sent at this time (Unix milliseconds) and certainly has not heard it.
    /// Of old messages, and if too many came since, nobody knows.
    pub(super) fn lacks(&self, envelope: &Envelope, sent_at: u64) -> bool {
        let age = Duration::from_millis(unix_ms().saturating_sub(sent_at));
        if age > self.remembered || !self.interest.wants(&envelope.room) {
            return false;
        }
        let mut memory = self.memory();
        !memory.window.contains(&envelope.id, Instant::now()) && !memory.window.is_full()
    }

    fn is_new(&self, envelope: &Envelope) -> bool {
        let known = envelope.kind.is_kept() && self.memory().window.contains(&envelope.id, Instant::now());
        if known {
            self.duplicates.increment(1);
        }
        !known
    }

    async fn send(&self, envelope: Envelope, event: fn(Envelope) -> BusEvent) {
        let record = |envelope: &Envelope| {
            if envelope.kind.is_kept() {
                let mut memory = self.memory();
                memory.marks.record(envelope);
                if memory.window.record(&envelope.id, Instant::now()) {
                    self.evicted.increment(1);
                }
            }
        };
        self.inbox.hand_over(envelope, event, record).await;
    }

    /// Records that the node begins to listen to a room.
    pub(super) fn begin_room(&self, room: &Room) {
        self.memory().marks.begin(room, unix_ms());
    }

    /// Records that the node no longer listens to a room.
    pub(super) fn end_room(&self, room: &Room) {
        self.memory().marks.end(room);
    }

    /// How far this node has heard each room.
    pub(super) fn marks(&self) -> Vec<(Room, Mark)> {
        self.memory().marks.all()
    }

    /// How far this node has heard one room.
    pub(super) fn mark(&self, room: &Room) -> Option<Mark> {
        self.memory().marks.get(room)
    }

    /// Number of deliveries so far; `None` while one waits for the node.
    pub(super) fn progress(&self) -> Option<u64> {
        (!self.inbox.is_waiting()).then(|| self.arrived.load(Ordering::Relaxed))
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        lock(&self.memory)
    }
}

fn lock(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}
