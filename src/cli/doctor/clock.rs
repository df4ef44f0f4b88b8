//! Measures the clocks: how fine the monotonic one is, how late a sleep wakes, whether the wall clock makes sense.

use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;

/// Number of sleeps that are measured, and the length of each.
const SAMPLES: usize = 100;
const SLEEP: Duration = Duration::from_millis(1);
/// A publish delay whose median is above this marks a latency as `harness_limited`.
pub(super) const LATE: Duration = Duration::from_micros(500);
/// The earliest plausible time of a wall clock, 2025-01-01: a clock before that was never set.
const EARLIEST: Duration = Duration::from_secs(1_735_689_600);
/// The greatest difference between the two clocks over the measurement.
const DRIFT: Duration = Duration::from_millis(50);

/// The measurements of the clocks.
#[derive(Debug, Serialize)]
pub(super) struct Clock {
    /// The smallest step of the monotonic clock that was seen, in nanoseconds.
    pub(super) resolution_ns: u64,
    /// How late sleeps of 1 ms woke.
    pub(super) late_us: Lateness,
    /// The time of the wall clock, as text.
    pub(super) wall: String,
    /// Whether the wall clock is set, and runs as fast as the monotonic one.
    pub(super) wall_is_sane: bool,
}

/// How late sleeps woke, in microseconds.
#[derive(Debug, Serialize)]
pub(super) struct Lateness {
    pub(super) samples: usize,
    pub(super) p50: u64,
    pub(super) p99: u64,
}

impl Clock {
    /// Measures the clocks for about a tenth of a second, best when nothing else of this process runs.
    pub(super) fn measure() -> Self {
        let (wall, monotonic) = (SystemTime::now(), Instant::now());
        let resolution = (0..200).filter_map(|_| step()).min().unwrap_or_default();
        let mut late: Vec<Duration> = (0..SAMPLES).map(|_| lateness()).collect();
        late.sort_unstable();
        let at = |share: usize| micros(late.get(SAMPLES * share / 100).copied().unwrap_or_default());
        let late_us = Lateness { samples: SAMPLES, p50: at(50), p99: at(99) };
        let now = SystemTime::now();
        let is_set = now.duration_since(SystemTime::UNIX_EPOCH).is_ok_and(|since| since > EARLIEST);
        let runs =
            now.duration_since(wall).is_ok_and(|by_wall| by_wall.abs_diff(monotonic.elapsed()) < DRIFT);
        Self {
            resolution_ns: u64::try_from(resolution.as_nanos()).unwrap_or(u64::MAX),
            late_us,
            wall: humantime::format_rfc3339_seconds(now).to_string(),
            wall_is_sane: is_set && runs,
        }
    }
}

/// Waits for the next step of the clock; `None` if it does not come soon.
fn step() -> Option<Duration> {
    let start = Instant::now();
    (0..10_000).map(|_| start.elapsed()).find(|elapsed| !elapsed.is_zero())
}

fn lateness() -> Duration {
    let start = Instant::now();
    std::thread::sleep(SLEEP);
    start.elapsed().saturating_sub(SLEEP)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests_of_the_machine {
    use super::*;

    #[test]
    fn what_is_measured_is_plausible() {
        let clock = Clock::measure();
        assert!((1..=100_000_000).contains(&clock.resolution_ns), "{clock:?}");
        assert!(clock.late_us.p50 <= clock.late_us.p99, "{clock:?}");
        assert!(clock.wall_is_sane, "{clock:?}");
    }
}
