//! Asking the history: for a session that was away, and for this node when its live feed has a gap.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::time::{Instant, sleep, timeout_at};

use super::inbox::Inbox;
use super::marks::{Mark, sent_at};
use super::outbox::Outbox;
use super::recall::Recall;
use super::topology::FENCE_ROOM;
use crate::{BoxFuture, BusError, Outcome, Replay};
use wire::{Envelope, Kind, Room};

/// How long a replay waits until RabbitMQ takes messages: after an outage the connection that listens may be back a
/// while before the one that publishes.
const OPEN_WITHIN: Duration = Duration::from_secs(10);
/// A fence that was under way when a connection ended is published again; so often at most in all.
const TRIES: usize = 3;
/// How long the history may take to commit a fence that RabbitMQ has confirmed.
const COMMITTED_WITHIN: Duration = Duration::from_secs(2);
/// After an outage the history looks for RabbitMQ as this node did, and may find it later: so long after this node.
const RETURNS_WITHIN: Duration = Duration::from_secs(5);
/// How long a backfill is tried again: well below the time after which RabbitMQ drops a queue that nobody uses.
const FILLED_WITHIN: Duration = Duration::from_secs(20);
/// RabbitMQ finds the queues of a message in one step and puts it into them in another. What found them just before
/// the rooms were bound again may come to the history a little later than a fence, which it must not.
const SETTLES: Duration = Duration::from_millis(250);
/// Between two of these tries.
const PAUSE: Duration = Duration::from_millis(250);
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

/// A backfill that is not done yet.
struct Gap {
    rooms: VecDeque<Room>,
    /// Why something is missing whatever comes.
    trimmed: Option<String>,
    deadline: Instant,
}

impl History {
    pub(super) fn new(recall: Recall, outbox: &Arc<Outbox>, process: &str) -> Self {
        Self { recall, outbox: Arc::clone(outbox), process: process.into(), fences: AtomicU64::new(0) }
    }

    /// What was said in a room after a message. Waits, for a while, until RabbitMQ takes messages.
    pub(super) fn replay(self: &Arc<Self>, room: &Room, after: &str) -> BoxFuture<Result<Replay, BusError>> {
        let (history, room, after) = (Arc::clone(self), room.clone(), after.to_owned());
        Box::pin(async move {
            let fence = history.fence(Instant::now() + OPEN_WITHIN).await?;
            history.ask(room, after, &fence).await
        })
    }

    /// Asks for a room up to a confirmed fence.
    async fn ask(&self, room: Room, after: String, fence: &str) -> Result<Replay, BusError> {
        let returns = self.outbox.returned().map(|returned| returned + RETURNS_WITHIN);
        let deadline = returns.max(Some(Instant::now() + COMMITTED_WITHIN));
        let within = deadline.map_or(COMMITTED_WITHIN, |at| at.saturating_duration_since(Instant::now()));
        self.recall.after(room, after, fence.into(), within).await
    }

    /// Publishes a fence, and gives its id once it is confirmed: everything that the history's queue holds before it
    /// is committed once the fence is.
    async fn fence(&self, deadline: Instant) -> Result<String, BusError> {
        let away =
            |_| BusError::Refused("the history cannot be asked while RabbitMQ takes no messages".into());
        let room = Room::any(FENCE_ROOM).map_err(|error| BusError::Setup(error.to_string()))?;
        let mut tries = 0;
        loop {
            timeout_at(deadline, self.outbox.opened()).await.map_err(away)?;
            let id = format!("{}.{}", self.process, self.fences.fetch_add(1, Ordering::Relaxed));
            let envelope = Envelope {
                kind: Kind::Control,
                room: room.clone(),
                id: id.as_str().into(),
                sender: self.process.as_str().into(),
                others: false,
                frame: Bytes::new(),
            };
            let receipt = self.outbox.fence(&envelope, Instant::now());
            tries += 1;
            match timeout_at(deadline, receipt).await.map_err(away)? {
                Outcome::Ack(_) => return Ok(id),
                Outcome::Refused { code: "bus_down", .. } | Outcome::Unknown { .. } if tries < TRIES => {}
                Outcome::Refused { reason, .. } | Outcome::Unknown { reason } => {
                    return Err(BusError::Refused(reason));
                }
            }
        }
    }

