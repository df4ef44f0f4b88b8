//! Which clock is which: the load counts from a zero of its own, the processes write Unix time. On one machine both
//! run alike, so one look at both together is enough.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Looks at both clocks; the one with the least time around it counts.
const LOOKS: usize = 5;

/// When the measured load began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Began(i64);

impl Began {
    /// From the load's clock, and the moment on it at which the measured load begins.
    pub fn read(now: impl Fn() -> Duration, begins: Duration) -> Self {
        let look = |_| {
            let (before, wall, after) = (now(), SystemTime::now(), now());
            let wall = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
            (after.saturating_sub(before), us(wall) - us(before + after.saturating_sub(before) / 2))
        };
        let zero = (0..LOOKS).map(look).min().map_or(0, |(_, zero)| zero);
        Self(zero + us(begins))
    }

    /// At this moment, in Unix microseconds.
    #[cfg(test)]
    pub fn at(unix_us: i64) -> Self {
        Self(unix_us)
    }

    /// In Unix milliseconds.
    pub fn unix_ms(self) -> Option<u64> {
        u64::try_from(self.0 / 1_000).ok()
    }

    /// Microseconds since then, of Unix microseconds.
    pub fn since(self, unix_us: u64) -> i64 {
        i64::try_from(unix_us).unwrap_or(i64::MAX).saturating_sub(self.0)
    }
}

fn us(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}
