//! The run's own clock.

use std::time::{Duration, Instant};

/// The time since the run's zero. Copies of one clock agree on every thread.
#[derive(Debug, Clone, Copy)]
pub(super) struct LoadClock(Instant);

impl LoadClock {
    /// Starts a clock whose zero is now.
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the zero.
    pub(super) fn now(self) -> Duration {
        self.0.elapsed()
    }
}
