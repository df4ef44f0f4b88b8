//! What is missing among the messages that reach this node. Each node counts the messages that it sends to a room, so a
//! number that does not come is a message that was lost, whoever lost it.
//!
//! Everything is said by the caller, the time as well, so that the same arrivals always give the same gaps.

mod track;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use track::Track;
use wire::{Count, Room};

/// How long a missing message may still come: messages of two moments may change places on their way.
const WAIT: Duration = Duration::from_millis(700);
/// How long after the beginning the numbers of a room mean nothing. Before it the node did not hear all of them, and
/// some of those may still wait in its queue.
const SETTLE: Duration = Duration::from_millis(500);
/// How long a process that is silent in a room is remembered. It keeps its own numbers for longer.
const REMEMBERED: Duration = Duration::from_secs(300);
/// The most processes that are remembered in one room.
const PROCESSES: usize = 64;

/// What this node has received of the messages in its rooms.
#[derive(Debug, Default)]
pub struct Gaps {
    rooms: HashMap<Room, Heard>,
    /// The rooms in which something is missing, and when it no longer comes.
    open: HashMap<Room, Instant>,
    suspicion: Option<Suspicion>,
}

/// What was received in one room, by the processes that sent it.
#[derive(Debug)]
struct Heard {
    settled: Instant,
    by: HashMap<u64, Track>,
}

/// A loss of which nobody knows yet which rooms it concerns.
#[derive(Debug)]
struct Suspicion {
    due: Instant,
    since: u64,
    reason: String,
}

/// What a room is to be told: since when something is missing, in Unix milliseconds, and why if that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The room.
    pub room: Room,
    /// When the last message before the first missing one was received.
    pub since: u64,
    /// The reason, if it is known.
    pub reason: Option<String>,
}

impl Gaps {
    /// Records that this node hears a room from now on.
    pub fn begin(&mut self, room: &Room, now: Instant) {
        self.rooms.insert(room.clone(), Heard { settled: now + SETTLE, by: HashMap::new() });
        self.open.remove(room);
    }

    /// Records that this node no longer hears a room.
    pub fn end(&mut self, room: &Room) {
        self.rooms.remove(room);
        self.open.remove(room);
    }

    /// Records a message that was received. `at` is the time in Unix milliseconds.
    pub fn receive(&mut self, room: &Room, count: Count, now: Instant, at: u64) {
        let Count { by, number, at: counted } = count;
        let at = at.min(counted);
        let first = Track::new(number, now, at);
        self.note(room, by, now, first, |track| track.receive(number, now, at));
    }

    /// Records that a process has said at `at` which number of a room was its newest then, and which spans of numbers no
    /// message has.
    pub fn hear_of(
        &mut self,
        room: &Room,
        by: u64,
        newest: u64,
        unused: &[(u64, u64)],
        now: Instant,
        at: u64,
    ) {
        let first = Track::new(newest, now, at);
        self.note(room, by, now, first, |track| track.hear_of(newest, unused, now, at));
    }

    /// Notes in the track of a process what was learnt of its numbers, or begins it with `first`. `learn` gives true if a
    /// new hole is seen.
    fn note(
        &mut self,
        room: &Room,
        by: u64,
        now: Instant,
        first: Track,
        learn: impl FnOnce(&mut Track) -> bool,
    ) {
        let Some(heard) = self.rooms.get_mut(room) else { return };
        match heard.track(by, now).map(learn) {
            Some(true) => _ = self.open.entry(room.clone()).or_insert(now + WAIT),
            Some(false) => {}
            None => heard.remember(by, first, now),
        }
    }

    /// Records that messages were lost in rooms that are not known, since then at the latest. The rooms in which
    /// nothing is missing by the numbers are told as well.
    pub fn suspect(&mut self, since: u64, reason: String, now: Instant) {
        let suspicion = self.suspicion.get_or_insert(Suspicion { due: now + WAIT, since, reason });
        suspicion.since = suspicion.since.min(since);
    }

    /// Begins anew in each room, because all rooms are told of an outage that explains what is missing. Gives the rooms in
    /// which something was missing before, and since when.
    pub fn start_over(&mut self, now: Instant) -> HashMap<Room, u64> {
        self.suspicion = None;
        let open = std::mem::take(&mut self.open);
        let rooms = &mut self.rooms;
        let missing = open.into_keys().filter_map(|room| {
            let since = rooms.get_mut(&room)?.close()?;
            Some((room, since))
        });
        let missing = missing.collect();
        for heard in self.rooms.values_mut() {
            *heard = Heard { settled: now + SETTLE, by: HashMap::new() };
        }
        missing
    }

    /// When to ask [`Gaps::take_due`] next.
    pub fn due(&self) -> Option<Instant> {
        self.open.values().copied().chain(self.suspicion.as_ref().map(|suspicion| suspicion.due)).min()
    }

    /// Takes what is missing and does not come any more. A notice covers everything up to now, so what else is missing in
    /// the same room by now is taken with it.
    pub fn take_due(&mut self, now: Instant) -> Vec<Missing> {
        if let Some(Suspicion { since, reason, .. }) = self.suspicion.take_if(|one| one.due <= now) {
            self.open.clear();
            let all = self.rooms.iter_mut().map(|(room, heard)| {
                let since = heard.close().map_or(since, |earlier| earlier.min(since));
                Missing { room: room.clone(), since, reason: Some(reason.clone()) }
            });
            return all.collect();
        }
        let due: Vec<_> =
            self.open.iter().filter(|(_, due)| **due <= now).map(|(room, _)| room.clone()).collect();
        let mut missing = Vec::new();
        for room in due {
            self.open.remove(&room);
            let Some(heard) = self.rooms.get_mut(&room) else { continue };
            match heard.oldest_hole() {
                // The hole that was due is filled; a younger one is not.
                Some(opened) if opened + WAIT > now => _ = self.open.insert(room, opened + WAIT),
                Some(_) => missing.extend(heard.close().map(|since| Missing { room, since, reason: None })),
                None => {}
            }
        }
        missing
    }
}

impl Heard {
    /// What a process sent; `None` if nothing is remembered of it.
    fn track(&mut self, by: u64, now: Instant) -> Option<&mut Track> {
        self.by.get_mut(&by).filter(|track| track.age(now) < REMEMBERED)
    }

    /// Remembers a process from the first number on that is heard of it.
    fn remember(&mut self, by: u64, track: Track, now: Instant) {
        if now < self.settled {
            return;
        }
        self.by.retain(|_, track| track.age(now) < REMEMBERED);
        if self.by.len() >= PROCESSES
            && let Some(oldest) = self.by.iter().max_by_key(|(_, track)| track.age(now)).map(|(by, _)| *by)
        {
            self.by.remove(&oldest);
        }
        self.by.insert(by, track);
    }

    /// When the oldest hole was seen.
    fn oldest_hole(&self) -> Option<Instant> {
        self.by.values().filter_map(Track::oldest_hole).min()
    }

    /// Forgets the holes, and gives since when something was missing.
    fn close(&mut self) -> Option<u64> {
        self.by.values_mut().filter_map(Track::close).min()
    }
}

#[cfg(test)]
mod tests;
