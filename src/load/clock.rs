//! The run's own clock.

use std::time::{Duration, Instant, SystemTime};

/// The time since the run's zero. Copies of one clock agree on every thread.
#[derive(Debug, Clone, Copy)]
pub struct LoadClock {
    zero: Instant,
    /// The machine's clock at the run's zero, since the Unix epoch.
    zero_unix: Duration,
}

impl LoadClock {
    /// Starts a clock whose zero is now.
    pub fn start() -> Self {
        let zero_unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { zero: Instant::now(), zero_unix }
    }

    /// The time since the zero.
    pub fn now(self) -> Duration {
        self.zero.elapsed()
    }

    /// The machine's clock at the zero, since the Unix epoch.
    pub fn zero_unix(self) -> Duration {
        self.zero_unix
    }

    /// A moment of the machine's clock, as the time since the zero; 0 for what was before it.
    pub(super) fn at_unix_ms(self, unix_ms: u64) -> Duration {
        Duration::from_millis(unix_ms).saturating_sub(self.zero_unix)
    }
}
