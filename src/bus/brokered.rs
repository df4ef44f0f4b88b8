//! A bus over a broker, whichever it is: the node's calls, and the parts of the bus that answer them.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::interest::Interest;
use super::running::Running;
use super::status::Status;
use super::{BoxFuture, Bus, BusError, BusEvent, Health, Numbers, Receipt, Replay, ReplayStart};
use wire::{Envelope, Room};

/// What a bus does with the messages of its own node.
pub trait Outgoing: Send + Sync + 'static {
    /// Queues an envelope to be published, or refuses it at once.
    fn publish(&self, envelope: Envelope, now: Instant) -> Receipt;

    /// The messages of a room from there on, as [`Bus::replay`] describes it.
    fn replay(&self, _room: &Room, _start: &ReplayStart) -> Option<BoxFuture<Result<Replay, BusError>>> {
        None
    }

    /// Whether there is a history, as [`Bus::keeps_history`] describes it.
    fn keeps_history(&self) -> bool {
        false
    }

    /// Whether an outage loses nothing silently, as [`Bus::fills_gaps`] describes it.
    fn fills_gaps(&self) -> bool {
        false
    }

    /// The numbers that it gives to messages, as [`Bus::numbers`] describes it.
    fn numbers(&self) -> Option<Arc<Numbers>> {
        None
    }

    /// Refuses every further envelope. Those that wait get a moment to be published; the rest is refused.
    fn close(&self);
}

/// A bus over a broker. Dropping it ends its tasks.
pub struct BrokeredBus<O> {
    outgoing: Arc<O>,
    interest: Arc<Interest>,
    status: Arc<Status>,
    running: Running,
}

impl<O: Outgoing> BrokeredBus<O> {
    pub(super) fn new(
        outgoing: Arc<O>,
        interest: Arc<Interest>,
        status: Arc<Status>,
        running: Running,
    ) -> Self {
        Self { outgoing, interest, status, running }
    }
}

impl<O: Outgoing> Bus for BrokeredBus<O> {
    fn publish(&self, envelope: Envelope) -> Receipt {
        self.outgoing.publish(envelope, Instant::now())
    }

    fn subscribe(&self, room: Room) -> BoxFuture<Result<(), BusError>> {
        self.interest.subscribe(room)
    }

    fn unsubscribe(&self, room: Room) -> BoxFuture<Result<(), BusError>> {
        self.interest.unsubscribe(room)
    }

    fn events(&self) -> Option<mpsc::Receiver<BusEvent>> {
        self.running.take_events()
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.status.watch()
    }

    fn replay(&self, room: &Room, start: &ReplayStart) -> Option<BoxFuture<Result<Replay, BusError>>> {
        self.outgoing.replay(room, start)
    }

    fn keeps_history(&self) -> bool {
        self.outgoing.keeps_history()
    }

    fn crosses_nodes(&self) -> bool {
        true
    }

    fn fills_gaps(&self) -> bool {
        self.outgoing.fills_gaps()
    }

    fn numbers(&self) -> Option<Arc<Numbers>> {
        self.outgoing.numbers()
    }

    fn close(&self) -> BoxFuture<()> {
        self.outgoing.close();
        self.interest.close();
        self.running.end()
    }
}
