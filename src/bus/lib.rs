//! The bus: how the nodes of one cluster reach each other. One implementation a pattern.
//!
//! A bus hands a node its own messages too, so that a room never delivers directly: what a client sees has
//! gone the whole way. To add a pattern, implement [`Bus`], and run the contract suite
//! (`tests/together/bus_contract`) over it.

pub mod amqp;
mod counters;
mod feed;
mod interest;
pub mod local;
#[cfg(test)]
mod meter;
mod redaction;
pub mod redis;
#[cfg(test)]
mod samples;
mod status;
pub mod zeromq;

pub use counters::Counters;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::BoxStream;
use tokio::sync::{mpsc, oneshot, watch};

use wire::{Envelope, Room};

/// A boxed future that borrows nothing, so that a session can hold many of them.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What connects the nodes of a cluster.
///
/// Publishes take effect in the order in which they are called, and so do subscribes and unsubscribes of one
/// room; what the calls give back only tells how it went. Between the two there is no order until `subscribe` has
/// resolved: a bus may use one connection for each.
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

    /// What arrives for this node. There is one receiver: the first call takes it, later ones get `None`.
    fn events(&self) -> Option<mpsc::Receiver<BusEvent>>;

    /// Whether publishing and receiving work at this moment. Watched by `/readyz`.
    fn health(&self) -> watch::Receiver<Health>;

    /// What was said in a room after the message with this id, oldest first; `None` where the pattern keeps no
    /// history. It holds every message that a subscription confirmed before this call does not bring live, and
    /// perhaps some that it does; it may begin a little before `after`. An error means that nothing can be had.
    fn replay(&self, _room: &Room, _after: &str) -> Option<BoxFuture<Result<Replay, BusError>>> {
        None
    }

    /// Whether another node can hear this one.
    fn crosses_nodes(&self) -> bool;

    /// Leaves the bus: what is queued is answered, tasks end, connections close. Calls after it are refused.
    fn close(&self) -> BoxFuture<()>;
}

/// What the history holds of a room.
pub struct Replay {
    /// Whether the history knows the message after which it was asked: then nothing is missing.
    pub complete: bool,
    /// The messages. An error is the last item: the rest cannot be had.
    pub messages: BoxStream<'static, Result<Envelope, BusError>>,
}

/// What a bus hands to its node.
#[derive(Debug)]
pub enum BusEvent {
    /// A message of a room that this node is subscribed to.
    Envelope(Envelope),
    /// The same, out of the history: the live feed had a gap, and no session of this node has it yet.
    Replayed(Envelope),
    /// The live feed had a gap that could not be filled, for this reason; nobody knows how many are missing.
    Gap(String),
    /// So many envelopes were dropped between the broker and this node, because this node was too slow.
    Lagged(u64),
}

/// Whether a bus works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// Publishing works, and every room is subscribed.
    Up,
    /// It does not, and this is why.
    Down(String),
}

impl Health {
    /// True when publishing works and every room is subscribed.
    pub fn is_up(&self) -> bool {
        matches!(self, Health::Up)
    }
}

/// Why a bus could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// The bus was closed.
    #[error("the bus is closed")]
    Closed,
    /// The broker said no.
    #[error("the broker refused: {0}")]
    Refused(String),
    /// The history could not be asked, or its answer was none.
    #[error("the history cannot be asked: {0}")]
    History(String),
    /// The bus could not be set up at all (a malformed URL, say).
    #[error("{0}")]
    Setup(String),
}

/// How far a published message is known to have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// The broker, or the socket, took it. Nothing more is promised.
    Handed,
    /// The broker wrote it down durably.
    Confirmed,
}

/// What became of one publish, as far as its node can know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Taken. Not a delivery.
    Ack(Level),
    /// Certainly not sent.
    Refused {
        /// A short word for programs: `bus_down`, `overloaded` (a queue was full), or `rejected` (the broker
        /// said no).
        code: &'static str,
        /// A sentence for people.
        reason: String,
    },
    /// Perhaps sent: the call was under way when it failed or timed out.
    Unknown {
        /// A sentence for people.
        reason: String,
    },
}

impl Outcome {
    /// Refused: nothing can be sent, and this is why.
    pub fn bus_down(reason: impl Into<String>) -> Self {
        Self::Refused { code: "bus_down", reason: reason.into() }
    }

    /// Refused: a queue was full, and this says which.
    pub fn overloaded(reason: impl Into<String>) -> Self {
        Self::Refused { code: "overloaded", reason: reason.into() }
    }
}

/// The answer to a publish, now or later.
#[derive(Debug)]
pub struct Receipt(ReceiptState);

#[derive(Debug)]
enum ReceiptState {
    Ready(Option<Outcome>),
    Later(oneshot::Receiver<Outcome>),
}

impl Receipt {
    /// An answer that is known at once.
    pub fn ready(outcome: Outcome) -> Self {
        Self(ReceiptState::Ready(Some(outcome)))
    }

    /// An answer that comes through the sender. A dropped sender reads as [`Outcome::Unknown`].
    pub fn later() -> (oneshot::Sender<Outcome>, Self) {
        let (tx, rx) = oneshot::channel();
        (tx, Self(ReceiptState::Later(rx)))
    }
}

impl Future for Receipt {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let lost = || Outcome::Unknown { reason: "the bus ended before it answered".into() };
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
        assert_eq!(Receipt::ready(Outcome::bus_down("x")).now_or_never(), Some(Outcome::bus_down("x")));
        let (sender, mut receipt) = Receipt::later();
        assert_eq!((&mut receipt).now_or_never(), None);
        sender.send(Outcome::Ack(Level::Confirmed)).unwrap();
        assert_eq!(receipt.now_or_never(), Some(Outcome::Ack(Level::Confirmed)));
    }

    #[test]
    fn a_publish_that_nobody_answered_is_unknown() {
        let (sender, receipt) = Receipt::later();
        drop(sender);
        assert!(matches!(receipt.now_or_never(), Some(Outcome::Unknown { .. })));
    }
}
