//! Throttle: all connections of the link together pass so many bytes a second, each way for itself.

use std::sync::Arc;

use tokio::time::Instant;

use crate::link::bandwidth::Bucket;
use crate::link::force::{Force, Rule};

/// The throttles in force in one direction of one connection: one a link, and each holds.
#[derive(Debug, Default)]
pub(super) struct Throttles {
    buckets: Vec<Arc<Bucket>>,
    /// Bytes for which slots are taken, and when the last of these slots begins.
    taken: Option<(usize, Instant)>,
}

impl Rule for Throttles {
    fn update(&mut self, _: &[Force], bandwidths: &[Arc<Bucket>]) -> bool {
        let same = self.buckets.len() == bandwidths.len()
            && self.buckets.iter().zip(bandwidths).all(|(one, other)| Arc::ptr_eq(one, other));
        if !same {
            // Slots in a bandwidth that is gone are gone.
            *self = Self { buckets: bandwidths.to_vec(), taken: None };
        }
        false
    }

    fn is_clear(&self) -> bool {
        self.buckets.is_empty()
    }

    fn is_asked_last(&self) -> bool {
        true
    }

    fn allow(&mut self, wanted: usize, now: Instant) -> Result<usize, Instant> {
        let Some(piece) = self.buckets.iter().map(|bucket| bucket.piece()).min() else { return Ok(wanted) };
        let (bytes, begin) = *self.taken.get_or_insert_with(|| {
            let bytes = wanted.min(piece);
            (bytes, self.buckets.iter().map(|bucket| bucket.take(bytes, now)).max().unwrap_or(now))
        });
        if begin > now { Err(begin) } else { Ok(bytes.min(wanted)) }
    }

    fn passed(&mut self, bytes: usize, _: Instant) {
        self.taken = self.taken.and_then(|(taken, begin)| {
            taken.checked_sub(bytes).filter(|left| *left > 0).map(|left| (left, begin))
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    /// A bandwidth whose first slot was free long before this moment.
    fn idle(bytes_per_second: u64) -> (Arc<Bucket>, Instant) {
        let bucket = Arc::new(Bucket::new(bytes_per_second));
        (bucket, Instant::now() + MS(1_000))
    }

    #[test]
    fn a_connection_takes_a_slot_and_asks_again_when_it_begins() {
        let (bucket, now) = idle(1_000);
        let mut throttle = Throttles::default();
        assert!(throttle.is_clear());
        assert_eq!(throttle.allow(500, now), Ok(500));
        throttle.update(&[], &[bucket]);
        assert!(!throttle.is_clear());
        assert_eq!(throttle.allow(500, now), Ok(20), "credit, from 30 ms ago on");
        // What did not pass is still allowed, and no second slot is taken for it.
        throttle.passed(5, now);
        assert_eq!(throttle.allow(500, now), Ok(15));
        assert_eq!(throttle.allow(3, now), Ok(3));
        throttle.passed(15, now);
        assert_eq!(throttle.allow(500, now), Ok(20), "from 10 ms ago on");
        throttle.passed(20, now);
        let begin = now + MS(10);
        assert_eq!(throttle.allow(500, now), Err(begin));
        assert_eq!(throttle.allow(500, begin - Duration::from_nanos(1)), Err(begin));
        assert_eq!(throttle.allow(500, begin), Ok(20));
        // A slot for what is wanted, where that is less.
        throttle.passed(20, now);
        assert_eq!(throttle.allow(10, now), Err(now + MS(30)));
        throttle.passed(10, now);
        assert_eq!(throttle.allow(10, now), Err(now + MS(40)));
    }

    #[test]
    fn each_of_two_lines_holds_and_the_same_ones_keep_the_slot() {
        let ((slow, now), (fast, _)) = (idle(1_000), idle(10_000));
        let mut throttle = Throttles::default();
        throttle.update(&[], &[Arc::clone(&fast), Arc::clone(&slow)]);
        assert_eq!(throttle.allow(500, now), Ok(20), "the smaller piece");
        throttle.update(&[], &[Arc::clone(&fast), Arc::clone(&slow)]);
        assert_eq!(throttle.taken, Some((20, now - MS(30))), "nothing changed");
        throttle.passed(20, now);
        slow.take(100, now);
        assert_eq!(throttle.allow(500, now), Err(now + MS(90)), "the later slot");
        throttle.update(&[], &[Arc::clone(&fast)]);
        assert_eq!(throttle.taken, None, "the slot is gone with its bandwidth");
        assert_eq!(throttle.allow(500, now), Ok(200));
        throttle.update(&[], &[Arc::clone(&slow)]);
        assert_eq!(throttle.taken, None, "as many, and another");
        throttle.allow(1, now).unwrap_err();
        throttle.update(&[], &[]);
        assert!(throttle.is_clear() && throttle.taken.is_none());
    }
}
