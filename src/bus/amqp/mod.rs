//! The bus over AMQP 0-9-1: RabbitMQ, durable, with a history service beside it.

pub mod recall;
pub mod topology;

use std::future::ready;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::{BoxFuture, Bus, BusError, BusEvent, Health, Outcome, Receipt};
use crate::wire::{Envelope, Room};

/// How an AMQP bus is set up.
#[derive(Debug, Clone)]
pub struct AmqpOptions {
    /// `amqp://[user:password@]host[:port][/vhost]`.
    pub url: String,
    /// Prefix of every exchange and queue.
    pub namespace: String,
    /// Where the history service answers: `http://127.0.0.1:9100`. Without it nothing is replayed.
    pub history: Option<String>,
    /// Events that may wait for the node; the rest waits in the node's queue at the broker.
    pub queue: usize,
    /// Messages that may wait for their confirm; further ones are refused.
    pub outbox: usize,
    /// How long a message may wait for its confirm before it is refused (never sent) or unknown (sent).
    pub outbox_age: Duration,
    /// Which queue the node's live feed comes from.
    pub live_queue: LiveQueue,
    /// Ids that are remembered to drop second copies of a live message.
    pub dedup_ids: usize,
    /// How long an id is remembered.
    pub dedup_age: Duration,
}

/// Which queue a node's live feed comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiveQueue {
    /// A durable queue of the node process, kept through reconnects and restarts of the broker.
    Durable,
    /// The textbook's: exclusive to the connection, and gone with it.
    Exclusive,
}

impl Default for AmqpOptions {
    fn default() -> Self {
        Self {
            url: "amqp://127.0.0.1:5672".into(),
            namespace: "pubsub-lab".into(),
            history: None,
            queue: 65_536,
            outbox: 10_000,
            outbox_age: Duration::from_secs(60),
            live_queue: LiveQueue::Durable,
            dedup_ids: 200_000,
            dedup_age: Duration::from_secs(600),
        }
    }
}

/// The bus over AMQP.
pub struct AmqpBus;

impl AmqpBus {
    /// Starts the bus; it connects in the background, again and again.
    ///
    /// # Errors
    /// When the URL or the namespace is none.
    pub fn start(_options: AmqpOptions) -> Result<Self, BusError> {
        Err(BusError::Setup("this version has no amqp bus".into()))
    }
}

impl Bus for AmqpBus {
    fn publish(&self, _envelope: Envelope) -> Receipt {
        Receipt::ready(Outcome::bus_down("not built"))
    }

    fn subscribe(&self, _room: Room) -> BoxFuture<Result<(), BusError>> {
        Box::pin(ready(Err(BusError::Closed)))
    }

    fn unsubscribe(&self, _room: Room) -> BoxFuture<Result<(), BusError>> {
        Box::pin(ready(Err(BusError::Closed)))
    }

    fn events(&self) -> Option<mpsc::Receiver<BusEvent>> {
        None
    }

    fn health(&self) -> watch::Receiver<Health> {
        watch::channel(Health::Down("not built".into())).1
    }

    fn crosses_nodes(&self) -> bool {
        true
    }

    fn close(&self) -> BoxFuture<()> {
        Box::pin(ready(()))
    }
}
