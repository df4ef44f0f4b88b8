//! The bus: how the nodes of one cluster reach each other. Each pattern has one implementation.
//!
//! A bus gives a node its own messages back too, so a room never delivers directly: what a client sees has gone the
//! whole way.
//!
//! | file | what it is |
//! |---|---|
//! | `local`, `redis`, `zeromq`, `amqp` | one bus for each pattern; none takes anything from another |
//! | `brokered` | what every bus over a broker is made of |
//! | `keeper`, `backoff` | the loop that connects again and again, and its pauses |
//! | `flights` | what was given to a connection and is not answered yet |
//! | `numbers` | which one a message is of those of its node and room |
//! | `inbox` | what came and waits for the node |
//! | `sessions` | a store that the nodes share, in which sessions can be kept |
//! | `interest` | the rooms that the node wants, and what the broker has confirmed |
//! | `running`, `status`, `counters`, `refusal_log` | the tasks of a bus, its health, what it counts and writes down |
//!
//! To add a pattern, implement [`Bus`], and run the contract suite (`tests/together/bus_contract`) over it. Over a
//! broker [`BrokeredBus`] does most of it: a pattern says how it queues a publish (`Outgoing`), and how each of its
//! connections is made and used (`Service`).

pub mod amqp;
mod backoff;
mod brokered;
mod counters;
mod flights;
mod inbox;
mod interest;
pub mod keeper;
pub mod local;
#[cfg(test)]
mod meter;
mod numbers;
pub mod redis;
mod refusal_log;
mod running;
#[cfg(test)]
mod samples;
mod sessions;
mod status;
pub mod zeromq;

pub use backoff::Backoff;
pub use brokered::BrokeredBus;
pub use counters::Counters;
pub use keeper::ConnectionFailure;
pub use numbers::{Latest, Numbers};
pub use sessions::SessionStore;
pub use wire::Level;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::stream::BoxStream;
use tokio::sync::{mpsc, oneshot, watch};

use wire::{Envelope, Room};

/// A boxed future that borrows nothing, so that a session can hold many of them.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What connects the nodes of a cluster.
///
/// Publishes take effect in the order in which they are called, and so do the subscribes and unsubscribes of one
/// room; the futures and receipts only report the result. Between publishes and subscribes there is no order until
/// `subscribe` has resolved: a bus may use one connection for each.
pub trait Bus: Send + Sync + 'static {
    /// Queues an envelope for every node that is subscribed to its room, this one included. Never blocks. The
    /// receipt comes later, and receipts may come out of order.
    fn publish(&self, envelope: Envelope) -> Receipt;

    /// Declares this node's interest in a room. Resolves when the broker has confirmed it, which after an
    /// outage may be long after the call; an error means that it will never be confirmed.
    fn subscribe(&self, room: Room) -> BoxFuture<Result<(), BusError>>;

    /// Withdraws this node's interest in a room, however often it was declared. Resolves when the broker has
    /// confirmed it, or at once while it is away.
    fn unsubscribe(&self, room: Room) -> BoxFuture<Result<(), BusError>>;

    /// The events for this node. There is one receiver: the first call takes it, later calls get `None`.
    fn events(&self) -> Option<mpsc::Receiver<BusEvent>>;

    /// Whether publishing and receiving work at this moment. `/readyz` watches it.
    fn health(&self) -> watch::Receiver<Health>;

    /// The messages of a room from there on, oldest first; `None` where the pattern keeps no history. The replay holds
    /// every message that a subscription confirmed before this call does not bring live, and perhaps some that it does;
    /// it may begin a little before [`ReplayStart::after`]. An error means that nothing can be replayed.
    fn replay(&self, _room: &Room, _start: &ReplayStart) -> Option<BoxFuture<Result<Replay, BusError>>> {
        None
    }

    /// Whether [`Bus::replay`] gives something: there is a history, though it may not answer at this moment.
    fn keeps_history(&self) -> bool {
        false
    }

    /// Whether another node can hear this one.
    fn crosses_nodes(&self) -> bool;

    /// Whether the bus itself brings what an outage kept from this node, and hands out a [`BusEvent::Gap`] if it cannot.
    /// Otherwise everything that was said during an outage may be missing.
    fn fills_gaps(&self) -> bool {
        false
    }

    /// The numbers that this bus gives to the messages of its node; `None` if it gives none, because it loses nothing
    /// or finds a loss by other means.
    fn numbers(&self) -> Option<Arc<Numbers>> {
        None
    }

    /// Leaves the bus: queued publishes are answered, tasks end, connections close. Later calls are refused.
    fn close(&self) -> BoxFuture<()>;
}

/// Where a replay begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayStart {
    /// The id of a message: what came after it is replayed.
    pub after: Option<Arc<str>>,
    /// Number of the room's newest messages that are replayed in any case.
    pub last: u32,
    /// The id of the room's last message that the node has handed to its members; `None` if there was none. What the bus
    /// brings later is replayed as well, even if others had it before `after`: who comes from a faster node may hold it,
    /// and would take it for news.
    pub heard: Option<Arc<str>>,
}

