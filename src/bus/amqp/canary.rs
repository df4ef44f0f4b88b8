//! A message that a node sends to itself, now and then: does what is published there still arrive here?
//!
//! Nothing else notices that a queue's bindings are gone while connection, queue and exchanges are well: somebody deletes
//! an exchange, another node declares it again, and this one would listen to nothing for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use super::inbox::Inbox;
use super::outbox::{Outbox, Target};
use crate::bus::{BusError, Outcome};
use crate::wire::{Envelope, Kind, Room};

/// Between one that arrived and the next one.
const PAUSE: Duration = Duration::from_secs(2);
/// How long one may take, while nothing else arrives either, before another one follows it.
const ARRIVES_WITHIN: Duration = Duration::from_secs(2);
/// So many must fail to arrive, one after the other: a busy RabbitMQ is slow.
const MISSED: usize = 4;

/// The messages of one node to itself.
pub(super) struct Canary {
    room: Room,
    outbox: Arc<Outbox>,
    sent: AtomicU64,
    /// The number of the last one that arrived.
    heard: AtomicU64,
    arrived: Notify,
}

impl Canary {
    pub(super) fn new(process: &str, outbox: &Arc<Outbox>) -> Result<Self, BusError> {
        let room = Room::any(&format!("$canary.{process}"));
        let room = room.map_err(|error| BusError::Setup(error.to_string()))?;
        Ok(Self {
            room,
            outbox: Arc::clone(outbox),
            sent: AtomicU64::new(0),
            heard: AtomicU64::new(0),
            arrived: Notify::new(),
        })
    }

    /// The room by which the node's queue is bound for it.
    pub(super) fn room(&self) -> &Room {
        &self.room
    }

    /// Takes one that arrived. False if it is something else.
    pub(super) fn hear(&self, envelope: &Envelope) -> bool {
        if envelope.room != self.room {
            return false;
        }
        if let Some(number) = envelope.id.rsplit('.').next().and_then(|number| number.parse().ok()) {
            self.heard.fetch_max(number, Ordering::Relaxed);
            self.arrived.notify_one();
        }
        true
    }

    /// Ends when none arrives any more, and says so.
    pub(super) async fn watch(&self, inbox: &Inbox) -> String {
        for chat in [true, false].into_iter().cycle() {
            sleep(PAUSE).await;
            if !self.arrives(inbox, chat).await {
                break;
            }
        }
        "what is published there no longer reaches this node's queue".into()
    }

    /// False if several in a row were confirmed and did not arrive. Each confirm says that RabbitMQ was well; one that
    /// hangs is the link's business, which then ends all of this.
    async fn arrives(&self, inbox: &Inbox, chat: bool) -> bool {
        let first = self.sent.load(Ordering::Relaxed) + 1;
        let mut missed = 0;
        while missed < MISSED {
            if !matches!(self.send(chat).await, Outcome::Ack(_)) {
                return true;
            }
            let before = inbox.progress();
            let deadline = Instant::now() + ARRIVES_WITHIN;
            loop {
                if self.heard.load(Ordering::Relaxed) >= first {
                    return true;
                }
                tokio::select! {
                    () = self.arrived.notified() => {}
                    () = sleep_until(deadline) => break,
                }
            }
            // A backlog, or a node that does not read: it waits its turn, and may be too old when that comes.
            let now = inbox.progress();
            missed = if now.is_some() && now == before { missed + 1 } else { 0 };
        }
        false
    }

    async fn send(&self, chat: bool) -> Outcome {
        let number = self.sent.fetch_add(1, Ordering::Relaxed) + 1;
        let envelope = Envelope {
            kind: Kind::Control,
            room: self.room.clone(),
            id: format!("{}.{number}", self.room).into(),
            sender: "-".into(),
            others: false,
            frame: Bytes::new(),
        };
        let target = Target::Canary { room: self.room.clone(), chat };
        self.outbox.add(target, &envelope).await
    }
}
