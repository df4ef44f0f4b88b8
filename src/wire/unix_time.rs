//! The time of day, as frames and envelopes name it.

use std::time::{SystemTime, UNIX_EPOCH};

/// The current time in Unix milliseconds by this machine's clock; 0 if that stands before 1970.
pub fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
