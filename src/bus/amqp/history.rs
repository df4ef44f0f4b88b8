//! Asking the history: for a session that was away, and for this node when its live feed has a gap.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::time::timeout;

use super::inbox::Inbox;
use super::marks::{Mark, sent_at};
use super::outbox::Outbox;
use super::recall::Recall;
use super::topology::FENCE_ROOM;
use crate::bus::{BoxFuture, BusError, Outcome, Replay};
use crate::wire::{Envelope, Kind, Room};

/// How long a backfill waits for the connection that publishes.
const OPEN_WITHIN: Duration = Duration::from_secs(2);
/// An id that no message has: the history then tells the newest that it holds.
const NOTHING: &str = "-";

/// The history, as this bus asks it.
pub(super) struct History {
    recall: Recall,
    outbox: Arc<Outbox>,
    /// What this bus's fences are called.
    process: String,
    fences: AtomicU64,
}

impl History {
    pub(super) fn new(recall: Recall, outbox: &Arc<Outbox>, process: &str) -> Self {
        Self { recall, outbox: Arc::clone(outbox), process: process.into(), fences: AtomicU64::new(0) }
    }

    /// What was said in a room after a message. The fence is published now.
    pub(super) fn replay(&self, room: &Room, after: &str) -> BoxFuture<Result<Replay, BusError>> {
        match self.fence() {
            Ok((id, fence)) => self.recall.after(room.clone(), after.into(), id, fence),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    /// Everything that the history's queue holds before a fence is committed once the fence is.
    fn fence(&self) -> Result<(String, BoxFuture<Result<(), BusError>>), BusError> {
        let id = format!("{}.{}", self.process, self.fences.fetch_add(1, Ordering::Relaxed));
        let room = Room::any(FENCE_ROOM).map_err(|error| BusError::Setup(error.to_string()))?;
        let receipt = self.outbox.fence(&Envelope {
            kind: Kind::Control,
            room,
            id: id.as_str().into(),
            sender: self.process.as_str().into(),
            others: false,
            frame: Bytes::new(),
        });
        let confirmed = async {
            match receipt.await {
                Outcome::Ack(_) => Ok(()),
                Outcome::Refused { reason, .. } | Outcome::Unknown { reason } => {
                    Err(BusError::Refused(reason))
                }
            }
        };
        Ok((id, Box::pin(confirmed)))
    }

    /// Hands the node what its live feed missed, room by room. An error says why something may be missing still.
    ///
    /// # Errors
    /// When the history cannot be asked, does not know where a room's gap begins, or ends in the middle.
    pub(super) async fn backfill(&self, inbox: &Inbox) -> Result<(), String> {
        let opened = timeout(OPEN_WITHIN, self.outbox.opened()).await;
        opened.map_err(|_| "the history cannot be asked while RabbitMQ takes no messages".to_owned())?;
        let mut trimmed = None;
        // One fence does for all: the rooms were bound before it.
        let (id, fence) = self.fence().map_err(|error| error.to_string())?;
        let mut fence = Some(fence);
        for (room, mark) in inbox.marks() {
            // The nodes' own rooms are in no history.
            if room.as_str().starts_with('$') {
                continue;
            }
            let after = mark.last.as_deref().unwrap_or(NOTHING).to_owned();
            let fence = fence.take().unwrap_or_else(|| Box::pin(std::future::ready(Ok(()))));
            let replay = self.recall.after(room.clone(), after, id.clone(), fence).await;
            let replay = replay.map_err(|error| error.to_string())?;
            if !replay.complete && mark.last.is_some() {
                trimmed = Some(format!("the history does not hold what `{room}` heard last"));
            }
            fill(inbox, &mark, replay).await?;
        }
        trimmed.map_or(Ok(()), Err)
    }
}

/// Hands over one room's replay, without what the node missed because it was not listening yet.
async fn fill(inbox: &Inbox, mark: &Mark, mut replay: Replay) -> Result<(), String> {
    let mut past_last = false;
    while let Some(envelope) = replay.messages.next().await {
        let envelope = envelope.map_err(|error| error.to_string())?;
        let is_last = mark.last.as_ref() == Some(&envelope.id);
        if past_last || sent_at(&envelope).is_some_and(|sent_at| sent_at >= mark.since) {
            inbox.hand_replayed(envelope).await;
        }
        past_last |= is_last;
    }
    Ok(())
}
