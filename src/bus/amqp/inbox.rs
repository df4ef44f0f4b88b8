//! What arrives, on its way to the node: decoded, without second copies, and remembered.
//!
//! Between here and the node is a bounded queue. When it is full this waits, and the rest waits in the node's queue at
//! RabbitMQ: nothing is dropped.

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use metrics::{Counter, counter, describe_counter};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::dedup::Window;
use super::marks::{Mark, Marks, unix_ms};
use super::options::AmqpOptions;
use super::topology::routing_key;
use crate::interest::Interest;
use crate::{BusEvent, Counters};
use wire::{Envelope, Kind, Room};

/// What stands before the node.
pub(super) struct Inbox {
    events: mpsc::Sender<BusEvent>,
    interest: Arc<Interest>,
    memory: Mutex<Memory>,
    /// Deliveries so far, and whether one waits for the node: what the canary wants to know.
    arrived: AtomicU64,
    waiting: AtomicBool,
    counters: Arc<Counters>,
    duplicates: Counter,
    evicted: Counter,
}

struct Memory {
    window: Window,
    marks: Marks,
}

impl Inbox {
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
        let (events, receiver) = mpsc::channel(options.queue.max(1));
        let window = Window::new(options.dedup_ids, options.dedup_age);
        let inbox = Self {
            events,
            interest: Arc::clone(interest),
            memory: Mutex::new(Memory { window, marks: Marks::default() }),
            arrived: AtomicU64::new(0),
            waiting: AtomicBool::new(false),
            counters: Arc::clone(counters),
            duplicates: counter!("pubsub_lab_bus_duplicates_dropped_total"),
            evicted: counter!("pubsub_lab_bus_dedup_evicted_total"),
        };
        (inbox, receiver)
    }

    /// Reads what RabbitMQ delivered. Anybody may publish to our exchanges: only an envelope of the routing key's
    /// own room is taken.
    pub(super) fn decode(&self, key: &str, data: Vec<u8>) -> Option<Envelope> {
        self.arrived.fetch_add(1, Ordering::Relaxed);
        let envelope = Envelope::decode(Bytes::from(data)).ok();
        let envelope = envelope.filter(|envelope| routing_key(&envelope.room) == key);
        if envelope.is_none() {
            self.counters.garbled.increment(1);
        }
        envelope
    }

    /// Hands a live message to the node, once; waits while the node's queue is full.
    pub(super) async fn hand(&self, envelope: Envelope) {
        // Rooms that share a routing key, and what was under way when the node left the room.
        if self.interest.wants(&envelope.room) && self.is_new(&envelope) {
            self.send(envelope, BusEvent::Envelope).await;
        }
    }

    /// The same for one that the live feed missed.
    pub(super) async fn hand_replayed(&self, envelope: Envelope) {
        if self.interest.wants(&envelope.room) && self.is_new(&envelope) {
            self.send(envelope, BusEvent::Replayed).await;
        }
    }

    /// Tells the node that something is missing.
    pub(super) async fn gap(&self, reason: String) {
        // An error means that the node no longer reads.
        let _ = self.events.send(BusEvent::Gap(reason)).await;
    }

    fn is_new(&self, envelope: &Envelope) -> bool {
        let known =
            envelope.kind == Kind::Chat && self.memory().window.contains(&envelope.id, Instant::now());
        if known {
            self.duplicates.increment(1);
        }
        !known
    }

    async fn send(&self, envelope: Envelope, event: fn(Envelope) -> BusEvent) {
        let permit = match self.events.try_reserve() {
            Ok(permit) => Ok(permit),
            Err(_) => {
                self.waiting.store(true, Ordering::Relaxed);
                self.events.reserve().await
            }
        };
        self.waiting.store(false, Ordering::Relaxed);
        // An error means that the node no longer reads, and so nothing is owed to it.
        let Ok(permit) = permit else { return };
        // Only now: who waited above may have been given up, and gets the message again.
        if envelope.kind == Kind::Chat {
            let mut memory = self.memory();
            memory.marks.hear(&envelope);
            if memory.window.note(&envelope.id, Instant::now()) {
                self.evicted.increment(1);
            }
        }
        self.counters.received.increment(1);
        permit.send(event(envelope));
    }

    /// The node begins to listen to a room.
    pub(super) fn begin(&self, room: &Room) {
        self.memory().marks.begin(room, unix_ms());
    }

    /// It listens no longer.
    pub(super) fn end(&self, room: &Room) {
        self.memory().marks.end(room);
    }

    /// How far each room was heard.
    pub(super) fn marks(&self) -> Vec<(Room, Mark)> {
        self.memory().marks.all()
    }

    /// How far one room was heard.
    pub(super) fn mark(&self, room: &Room) -> Option<Mark> {
        self.memory().marks.get(room)
    }

    /// Deliveries so far; `None` while one waits for the node.
    pub(super) fn progress(&self) -> Option<u64> {
        (!self.waiting.load(Ordering::Relaxed)).then(|| self.arrived.load(Ordering::Relaxed))
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
