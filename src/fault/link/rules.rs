//! What the conditions of all lines mean for one direction of one connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;
use tokio::time::Instant;

use super::delay::Delays;
use super::force::{Force, Key};
use super::limit::Limits;
use super::line::{Counters, Direction, Line};
use super::slice::Slices;
use super::throttle::Throttles;
use super::{blackhole, cut};

/// One line that a proxy obeys.
#[derive(Debug)]
pub(super) struct Attached {
    pub(super) line: Line,
    /// The line's forward is the proxy's back.
    pub(super) reversed: bool,
    /// The proxy's own number on this line.
    pub(super) number: u64,
}

impl Attached {
    pub(super) fn direction(&self, of_proxy: Direction) -> Direction {
        if self.reversed { of_proxy.opposite() } else { of_proxy }
    }
}

/// What holds in one direction of one connection, and how far each condition has come there.
#[derive(Debug)]
pub(super) struct Rules {
    lines: Arc<[Attached]>,
    direction: Direction,
    /// The number of the connection within its proxy.
    connection: u64,
    bell: watch::Receiver<()>,
    /// Connections are to be reset.
    pub(super) cut: bool,
    /// Nothing passes.
    pub(super) black: bool,
    pub(super) delay: Delays,
    pub(super) throttle: Throttles,
    pub(super) slice: Slices,
    pub(super) limit: Limits,
}

impl Rules {
    pub(super) fn new(
        lines: Arc<[Attached]>,
        direction: Direction,
        connection: u64,
        bell: watch::Receiver<()>,
    ) -> Self {
        let mut rules = Self {
            lines,
            direction,
            connection,
            bell,
            cut: false,
            black: false,
            delay: Delays::default(),
            throttle: Throttles::default(),
            slice: Slices::default(),
            limit: Limits::default(),
        };
        rules.update();
        rules
    }

    /// Takes over what has changed, if anything has. Says whether a delay was healed.
    pub(super) fn refresh(&mut self) -> bool {
        matches!(self.bell.has_changed(), Ok(true)) && self.update()
    }

    fn update(&mut self) -> bool {
        // First the bell: what changes after this rings again.
        self.bell.borrow_and_update();
        let (mut forces, mut buckets) = (Vec::new(), Vec::new());
        for (index, attached) in self.lines.iter().enumerate() {
            let (in_force, bucket) = attached.line.in_force(attached.direction(self.direction));
            buckets.extend(bucket);
            forces.extend(in_force.into_iter().map(|(hold, condition)| {
                let seed = self.seed(attached, hold.0);
                Force { key: Key { line: index, hold: hold.0 }, condition, seed }
            }));
        }
        self.cut = cut::holds(forces.iter().map(|force| force.condition));
        self.black = blackhole::holds(forces.iter().map(|force| force.condition));
        self.throttle.update(buckets);
        self.slice.update(&forces);
        self.limit.update(&forces);
        self.delay.update(&forces)
    }

    fn seed(&self, attached: &Attached, hold: u64) -> [u8; 32] {
        let path = attached.number << 1 | u64::from(attached.direction(self.direction) == Direction::Back);
        let mut seed = [0; 32];
        for (part, of) in [attached.line.seed(), hold, path, self.connection].into_iter().enumerate() {
            seed[part * 8..][..8].copy_from_slice(&of.to_le_bytes());
        }
        seed
    }

    /// Whether bytes pass untouched.
    pub(super) fn is_clear(&self) -> bool {
        !self.cut
            && !self.black
            && self.delay.is_clear()
            && self.throttle.is_clear()
            && self.slice.is_clear()
            && self.limit.is_clear()
    }

    /// Resolves when a condition was struck or healed since the last look.
    pub(super) async fn changed(&self) {
        // A clone, so that it still counts as not looked at.
        let mut bell = self.bell.clone();
        if bell.changed().await.is_err() {
            // The proxy is gone: nothing changes any more.
            std::future::pending().await
        }
    }

    /// So many bytes have passed.
    pub(super) fn passed(&mut self, bytes: usize) {
        self.throttle.passed(bytes);
        self.slice.passed(Instant::now());
        self.limit.passed(bytes);
        for attached in self.lines.iter() {
            attached.line.counters().passed(attached.direction(self.direction), bytes);
        }
    }

    /// Counts one more of something, on each line.
    pub(super) fn count(&self, counter: impl Fn(&Counters) -> &AtomicU64) {
        for attached in self.lines.iter() {
            counter(attached.line.counters()).fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
