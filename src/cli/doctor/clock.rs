//! The clocks: how fine the monotonic one is, how late a sleep wakes, whether the wall clock makes sense.

use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;

/// How often a sleep is measured, and how long it is.
const SAMPLES: usize = 100;
const SLEEP: Duration = Duration::from_millis(1);
/// Publish delay with a median above this marks a latency as `harness_limited`.
pub(super) const LATE: Duration = Duration::from_micros(500);
/// 2025-01-01: a wall clock before that was never set.
const EARLIEST: Duration = Duration::from_secs(1_735_689_600);
/// How much the two clocks may differ over the measurement.
const DRIFT: Duration = Duration::from_millis(50);

/// What was measured.
#[derive(Debug, Serialize)]
pub(super) struct Clock {
    /// The smallest step that was seen of the monotonic clock.
    pub(super) resolution_ns: u64,
    /// How late sleeps of 1 ms woke.
    pub(super) late_us: Lateness,
    /// The wall clock, as text.
    pub(super) wall: String,
    /// Whether it is set, and runs as fast as the monotonic one.
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
    /// Measures for about a tenth of a second, best when nothing else of this process runs.
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

/// The next step of the clock, if it comes soon.
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