    /// Hands the node what its live feed missed, room by room. A history that cannot be asked is asked again for a
    /// while. An error says why something may be missing still.
    ///
    /// # Errors
    /// When the history cannot be asked, does not know where a room's gap begins, or ends in the middle.
    pub(super) async fn backfill(&self, inbox: &Inbox) -> Result<(), String> {
        // Nobody tells when that is over.
        sleep(SETTLES).await;
        // The nodes' own rooms are in no history.
        let rooms = inbox.marks().into_iter().map(|(room, _)| room);
        let rooms = rooms.filter(|room| !room.as_str().starts_with('$')).collect();
        let mut gap = Gap { rooms, trimmed: None, deadline: Instant::now() + FILLED_WITHIN };
        while let Err(reason) = self.fill(inbox, &mut gap).await {
            if Instant::now() + PAUSE >= gap.deadline {
                return Err(reason);
            }
            sleep(PAUSE).await;
        }
        gap.trimmed.map_or(Ok(()), Err)
    }

    /// Fills what is left of a gap. A room goes when it is filled; one that was filled in part goes on where it ended.
    async fn fill(&self, inbox: &Inbox, gap: &mut Gap) -> Result<(), String> {
        // One fence does for all: the rooms were bound before it.
        let fence = self.fence(gap.deadline).await.map_err(|error| error.to_string())?;
        while let Some(room) = gap.rooms.front() {
            // None if the node has left it meanwhile.
            if let Some(mark) = inbox.mark(room) {
                let after = mark.last.as_deref().unwrap_or(NOTHING).to_owned();
                let replay =
                    self.ask(room.clone(), after, &fence).await.map_err(|error| error.to_string())?;
                if !replay.complete && mark.last.is_some() {
                    gap.trimmed = Some(format!("the history does not hold what `{room}` heard last"));
                }
                fill(inbox, &mark, replay).await?;
            }
            gap.rooms.pop_front();
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, stream};

    use super::*;
    use crate::Counters;
    use crate::amqp::options::AmqpOptions;
    use crate::interest::Interest;
    use crate::samples::{chat, read, room};

    /// What the node gets of a replay, by id, and how that ended.
    fn filled(mark: &Mark, items: Vec<Result<Envelope, BusError>>) -> (Vec<String>, Result<(), String>) {
        let interest = Arc::<Interest>::default();
        drop(interest.subscribe(room("r")));
        let (inbox, mut events) =
            Inbox::new(&AmqpOptions::default(), &interest, &Arc::new(Counters::register()));
        let replay = Replay { complete: true, messages: stream::iter(items).boxed() };
        let ended = fill(&inbox, mark, replay).now_or_never().unwrap();
        (read(&mut events), ended)
    }

    fn said(id: &str, sent_at: u64) -> Result<Envelope, BusError> {
        Ok(Envelope { frame: format!(r#"{{"sent_at":{sent_at}}}"#).into(), ..chat("r", id) })
    }

    #[test]
    fn what_follows_the_last_message_that_was_heard_is_missing() {
        let mark = Mark { since: 100, last: Some("2".into()) };
        // By the clock of another node, which may be wrong, all of it is old.
        let items = vec![said("1", 10), said("2", 20), said("3", 30), said("4", 40)];
        assert_eq!(filled(&mark, items), (vec!["+3".into(), "+4".into()], Ok(())));
    }

    #[test]
    fn where_nothing_was_heard_what_is_older_than_the_listening_is_not_missing() {
        let mark = Mark { since: 100, last: None };
        let items =
            vec![said("1", 99), said("2", 100), said("3", 99), Ok(chat("r", "no time")), said("4", 101)];
        assert_eq!(filled(&mark, items), (vec!["+2".into(), "+4".into()], Ok(())));
    }

    #[test]
    fn what_came_before_the_failure_is_handed_over() {
        let mark = Mark { since: 0, last: None };
        let (ids, ended) = filled(&mark, vec![said("1", 1), Err(BusError::Closed), said("2", 2)]);
        assert_eq!((ids, ended), (vec!["+1".into()], Err("the bus is closed".into())));
    }
}
