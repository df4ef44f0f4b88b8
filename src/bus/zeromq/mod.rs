//! The bus over ZeroMQ: peers, and no broker.

use std::future::ready;

use tokio::sync::{mpsc, watch};

use super::{BoxFuture, Bus, BusError, BusEvent, Health, Outcome, Receipt};
use crate::wire::{Envelope, Room};

/// How a ZeroMQ bus is set up.
#[derive(Debug, Clone)]
pub struct ZeromqOptions {
    /// Where this node's SUB socket listens: `tcp://127.0.0.1:9000`.
    pub sub: String,
    /// The SUB sockets of the other nodes, in the same form.
    pub peers: Vec<String>,
    /// High-water mark: how many frames may wait for one peer; further ones are dropped and counted.
    pub hwm: usize,
    /// Events that may wait for the node; further ones are dropped and counted.
    pub queue: usize,
}

/// The bus over ZeroMQ.
pub struct ZeromqBus;

impl ZeromqBus {
    /// Binds the SUB socket and starts to connect to the peers.
    ///
    /// # Errors
    /// When an address is none or cannot be bound.
    pub async fn start(_options: ZeromqOptions) -> Result<Self, BusError> {
        Err(BusError::Setup("this version has no zeromq bus".into()))
    }
}

impl Bus for ZeromqBus {
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
