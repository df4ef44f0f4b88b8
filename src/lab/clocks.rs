//! Relates the two clocks of a run: the load counts from a zero of its own, the processes write Unix time. On one
//! machine both run alike, so one look at both together is enough.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use report::story::Began;

/// Number of looks at both clocks; the look that took the least time counts.
const LOOKS: usize = 5;

/// The Unix time at which the measured load begins, from the load's clock, the wall clock, and the moment on the load's
/// clock at which it begins.
pub(super) fn load_began(
    now: impl Fn() -> Duration,
    wall: impl Fn() -> SystemTime,
    begins: Duration,
) -> Began {
    let look = |_| {
        let (before, wall, after) = (now(), wall(), now());
        let wall = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        (after.saturating_sub(before), us(wall) - us(before + after.saturating_sub(before) / 2))
    };
    let zero = (0..LOOKS).map(look).min().map_or(0, |(_, zero)| zero);
    Began::at(zero + us(begins))
}

fn us(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn the_look_that_took_least_counts_and_its_wall_clock_stands_in_the_middle_of_it() {
        // The load's clock before and after each look. Only the third look was not interrupted.
        let looks = [(0, 900), (1_000, 1_500), (2_000, 2_020), (3_000, 3_700), (4_000, 4_300)];
        let clock = looks.map(|(before, after)| [before, after]).concat();
        let (asked, wall) = (Cell::new(0), Cell::new(0));
        let now = || Duration::from_micros(clock[asked.replace(asked.get() + 1)]);
        let wall = || {
            let look = wall.replace(wall.get() + 1);
            // Each interruption came before the wall clock was read. In the third look the wall clock was read in the
            // middle.
            let at = if look == 2 { 2_010 } else { looks[look].1 };
            UNIX_EPOCH + Duration::from_micros(1_700_000_000_000_000 + at)
        };
        let began = load_began(now, wall, Duration::from_micros(50));
        assert_eq!(began, Began::at(1_700_000_000_000_050));
    }
}
