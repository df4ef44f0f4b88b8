//! The run's own clock.

use std::time::{Duration, Instant};

/// Counts from the run's zero. Copies of one clock agree, on every thread.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock(Instant);

impl Clock {
    /// A clock whose zero is now.
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the zero.
    pub(super) fn now(self) -> Duration {
        self.0.elapsed()
    }
}
