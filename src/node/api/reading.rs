//! How a reader comes to its place in a room: at once if the node still holds what follows, and otherwise by way of the
//! history, where there is one.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::sync::oneshot;

use super::super::follow::{FollowAnswer, Followed};
use super::super::replayed::Replayed;
use super::super::room::Command;
use super::super::shared::Shared;
use super::super::tail::{Entry, Missed, Tail};
use super::super::turns::Turns;
use super::answer::ApiError;
use super::reader::Start;
use bus::{BusError, ReplayStart};
use wire::{Envelope, Recovered, Room};

/// Where somebody begins who names no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unnamed {
    /// At what comes next.
    Next,
    /// At the oldest message that the node still holds.
    Oldest,
}

/// A reader's place in a room, and what comes before it.
pub struct Reading {
    /// The room's tail.
    pub tail: Arc<Tail>,
    /// Number of people in the room.
    pub members: usize,
    /// The number of the next entry of the tail.
    pub at: u64,
    /// How much of what the reader missed it gets, if the rest of `replay` comes.
    pub recovered: Recovered,
    /// What comes out of the history before that entry.
    pub replay: Option<BoxStream<'static, Result<Envelope, BusError>>>,
    turns: Arc<Turns>,
    replayed: Replayed,
    hasher: RandomState,
}

/// Asks the rooms to hear a room. The answer comes when the broker has confirmed it.
pub async fn follow(shared: &Shared, room: &Room) -> Result<oneshot::Receiver<FollowAnswer>, ApiError> {
    let (answer, followed) = oneshot::channel();
    let asked = shared.rooms.send(Command::Follow { room: room.clone(), answer }).await;
    asked.map_err(|_| going())?;
    Ok(followed)
}

/// What somebody who waited for [`follow`] is told.
pub fn followed(answer: Result<FollowAnswer, oneshot::error::RecvError>) -> Result<Followed, ApiError> {
    answer.map_err(|_| going())?.map_err(|refused| ApiError::unavailable(refused.code, refused.reason))
}

fn going() -> ApiError {
    ApiError::unavailable("going", "the node is going away")
}

impl Reading {
    /// Finds the place of a reader in a room that is followed.
    pub async fn begin(
        shared: Arc<Shared>,
        room: Room,
        followed: Followed,
        start: Start,
        unnamed: Unnamed,
    ) -> Self {
        let Followed { tail, members, heard, turns } = followed;
        let mut reading = Self {
            at: tail.end(),
            tail,
            members,
            recovered: Recovered::None,
            replay: None,
            turns,
            replayed: Replayed::default(),
            hasher: RandomState::new(),
        };
        let tail = &reading.tail;
        match &start.after {
            None if start.last.is_none() && unnamed == Unnamed::Oldest => {
                reading.at = tail.start();
                return reading;
            }
            None if start.last.is_none() => return reading,
            None => {}
            Some(mark) => {
                if let Some(place) = tail.place(mark) {
                    let last = start.last.map(|last| tail.last(last as usize));
                    reading.at = last.map_or(place, |last| last.min(place));
                    reading.recovered = Recovered::All;
                    return reading;
                }
            }
        }
        // Whatever comes from here on is in the tail.
        let after =
            start.after.as_ref().filter(|mark| !mark.id.is_empty()).map(|mark| mark.id.as_str().into());
        let asked = ReplayStart { after, last: start.last.unwrap_or(0), heard: tail.newest().or(heard) };
        let may_ask = asked.after.is_some() || asked.last > 0;
        let came = Instant::now();
        let replay = match may_ask && shared.bus.keeps_history() {
            true => reading.turns.request_replay(came, || shared.bus.replay(&room, &asked)).await,
            false => None,
        };
        match replay {
            Some(Ok(replay)) => {
                reading.recovered = if replay.complete { Recovered::All } else { Recovered::Part };
                reading.replay = Some(replay.messages);
            }
            Some(Err(_)) | None => {
                // What the node still holds is better than nothing, though it is not everything.
                let last = start.last.map(|last| reading.tail.last(last as usize));
                reading.at = last.filter(|_| start.after.is_none()).unwrap_or(reading.tail.start());
                reading.recovered = if start.after.is_some() { Recovered::Part } else { Recovered::None };
            }
        }
        reading
    }

    /// The room as it is followed by this reader, to begin anew.
    pub fn followed(&self) -> Followed {
        let Self { tail, members, turns, .. } = self;
        Followed { tail: tail.clone(), members: *members, heard: None, turns: turns.clone() }
    }

    /// The next message out of the history that the reader is to have; `None` at the end.
    pub async fn replay_next(&mut self) -> Option<Envelope> {
        loop {
            match self.replay.as_mut()?.next().await {
                Some(Ok(envelope)) if envelope.kind.is_kept() => {
                    self.replayed.add(self.hasher.hash_one(&*envelope.id));
                    return Some(envelope);
                }
                Some(Ok(_)) => {}
                Some(Err(_)) => {
                    self.recovered = Recovered::Part;
                    self.replay = None;
                }
                None => self.replay = None,
            }
        }
    }

    /// The next entries of the tail, at most so many, without second copies of what the history has brought. An error if
    /// some of them are forgotten.
    pub fn take(&mut self, most: usize) -> Result<Vec<Arc<Entry>>, Missed> {
        let mut entries = self.tail.read(self.at, most)?;
        self.at += entries.len() as u64;
        entries.retain(|entry| !self.is_second_copy(entry));
        Ok(entries)
    }

    /// Passes over what is forgotten, and takes what is left.
    pub fn take_what_is_left(&mut self, most: usize) -> Vec<Arc<Entry>> {
        self.at = self.tail.start();
        self.take(most).unwrap_or_default()
    }

    fn is_second_copy(&mut self, entry: &Entry) -> bool {
        match entry {
            Entry::Message(held) => {
                !self.replayed.is_empty() && self.replayed.take(self.hasher.hash_one(&*held.envelope.id))
            }
            Entry::Notice { .. } => false,
        }
    }
}