impl ReplayStart {
    /// What came after a message.
    pub fn after(id: impl Into<Arc<str>>) -> Self {
        Self { after: Some(id.into()), last: 0, heard: None }
    }
}

/// The messages of a room that the history still holds.
pub struct Replay {
    /// Whether the history knows the message with the id `after`, if one was named. If so, nothing is missing.
    pub complete: bool,
    /// The messages, oldest first. An error is the last item: the rest cannot be had.
    pub messages: BoxStream<'static, Result<Envelope, BusError>>,
}

/// What a bus hands to its node.
#[derive(Debug)]
pub enum BusEvent {
    /// A message of a room that this node is subscribed to.
    Envelope(Envelope),
    /// A message of such a room out of the history: the live feed had a gap, and no session of this node has the
    /// message yet.
    Replayed(Envelope),
    /// The live feed had a gap that could not be filled, for this reason. Nobody knows how many messages are missing.
    Gap(String),
    /// This number of envelopes was dropped between the broker and this node, because this node was too slow.
    Lagged(u64),
}

/// Whether a bus works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// Publishing works, and every room is subscribed.
    Up,
    /// Publishing or receiving does not work, for this reason.
    Down(String),
}

impl Health {
    /// True when publishing works and every room is subscribed.
    pub fn is_up(&self) -> bool {
        matches!(self, Health::Up)
    }
}

/// The reason why a bus could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// The bus was closed.
    #[error("the bus is closed")]
    Closed,
    /// The broker refused, with this reason.
    #[error("the broker refused: {0}")]
    Refused(String),
    /// The history could not be asked, or its answer made no sense.
    #[error("the history cannot be asked: {0}")]
    History(String),
    /// The bus could not be set up at all, for example because of a malformed URL.
    #[error("{0}")]
    Setup(String),
}

/// The outcome of one publish, as far as its node can know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublishOutcome {
    /// The message was taken, which does not mean that anybody received it.
    Ack(Level),
    /// The message was certainly not sent.
    Refused {
        /// A short word for programs: `bus_down`, `overloaded` (a queue was full), or `rejected` (the broker
        /// refused).
        code: &'static str,
        /// The reason as a sentence for people.
        reason: String,
    },
    /// The message was perhaps sent: the call was under way when it failed or timed out.
    Unknown {
        /// The reason as a sentence for people.
        reason: String,
    },
}

impl PublishOutcome {
    /// An outcome `Refused` with the code `bus_down`: nothing can be sent, for this reason.
    pub fn bus_down(reason: impl Into<String>) -> Self {
        Self::Refused { code: "bus_down", reason: reason.into() }
    }

    /// An outcome `Refused` with the code `overloaded`: a queue was full, and the reason says which.
    pub fn overloaded(reason: impl Into<String>) -> Self {
        Self::Refused { code: "overloaded", reason: reason.into() }
    }
}

/// The answer to a publish, which is there now or comes later.
#[derive(Debug)]
pub struct Receipt(ReceiptState);

#[derive(Debug)]
enum ReceiptState {
    Ready(Option<PublishOutcome>),
    Later(oneshot::Receiver<PublishOutcome>),
}

impl Receipt {
    /// An answer that is known at once.
    pub fn ready(outcome: PublishOutcome) -> Self {
        Self(ReceiptState::Ready(Some(outcome)))
    }

    /// An answer that comes through the sender. A dropped sender reads as [`PublishOutcome::Unknown`].
    pub fn later() -> (oneshot::Sender<PublishOutcome>, Self) {
        let (tx, rx) = oneshot::channel();
        (tx, Self(ReceiptState::Later(rx)))
    }
}

impl Future for Receipt {
    type Output = PublishOutcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<PublishOutcome> {
        let lost = || PublishOutcome::Unknown { reason: "the bus ended before it answered".into() };
        match &mut self.0 {
            ReceiptState::Ready(outcome) => Poll::Ready(outcome.take().unwrap_or_else(lost)),
            ReceiptState::Later(rx) => {
                Pin::new(rx).poll(cx).map(|outcome| outcome.unwrap_or_else(|_| lost()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_receipt_is_there_at_once_or_when_it_is_sent() {
        assert_eq!(
            Receipt::ready(PublishOutcome::bus_down("x")).now_or_never(),
            Some(PublishOutcome::bus_down("x"))
        );
        let (sender, mut receipt) = Receipt::later();
        assert_eq!((&mut receipt).now_or_never(), None);
        sender.send(PublishOutcome::Ack(Level::Confirmed)).unwrap();
        assert_eq!(receipt.now_or_never(), Some(PublishOutcome::Ack(Level::Confirmed)));
    }

    #[test]
    fn a_publish_that_nobody_answered_is_unknown() {
        let (sender, receipt) = Receipt::later();
        drop(sender);
        assert!(matches!(receipt.now_or_never(), Some(PublishOutcome::Unknown { .. })));
    }
}
