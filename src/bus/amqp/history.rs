//! Requests to the history: for a session that was away, and for this node when its live feed has a gap.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::time::{Instant, sleep, timeout_at};

use super::live_feed::LiveFeed;
use super::marks::{Mark, sent_at};
use super::outbox::Outbox;
use super::recall::Recall;
use super::topology::FENCE_ROOM;
use crate::{BoxFuture, BusError, PublishOutcome, Replay, ReplayStart};
use wire::{Envelope, Kind, Room};

/// How long a replay waits until RabbitMQ takes messages. After an outage the connection that listens may be back
/// some time before the one that publishes.
const OPEN_WITHIN: Duration = Duration::from_secs(10);
/// How often a fence is published at most. A fence that was under way when a connection ended is published again.
const TRIES: usize = 3;
/// How long the history may take to commit a fence that RabbitMQ has confirmed.
const COMMITTED_WITHIN: Duration = Duration::from_secs(2);
/// How long after this node the history may reconnect to RabbitMQ when an outage ends. It tries just as the node
/// does, and may find RabbitMQ later.
const RETURNS_WITHIN: Duration = Duration::from_secs(5);
/// How long after an outage a node's queue may still bring what other nodes have had for long: messages that were
/// published once more, or that waited while the node was not connected.
const UNSETTLED: Duration = Duration::from_secs(60);
/// How long a failed backfill is retried: well below the time after which RabbitMQ drops a queue that nobody uses.
const FILLED_WITHIN: Duration = Duration::from_secs(20);
/// How long after binding a backfill waits. RabbitMQ finds the queues of a message in one step and puts the message
/// into them in another, so a message that found them just before the rooms were bound again could reach the history
/// a little later than the fence.
const SETTLES: Duration = Duration::from_millis(250);
/// The pause between two attempts of a backfill.
const PAUSE: Duration = Duration::from_millis(250);
/// An id that no message has. Asked for what came after it, the history gives the newest messages that it holds.
const NOTHING: &str = "-";

/// The part of this bus that asks the history.
pub(super) struct History {
    recall: Recall,
    outbox: Arc<Outbox>,
    /// The prefix of the ids of this bus's fences.
    process: String,
    fences: AtomicU64,
}

/// A backfill that is not done yet.
struct Gap {
    rooms: VecDeque<Room>,
    /// The reason why something stays missing whatever the history still gives.
    trimmed: Option<String>,
    deadline: Instant,
}

impl History {
    pub(super) fn new(recall: Recall, outbox: &Arc<Outbox>, process: &str) -> Self {
        Self { recall, outbox: Arc::clone(outbox), process: process.into(), fences: AtomicU64::new(0) }
    }

    /// The messages of a room from there on. Waits for a while until RabbitMQ takes messages.
    pub(super) fn replay(
        self: &Arc<Self>,
        room: &Room,
        start: ReplayStart,
    ) -> BoxFuture<Result<Replay, BusError>> {
        let (history, room) = (Arc::clone(self), room.clone());
        Box::pin(async move {
            let fence = history.fence(Instant::now() + OPEN_WITHIN).await?;
            history.request_replay(room, start, &fence).await
        })
    }

    /// Asks for the messages of a room up to a confirmed fence.
    async fn request_replay(&self, room: Room, start: ReplayStart, fence: &str) -> Result<Replay, BusError> {
        let returns = self.outbox.returned().map(|returned| returned + RETURNS_WITHIN);
        let deadline = returns.max(Some(Instant::now() + COMMITTED_WITHIN));
        let within = deadline.map_or(COMMITTED_WITHIN, |at| at.saturating_duration_since(Instant::now()));
        let unsettled = self.outbox.returned().is_some_and(|returned| returned.elapsed() < UNSETTLED);
        self.recall.replay(room, start, fence.into(), within, unsettled).await
    }

