//! Compares what this node heard with what the history holds.
//!
//! Nobody reports a message that never got into the node's queue, or was dropped there: somebody removed a room's
//! binding, or a policy at RabbitMQ bounds the queue. Canaries have a binding of their own, so they still arrive. The
//! history has the message all the same. It is asked after each reconnect about every room, and now and then about
//! rooms from which nothing came.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::canary::Canary;
use super::history::History;
use super::live_feed::LiveFeed;
use super::marks::{Mark, sent_at};
use wire::{Envelope, Room};

/// The pause between two comparisons.
const PAUSE: Duration = Duration::from_secs(5);
/// Number of quiet rooms that one comparison asks about. Of many rooms each has its turn later.
const ROOMS: usize = 20;
/// Number of messages that wait to be looked for once more. If there are more, the same rooms are compared again.
const SUSPECTS: usize = 10_000;
/// Number of rounds of canaries after which a message that was published before them has arrived, if it ever does. The
/// first round may have been on its way already.
const ROUNDS: u64 = 2;

/// Compares the live feed of one connection with the history.
pub(super) struct Comparison<'a> {
    pub(super) feed: &'a LiveFeed,
    pub(super) history: &'a Arc<History>,
    pub(super) canary: &'a Canary,
}

impl Comparison<'_> {
    /// Compares until messages are missing that no reconnect explains, and gives a sentence that says so. Whatever is
    /// missing is handed to the node. `before` is how far the node had heard each room when it connected again.
    pub(super) async fn run(&self, before: Vec<(Room, Mark)>) -> String {
        let mut rest = before;
        while !rest.is_empty() {
            match self.compare(&mut rest).await {
                Ok(missing) => {
                    if let Some(room) = self.hand(missing).await {
                        tracing::warn!(
                            "messages of `{room}` did not reach this node's queue; the history had them"
                        );
                    }
                }
                // The history is away. The comparison is made when it is back.
                Err(reason) => {
                    tracing::debug!("the live feed cannot be compared with the history: {reason}");
                    sleep(PAUSE).await;
                }
            }
        }
        let mut heard: HashMap<Room, Option<Arc<str>>> = HashMap::new();
        let mut turn = 0;
        loop {
            sleep(PAUSE).await;
            let marks = self.feed.marks();
            let mut quiet: Vec<_> =
                marks.iter().filter(|(room, mark)| heard.get(room) == Some(&mark.last)).cloned().collect();
            heard = marks.into_iter().map(|(room, mark)| (room, mark.last)).collect();
            quiet.sort_by(|(one, _), (other, _)| one.as_str().cmp(other.as_str()));
            let begin = if turn < quiet.len() { turn } else { 0 };
            let mut rooms: Vec<_> = quiet.into_iter().skip(begin).take(ROOMS).collect();
            turn = begin + rooms.len();
            let new: HashSet<_> =
                rooms.iter().filter(|(_, mark)| mark.last.is_none()).map(|(room, _)| room.clone()).collect();
            let missing = self.compare(&mut rooms).await.unwrap_or_default();
            // What was said in the moment in which a room was bound may have come too early for the binding.
            if let Some(room) = self.hand(missing).await.filter(|room| !new.contains(room)) {
                return format!("what is published there to `{room}` no longer reaches this node's queue");
            }
        }
    }

    /// The messages that the history holds of these rooms and that do not come live, oldest first in each room. A room
    /// that was compared to its end is removed from the list.
    async fn compare(&self, rooms: &mut Vec<(Room, Mark)>) -> Result<Vec<Envelope>, String> {
        let mut suspects = Vec::new();
        while let Some((room, mark)) = rooms.last() {
            let whole = self.history.missed(self.feed, room, mark, SUSPECTS, &mut suspects).await?;
            if !whole {
                break;
            }
            rooms.pop();
        }
        if !suspects.is_empty() {
            // They may be on their way.
            self.canary.rounds(ROUNDS).await;
            suspects.retain(|envelope| sent_at(envelope).is_some_and(|at| self.feed.lacks(envelope, at)));
        }
        Ok(suspects)
    }

    /// Hands the node what is missing. Gives the room of a message that was missing.
    async fn hand(&self, missing: Vec<Envelope>) -> Option<Room> {
        let mut room = None;
        for envelope in missing {
            room = Some(envelope.room.clone());
            self.feed.hand_replayed(envelope).await;
        }
        room
    }
}
