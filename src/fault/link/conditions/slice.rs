//! Slice: bytes pass in pieces, with pauses between them. Of several the smallest piece and the longest pause
//! hold. Sockets do not collect (TCP_NODELAY), so that each piece is a write and a packet of its own.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::link::bandwidth::Bucket;
use crate::link::force::{Force, Rule};
use scenario::{Condition, kinds};

/// The slices in force in one direction of one connection.
#[derive(Debug, Default)]
pub(super) struct Slices {
    in_force: Option<(usize, Duration)>,
    /// When the last piece passed, of those that were sliced.
    last: Option<Instant>,
}

impl Rule for Slices {
    fn update(&mut self, forces: &[Force], _: &[Arc<Bucket>]) -> bool {
        self.in_force = forces
            .iter()
            .filter_map(|force| match force.condition {
                Condition::Slice(kinds::Slice { bytes, pause }) => {
                    Some((usize::try_from(bytes).unwrap_or(usize::MAX).max(1), pause))
                }
                _ => None,
            })
            .reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
        if self.in_force.is_none() {
            self.last = None;
        }
        false
    }

    fn is_clear(&self) -> bool {
        self.in_force.is_none()
    }

    fn allow(&mut self, wanted: usize, now: Instant) -> Result<usize, Instant> {
        let Some((bytes, pause)) = self.in_force else { return Ok(wanted) };
        match self.last.map(|last| last + pause) {
            Some(again) if again > now => Err(again),
            _ => Ok(wanted.min(bytes)),
        }
    }

    fn passed(&mut self, _: usize, now: Instant) {
        if self.in_force.is_some() {
            // After the write, so that the pause is not shorter by its duration.
            self.last = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::force::ConditionKey;

    const PAUSE: Duration = Duration::from_secs(60);

    fn force(bytes: u64, pause: Duration) -> Force {
        let condition = Condition::Slice(kinds::Slice { bytes, pause });
        Force { key: ConditionKey { link: 0, hold: 1 }, condition, seed: [0; 32] }
    }

    #[test]
    fn a_piece_passes_and_the_next_after_the_pause() {
        let mut slice = Slices::default();
        slice.update(&[force(10, PAUSE)], &[]);
        let now = Instant::now();
        assert_eq!(slice.allow(95, now), Ok(10));
        assert_eq!(slice.allow(7, now), Ok(7));
        let (nanosecond, written) = (Duration::from_nanos(1), now + Duration::from_millis(3));
        slice.passed(1, written);
        let again = written + PAUSE;
        assert_eq!(slice.allow(85, written), Err(again));
        assert_eq!(slice.allow(85, again - nanosecond), Err(again));
        assert_eq!(slice.allow(85, again), Ok(10), "from that moment on");
        assert_eq!(slice.allow(85, again + nanosecond), Ok(10));
    }

    #[test]
    fn without_a_slice_all_passes_and_a_new_one_begins_without_a_pause() {
        let mut slice = Slices::default();
        let now = Instant::now();
        assert!(slice.is_clear());
        slice.passed(1, now);
        assert_eq!(slice.allow(95, now), Ok(95));
        slice.update(&[force(10, PAUSE)], &[]);
        assert!(!slice.is_clear());
        slice.passed(1, now);
        assert!(slice.allow(95, now).is_err());
        slice.update(&[Force { condition: Condition::Cut, ..force(1, PAUSE) }], &[]);
        assert!(slice.is_clear());
        assert_eq!(slice.allow(95, now), Ok(95));
        slice.update(&[force(10, PAUSE)], &[]);
        assert_eq!(slice.allow(95, now), Ok(10));
    }

    #[test]
    fn of_several_the_smallest_piece_and_the_longest_pause_hold() {
        let mut slice = Slices::default();
        slice.update(&[force(10, Duration::ZERO), force(20, PAUSE), force(15, Duration::ZERO)], &[]);
        assert_eq!(slice.in_force, Some((10, PAUSE)));
        slice.update(&[force(0, PAUSE)], &[]);
        assert_eq!(slice.allow(5, Instant::now()), Ok(1), "no piece is nothing");
    }
}