    /// Publishes a fence, and gives its id once RabbitMQ has confirmed it. Everything that the history's queue held
    /// before the fence is committed once the fence is committed.
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
                count: None,
                frame: Bytes::new(),
            };
            let receipt = self.outbox.fence(&envelope, Instant::now());
            tries += 1;
            match timeout_at(deadline, receipt).await.map_err(away)? {
                PublishOutcome::Ack(_) => return Ok(id),
                PublishOutcome::Refused { code: "bus_down", .. } | PublishOutcome::Unknown { .. }
                    if tries < TRIES => {}
                PublishOutcome::Refused { reason, .. } | PublishOutcome::Unknown { reason } => {
                    return Err(BusError::Refused(reason));
                }
            }
        }
    }

    /// Hands the node the messages that its live feed missed, room by room. A history that cannot be asked is asked
    /// again for a while. An error says why messages may still be missing.
    ///
    /// # Errors
    /// When the history cannot be asked, does not know where a room's gap begins, or ends in the middle.
    pub(super) async fn backfill(&self, feed: &LiveFeed) -> Result<(), String> {
        // Nobody reports when the routing of earlier messages is finished.
        sleep(SETTLES).await;
        // The nodes' own rooms are in no history, so they are not asked for.
        let rooms = feed.marks().into_iter().map(|(room, _)| room);
        let rooms = rooms.filter(|room| !room.as_str().starts_with('$')).collect();
        let mut gap = Gap { rooms, trimmed: None, deadline: Instant::now() + FILLED_WITHIN };
        while let Err(reason) = self.fill(feed, &mut gap).await {
            if Instant::now() + PAUSE >= gap.deadline {
                return Err(reason);
            }
            sleep(PAUSE).await;
        }
        gap.trimmed.map_or(Ok(()), Err)
    }

    /// Adds to `suspects` what the history holds of a room beyond a mark and the node has not heard, up to `most`
    /// messages. Gives true if these are all.
    ///
    /// # Errors
    /// When the history cannot be asked, or ends in the middle.
    pub(super) async fn missed(
        &self,
        feed: &LiveFeed,
        room: &Room,
        mark: &Mark,
        most: usize,
        suspects: &mut Vec<Envelope>,
    ) -> Result<bool, String> {
        // The nodes' own rooms are in no history.
        if room.as_str().starts_with('$') {
            return Ok(true);
        }
        let after = mark.last.as_deref().unwrap_or(NOTHING).to_owned();
        let mut replay = self.recall.now(room.clone(), after).await.map_err(|error| error.to_string())?;
        let mut past_last = false;
        while let Some(envelope) = replay.messages.next().await {
            let envelope = envelope.map_err(|error| error.to_string())?;
            let Some(sent_at) = sent_at(&envelope) else { continue };
            // The messages before the last one were compared earlier, and may be forgotten by now.
            let is_beyond = if mark.last.is_some() { past_last } else { sent_at >= mark.since };
            past_last |= mark.last.as_ref() == Some(&envelope.id);
            if is_beyond && feed.lacks(&envelope, sent_at) {
                suspects.push(envelope);
                if suspects.len() >= most {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Fills what is left of a gap. A room is removed when it is filled; a room that was filled in part goes on where
    /// it ended.
    async fn fill(&self, feed: &LiveFeed, gap: &mut Gap) -> Result<(), String> {
        // One fence does for all rooms, because all of them were bound before it.
        let fence = self.fence(gap.deadline).await.map_err(|error| error.to_string())?;
        while let Some(room) = gap.rooms.front() {
            // A room has no mark if the node has left it meanwhile.
            if let Some(mark) = feed.mark(room) {
                let start = ReplayStart::after(mark.last.as_deref().unwrap_or(NOTHING));
                let replay = self
                    .request_replay(room.clone(), start, &fence)
                    .await
                    .map_err(|error| error.to_string())?;
                if !replay.complete && mark.last.is_some() {
                    gap.trimmed = Some(format!("the history does not hold what `{room}` heard last"));
                }
                fill(feed, &mark, replay).await?;
            }
            gap.rooms.pop_front();
        }
        Ok(())
    }
}

/// Hands over one room's replay, without the messages that were said before the node began to listen.
async fn fill(feed: &LiveFeed, mark: &Mark, mut replay: Replay) -> Result<(), String> {
    let mut past_last = false;
    while let Some(envelope) = replay.messages.next().await {
        let envelope = envelope.map_err(|error| error.to_string())?;
        let is_last = mark.last.as_ref() == Some(&envelope.id);
        if past_last || sent_at(&envelope).is_some_and(|sent_at| sent_at >= mark.since) {
            feed.hand_replayed(envelope).await;
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

    /// The ids of those messages of a replay that the node gets, and how the replay ended.
    fn filled(mark: &Mark, items: Vec<Result<Envelope, BusError>>) -> (Vec<String>, Result<(), String>) {
        let interest = Arc::<Interest>::default();
        drop(interest.subscribe(room("r")));
        let (feed, mut events) =
            LiveFeed::new(&AmqpOptions::default(), &interest, &Arc::new(Counters::register()));
        let replay = Replay { complete: true, messages: stream::iter(items).boxed() };
        let ended = fill(&feed, mark, replay).now_or_never().unwrap();
        (read(&mut events), ended)
    }

    fn said(id: &str, sent_at: u64) -> Result<Envelope, BusError> {
        Ok(Envelope { frame: format!(r#"{{"sent_at":{sent_at}}}"#).into(), ..chat("r", id) })
    }

    #[test]
    fn what_follows_the_last_message_that_was_heard_is_missing() {
        let mark = Mark { since: 100, last: Some("2".into()) };
        // By the clock of another node, which may be wrong, all of these messages are old.
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
