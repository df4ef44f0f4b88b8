//! How those who read a room over HTTP come to its tail. They are in no room, so the node hears one for them as long as
//! they ask now and then.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::room::Rooms;
use super::tail::Tail;
use super::turns::Turns;
use wire::Room;

/// How long a room's tail is kept when nobody reads it: longer than the pause of anybody who polls.
const KEPT: Duration = Duration::from_secs(120);
/// Number of rooms that may be read over HTTP at a time.
const ROOMS: usize = 1_000;

/// A room that is followed.
#[derive(Debug, Clone)]
pub struct Followed {
    /// The room's last messages.
    pub tail: Arc<Tail>,
    /// Number of people in the room.
    pub members: usize,
    /// The id of the room's last message that the node has heard, if it keeps that.
    pub heard: Option<Arc<str>>,
    /// Bounds how many replays are requested from the bus at once.
    pub turns: Arc<Turns>,
}

/// The answer to somebody who wants to follow a room: an error is why the node cannot hear it.
pub type FollowAnswer = Result<Followed, NotFollowed>;

/// Why a room cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotFollowed {
    /// A word for programs.
    pub code: &'static str,
    /// The reason as a clause for people.
    pub reason: String,
}

/// What a room knows of those who follow it.
#[derive(Debug, Default)]
pub struct Followers {
    /// The tail, as long as it is kept.
    pub tail: Option<Arc<Tail>>,
    /// Those who wait until the broker has confirmed the room.
    waiting: Vec<oneshot::Sender<FollowAnswer>>,
    /// When somebody was last seen to read the tail.
    read: Option<Instant>,
}

impl Followers {
    /// Whether nobody follows the room.
    pub fn is_empty(&self) -> bool {
        self.tail.is_none()
    }

    /// Whether somebody waits for the broker.
    pub fn wait(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Forgets the tail if nobody has read it for a while.
    fn forget(&mut self, now: Instant) {
        self.waiting.retain(|answer| !answer.is_closed());
        let Some(tail) = &self.tail else { return };
        if Arc::strong_count(tail) > 1 || !self.waiting.is_empty() {
            self.read = Some(now);
        } else if self.read.is_none_or(|read| now.duration_since(read) > KEPT) {
            self.tail = None;
        }
    }
}

impl Rooms {
    /// Lets somebody follow a room. The answer comes when the broker has confirmed the room.
    pub(super) fn follow(&mut self, room: Room, answer: oneshot::Sender<FollowAnswer>) {
        let is_new = self.rooms.get(&room).is_none_or(|state| state.followers.is_empty());
        if is_new && self.rooms.values().filter(|state| !state.followers.is_empty()).count() >= ROOMS {
            let reason = format!("this node has {ROOMS} rooms read over HTTP, and can have no more");
            let _ = answer.send(Err(NotFollowed { code: "full", reason }));
            return;
        }
        let state = self.rooms.entry(room.clone()).or_default();
        state.followers.tail.get_or_insert_with(|| Arc::new(Tail::new()));
        state.followers.read = Some(Instant::now());
        let asked = !state.waiting.is_empty() || state.followers.wait();
        let confirmed = state.confirmed;
        state.followers.waiting.push(answer);
        match confirmed {
            true => self.tell_followers(&room),
            false if !asked => self.subscribe(room),
            false => {}
        }
    }

    /// Answers those who waited for the broker to confirm a room.
    pub(super) fn tell_followers(&mut self, room: &Room) {
        let Some(state) = self.rooms.get_mut(room) else { return };
        let Some(tail) = &state.followers.tail else { return };
        let (members, turns) = (self.presence.members(room), self.turns.clone());
        let followed = Followed { tail: tail.clone(), members, heard: state.heard.clone(), turns };
        for answer in state.followers.waiting.drain(..) {
            // Who does not wait any more needs no answer.
            let _ = answer.send(Ok(followed.clone()));
        }
    }

    /// Tells those who waited for the broker to confirm a room that it refused. Nobody follows the room then.
    pub(super) fn refuse_followers(&mut self, room: &Room, reason: &str) {
        let Some(state) = self.rooms.get_mut(room) else { return };
        for answer in std::mem::take(&mut state.followers).waiting {
            let _ = answer.send(Err(NotFollowed { code: "subscribe_failed", reason: reason.to_owned() }));
        }
    }

    /// Forgets the tails that nobody has read for a while, and leaves the rooms that were heard for them alone.
    pub(super) fn forget_tails(&mut self, now: Instant) {
        let mut empty = Vec::new();
        for (room, state) in &mut self.rooms {
            if !state.followers.is_empty() {
                state.followers.forget(now);
                if state.is_empty() {
                    empty.push(room.clone());
                }
            }
        }
        empty.iter().for_each(|room| self.leave_if_empty(room));
    }

    /// Tells those who read rooms over HTTP how the bus stands.
    pub(super) fn tell_tails(&self, bus: &Bytes) {
        for state in self.rooms.values() {
            if let Some(tail) = &state.followers.tail {
                tail.add_notice("bus", bus.clone());
            }
        }
    }
}
