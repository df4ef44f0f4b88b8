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
use super::link::Link;
use super::outbox::{Outbox, Target};
use crate::bus::{BusError, Outcome};
use crate::wire::{Envelope, Kind, Room};

/// Between one that arrived and the next one.
const PAUSE: Duration = Duration::from_secs(2);
/// How long one may take, while nothing else arrives either, before RabbitMQ is asked whether it is there.
const ARRIVES_WITHIN: Duration = Duration::from_secs(2);
/// So often it may answer, and the canary still be on its way: a busy RabbitMQ is slow.
const ASKED: usize = 3;

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

    /// Ends when one does not arrive, and says so.
    pub(super) async fn watch(&self, link: &Link, inbox: &Inbox) -> lapin::Result<String> {
        for chat in [true, false].into_iter().cycle() {
            sleep(PAUSE).await;
            if !self.flies(link, inbox, chat).await? {
                break;
            }
        }
        Ok("what is published there no longer reaches this node's queue".into())
    }

    /// Sends one through an exchange. False if it was published and does not arrive.
    async fn flies(&self, link: &Link, inbox: &Inbox, chat: bool) -> lapin::Result<bool> {
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
        if !matches!(self.outbox.add(target, &envelope).await, Outcome::Ack(_)) {
            return Ok(true);
        }
        let mut asked = 0;
        let mut before = inbox.progress();
        let mut deadline = Instant::now() + ARRIVES_WITHIN;
        while self.heard.load(Ordering::Relaxed) < number {
            tokio::select! {
                () = self.arrived.notified() => {}
                () = sleep_until(deadline) => {
                    // A backlog, or a node that does not read: it waits its turn.
                    let now = inbox.progress();
                    asked = if now.is_some() && now == before { asked + 1 } else { 0 };
                    before = now;
                    if asked > ASKED {
                        return Ok(false);
                    }
                    // A RabbitMQ that hangs is the link's business, which then ends all of this.
                    link.channel().await?;
                    deadline = Instant::now() + ARRIVES_WITHIN;
                }
            }
        }
        Ok(true)
    }
}
