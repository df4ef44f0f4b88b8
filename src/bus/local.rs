//! The bus of one process: a message that is published here is received here, and nowhere else.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError, RwLock};

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};

use super::status::CLOSED;
use super::{BoxFuture, Bus, BusError, BusEvent, Counters, Health, Level, PublishOutcome, Receipt};
use wire::{Envelope, Room};

/// Two nodes that each have such a bus do not hear each other. That is the lesson of the pattern, not a fault.
///
/// Overflow policy: a full queue refuses the publish (`overloaded`). The publisher shares the process with the
/// reader, so it gets the answer at once and nothing needs to be dropped.
pub struct LocalBus {
    /// The open bus; `None` once it is closed, which ends the events.
    open: RwLock<Option<Open>>,
    events: Mutex<Option<mpsc::Receiver<BusEvent>>>,
    health: watch::Sender<Health>,
    counters: Counters,
}

struct Open {
    rooms: HashSet<Room>,
    events: mpsc::Sender<BusEvent>,
}

impl LocalBus {
    /// A bus that holds at most `queue` (at least one) envelopes that its node has not read yet.
    pub fn new(queue: usize) -> Self {
        let (sender, receiver) = mpsc::channel(queue.max(1));
        Self {
            open: RwLock::new(Some(Open { rooms: HashSet::new(), events: sender })),
            events: Mutex::new(Some(receiver)),
            health: watch::Sender::new(Health::Up),
            counters: Counters::register(),
        }
    }

    fn deliver(&self, envelope: Envelope) -> PublishOutcome {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let Some(open) = open.as_ref() else { return PublishOutcome::bus_down(CLOSED) };
        if !open.rooms.contains(&envelope.room) {
            return PublishOutcome::Ack(Level::Handed);
        }
        match open.events.try_send(BusEvent::Envelope(envelope)) {
            Ok(()) => {
                self.counters.received.increment(1);
                PublishOutcome::Ack(Level::Handed)
            }
            Err(TrySendError::Full(_)) => {
                PublishOutcome::overloaded("the node does not keep up with its own messages")
            }
            Err(TrySendError::Closed(_)) => PublishOutcome::bus_down("the node no longer reads"),
        }
    }

    fn change(&self, change: impl FnOnce(&mut HashSet<Room>)) -> BoxFuture<Result<(), BusError>> {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        let result = open.as_mut().map(|open| change(&mut open.rooms)).ok_or(BusError::Closed);
        Box::pin(std::future::ready(result))
    }
}

impl Bus for LocalBus {
    fn publish(&self, envelope: Envelope) -> Receipt {
        let outcome = self.deliver(envelope);
        self.counters.count(&outcome);
        Receipt::ready(outcome)
    }

    fn subscribe(&self, room: Room) -> BoxFuture<Result<(), BusError>> {
        self.change(|rooms| {
            rooms.insert(room);
        })
    }

    fn unsubscribe(&self, room: Room) -> BoxFuture<Result<(), BusError>> {
        self.change(|rooms| {
            rooms.remove(&room);
        })
    }

    fn events(&self) -> Option<mpsc::Receiver<BusEvent>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    fn crosses_nodes(&self) -> bool {
        false
    }

    fn close(&self) -> BoxFuture<()> {
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.health.send_replace(Health::Down(CLOSED.into()));
        Box::pin(std::future::ready(()))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::meter::Meter;
    use crate::samples::{chat, room};

    fn bus(queue: usize) -> (LocalBus, mpsc::Receiver<BusEvent>, Meter) {
        let meter = Meter::default();
        let bus = meter.around(|| LocalBus::new(queue));
        let events = bus.events().unwrap();
        (bus, events, meter)
    }

    fn publish(bus: &LocalBus, name: &str, id: &str) -> PublishOutcome {
        bus.publish(chat(name, id)).now_or_never().unwrap()
    }

    fn code(outcome: PublishOutcome) -> &'static str {
        match outcome {
            PublishOutcome::Ack(Level::Handed) => "handed",
            PublishOutcome::Refused { code, .. } => code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_full_queue_refuses_the_publish_and_takes_the_next_once_there_is_room() {
        let (bus, mut events, meter) = bus(1);
        bus.subscribe(room("r")).now_or_never().unwrap().unwrap();
        assert_eq!(code(publish(&bus, "r", "1")), "handed");
        assert_eq!(code(publish(&bus, "r", "2")), "overloaded");
        assert!(matches!(events.try_recv(), Ok(BusEvent::Envelope(envelope)) if &*envelope.id == "1"));
        assert_eq!(code(publish(&bus, "r", "3")), "handed");
        assert!(matches!(events.try_recv(), Ok(BusEvent::Envelope(envelope)) if &*envelope.id == "3"));
        let counts = ["published", "refused", "received", "dropped"].map(|name| meter.count(name));
        assert_eq!(counts, [2, 1, 2, 0]);
    }

    #[test]
    fn what_nobody_listens_to_is_taken_and_delivered_to_nobody() {
        let (bus, mut events, meter) = bus(1);
        bus.subscribe(room("r")).now_or_never().unwrap().unwrap();
        assert_eq!(code(publish(&bus, "other", "1")), "handed");
        bus.unsubscribe(room("r")).now_or_never().unwrap().unwrap();
        assert_eq!(code(publish(&bus, "r", "2")), "handed");
        assert!(events.try_recv().is_err());
        assert_eq!((meter.count("published"), meter.count("received")), (2, 0));
    }

    #[test]
    fn a_closed_bus_refuses_everything_and_its_events_end() {
        let (bus, mut events, meter) = bus(1);
        let health = bus.health();
        assert!(health.borrow().is_up() && bus.events().is_none());
        bus.close().now_or_never().unwrap();
        assert!(!health.borrow().is_up());
        assert_eq!(code(publish(&bus, "r", "1")), "bus_down");
        assert_eq!(bus.subscribe(room("r")).now_or_never(), Some(Err(BusError::Closed)));
        assert_eq!(bus.unsubscribe(room("r")).now_or_never(), Some(Err(BusError::Closed)));
        assert!(events.blocking_recv().is_none());
        assert_eq!(meter.count("refused"), 1);
    }

    #[test]
    fn a_node_that_no_longer_reads_is_no_overload() {
        let (bus, events, _) = bus(1);
        bus.subscribe(room("r")).now_or_never().unwrap().unwrap();
        drop(events);
        assert_eq!(code(publish(&bus, "r", "1")), "bus_down");
    }
}
