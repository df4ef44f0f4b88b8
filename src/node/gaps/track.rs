//! What one process sent to one room, as far as it reached this node.

use std::time::{Duration, Instant};

/// For how many milliseconds the message before a hole may have been under way to its node. What was lost after it was sent
/// by its client no earlier than that.
const UNDER_WAY: u64 = 500;
/// The most holes that are told apart. Two of more holes become one, and nothing in between is waited for.
const HOLES: usize = 64;

/// The numbers that have come, and those that have not.
#[derive(Debug)]
pub struct Track {
    newest: u64,
    /// When the newest number was sent, or received if that was earlier, in Unix milliseconds.
    at: u64,
    heard: Instant,
    holes: Vec<Hole>,
}

/// Numbers that have not come, though a later one has.
#[derive(Debug)]
struct Hole {
    from: u64,
    to: u64,
    seen: Instant,
    since: u64,
}

impl Track {
    /// Everything up to this number has come, or is not missed.
    pub fn new(newest: u64, now: Instant, at: u64) -> Self {
        Self { newest, at, heard: now, holes: Vec::new() }
    }

    /// For how long nothing was heard.
    pub fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.heard)
    }

    /// Takes in a number that came. Gives true if a new hole is seen. What comes twice changes nothing.
    pub fn receive(&mut self, number: u64, now: Instant, at: u64) -> bool {
        self.heard = now;
        if number <= self.newest {
            self.fill(number, number);
            return false;
        }
        let opened = self.open(number - 1, now);
        (self.newest, self.at) = (number, at);
        opened
    }

    /// Takes in what the process says of its numbers. Gives true if a new hole is seen.
    pub fn hear_of(&mut self, newest: u64, unused: &[(u64, u64)], now: Instant, at: u64) -> bool {
        self.heard = now;
        let opened = newest > self.newest && self.open(newest, now);
        self.newest = self.newest.max(newest);
        unused.iter().for_each(|(from, to)| self.fill(*from, *to));
        if self.holes.is_empty() {
            // Everything has come up to the moment at which that was said.
            self.at = self.at.max(at);
        }
        opened && !self.holes.is_empty()
    }

    /// When the oldest hole was seen.
    pub fn oldest_hole(&self) -> Option<Instant> {
        self.holes.iter().map(|hole| hole.seen).min()
    }

    /// Forgets the holes, and gives since when something was missing.
    pub fn close(&mut self) -> Option<u64> {
        std::mem::take(&mut self.holes).iter().map(|hole| hole.since).min()
    }

    /// Notes that everything after the newest number and up to this one is missing.
    fn open(&mut self, to: u64, now: Instant) -> bool {
        let from = self.newest + 1;
        if from > to {
            return false;
        }
        let full = self.holes.len() >= HOLES;
        match self.holes.last_mut() {
            Some(last) if full => last.to = to,
            _ => {
                let since = self.at.saturating_sub(UNDER_WAY);
                self.holes.push(Hole { from, to, seen: now, since });
            }
        }
        true
    }

    /// Notes that these numbers are not missing.
    fn fill(&mut self, from: u64, to: u64) {
        if self.holes.is_empty() || from > to {
            return;
        }
        let mut left = Vec::new();
        for hole in self.holes.drain(..) {
            let Hole { seen, since, .. } = hole;
            let below = (hole.from, hole.to.min(from.saturating_sub(1)));
            let above = (hole.from.max(to.saturating_add(1)), hole.to);
            match from > hole.to || to < hole.from {
                true => left.push(hole),
                false => {
                    let parts = [below, above].into_iter().filter(|(from, to)| from <= to);
                    left.extend(parts.map(|(from, to)| Hole { from, to, seen, since }));
                }
            }
        }
        self.holes = left;
    }
}
