//! Throttle: all connections of the line together pass so many bytes a second, each way for itself.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use scenario::{Condition, kinds};

/// What may pass at once after a pause, in time: together with one piece 50 ms of the rate.
const CREDIT: Duration = Duration::from_millis(30);
/// How much a connection takes at once, in time and bytes. Small, so that connections take turns.
const PIECE: Duration = Duration::from_millis(20);
const PIECE_BYTES: u64 = 16 * 1024;

/// The bandwidth of one direction of a line. Connections take slots in it, in the order in which they ask.
#[derive(Debug)]
pub(super) struct Bucket {
    bytes_per_second: u64,
    /// When the next slot begins.
    free: Mutex<Instant>,
}

impl Bucket {
    fn new(bytes_per_second: u64) -> Self {
        Self { bytes_per_second: bytes_per_second.max(1), free: Mutex::new(Instant::now()) }
    }

    fn piece(&self) -> usize {
        let bytes = self.bytes_per_second as u128 * PIECE.as_millis() / 1_000;
        bytes.clamp(1, u128::from(PIECE_BYTES)) as usize
    }

    /// Takes the slot for so many bytes. Returns when it begins.
    fn take(&self, bytes: usize, now: Instant) -> Instant {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = now.checked_sub(CREDIT).map_or(*free, |earliest| earliest.max(*free));
        *free = begin + Duration::from_secs_f64(bytes as f64 / self.bytes_per_second as f64);
        begin
    }
}

/// The lowest rate among these.
pub(super) fn lowest(conditions: impl Iterator<Item = Condition>) -> Option<u64> {
    let rate = |condition| match condition {
        Condition::Throttle(kinds::Throttle { bytes_per_second }) => Some(bytes_per_second),
        _ => None,
    };
    conditions.filter_map(rate).min()
}

/// Gives the line another bandwidth if the rate is another one. A new bucket has no credit.
pub(super) fn renew(bucket: &mut Option<Arc<Bucket>>, rate: Option<u64>) {
    if bucket.as_ref().map(|bucket| bucket.bytes_per_second) != rate.map(|rate| rate.max(1)) {
        *bucket = rate.map(|rate| Arc::new(Bucket::new(rate)));
    }
}

/// The throttles in force in one direction of one connection: one a line, and each holds.
#[derive(Debug, Default)]
pub(super) struct Throttles {
    buckets: Vec<Arc<Bucket>>,
    /// Bytes for which slots are taken, and when the last of these slots begins.
    taken: Option<(usize, Instant)>,
}

impl Throttles {
    /// Takes over what is in force now. Slots in a bandwidth that is gone are gone.
    pub(super) fn update(&mut self, buckets: Vec<Arc<Bucket>>) {
        let same = self.buckets.len() == buckets.len()
            && self.buckets.iter().zip(&buckets).all(|(one, other)| Arc::ptr_eq(one, other));
        if !same {
            *self = Self { buckets, taken: None };
        }
    }

    pub(super) fn is_clear(&self) -> bool {
        self.buckets.is_empty()
    }

    /// How many of the wanted bytes may pass now, or when it is worth to ask again.
    pub(super) fn allow(&mut self, wanted: usize, now: Instant) -> Result<usize, Instant> {
        let Some(piece) = self.buckets.iter().map(|bucket| bucket.piece()).min() else { return Ok(wanted) };
        let (bytes, begin) = *self.taken.get_or_insert_with(|| {
            let bytes = wanted.min(piece);
            (bytes, self.buckets.iter().map(|bucket| bucket.take(bytes, now)).max().unwrap_or(now))
        });
        if begin > now { Err(begin) } else { Ok(bytes.min(wanted)) }
    }

    /// So many of the allowed bytes have passed.
    pub(super) fn passed(&mut self, bytes: usize) {
        self.taken = self.taken.and_then(|(taken, begin)| {
            taken.checked_sub(bytes).filter(|left| *left > 0).map(|left| (left, begin))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    /// A bandwidth whose first slot was free long before this moment.
    fn idle(bytes_per_second: u64) -> (Arc<Bucket>, Instant) {
        let bucket = Arc::new(Bucket::new(bytes_per_second));
        (bucket, Instant::now() + MS(1_000))
    }

    #[test]
    fn a_piece_is_twenty_milliseconds_of_the_rate_within_bounds() {
        for (rate, piece) in
            [(0, 1), (1, 1), (99, 1), (100, 2), (1_000, 20), (819_200, 16_384), (1 << 40, 16_384)]
        {
            assert_eq!(Bucket::new(rate).piece(), piece, "{rate}");
        }
    }

    #[test]
    fn slots_follow_each_other_at_the_rate_and_a_pause_gives_thirty_milliseconds_of_credit() {
        let (bucket, now) = idle(1_000);
        assert_eq!(bucket.take(20, now), now - MS(30));
        assert_eq!(bucket.take(100, now), now - MS(10));
        assert_eq!(bucket.take(1, now), now + MS(90));
        assert_eq!(bucket.take(1, now), now + MS(91));
        // As long as the slots are taken there is no credit, and then it is no more than that.
        assert_eq!(bucket.take(1, now + MS(122)), now + MS(92));
        assert_eq!(bucket.take(1, now + MS(124)), now + MS(94));
        assert_eq!(bucket.take(1, now + MS(900)), now + MS(870));
    }

    #[test]
    fn the_lowest_of_several_rates_holds() {
        let rate = |bytes_per_second| Condition::Throttle(kinds::Throttle { bytes_per_second });
        assert_eq!(lowest([rate(7), Condition::Cut, rate(5), rate(6)].into_iter()), Some(5));
        assert_eq!(lowest([Condition::Cut, Condition::Limit(kinds::Limit { bytes: 1 })].into_iter()), None);
    }

    #[test]
    fn a_bandwidth_stays_until_its_rate_is_another() {
        let mut bucket = None;
        renew(&mut bucket, None);
        assert!(bucket.is_none());
        renew(&mut bucket, Some(0));
        let first = bucket.clone().unwrap();
        assert_eq!(first.bytes_per_second, 1, "never nothing");
        renew(&mut bucket, Some(1));
        assert!(Arc::ptr_eq(&first, bucket.as_ref().unwrap()));
        renew(&mut bucket, Some(2));
        assert_eq!(bucket.as_ref().unwrap().bytes_per_second, 2);
        renew(&mut bucket, None);
        assert!(bucket.is_none());
    }

    #[test]
    fn a_connection_takes_a_slot_and_asks_again_when_it_begins() {
        let (bucket, now) = idle(1_000);
        let mut throttle = Throttles::default();
        assert!(throttle.is_clear());
        assert_eq!(throttle.allow(500, now), Ok(500));
        throttle.update(vec![bucket]);
        assert!(!throttle.is_clear());
        assert_eq!(throttle.allow(500, now), Ok(20), "credit, from 30 ms ago on");
        // What did not pass is still allowed, and no second slot is taken for it.
        throttle.passed(5);
        assert_eq!(throttle.allow(500, now), Ok(15));
        assert_eq!(throttle.allow(3, now), Ok(3));
        throttle.passed(15);
        assert_eq!(throttle.allow(500, now), Ok(20), "from 10 ms ago on");
        throttle.passed(20);
        let begin = now + MS(10);
        assert_eq!(throttle.allow(500, now), Err(begin));
        assert_eq!(throttle.allow(500, begin - Duration::from_nanos(1)), Err(begin));
        assert_eq!(throttle.allow(500, begin), Ok(20));
        // A slot for what is wanted, where that is less.
        throttle.passed(20);
        assert_eq!(throttle.allow(10, now), Err(now + MS(30)));
        throttle.passed(10);
        assert_eq!(throttle.allow(10, now), Err(now + MS(40)));
    }

    #[test]
    fn each_of_two_lines_holds_and_the_same_ones_keep_the_slot() {
        let ((slow, now), (fast, _)) = (idle(1_000), idle(10_000));
        let mut throttle = Throttles::default();
        throttle.update(vec![Arc::clone(&fast), Arc::clone(&slow)]);
        assert_eq!(throttle.allow(500, now), Ok(20), "the smaller piece");
        throttle.update(vec![Arc::clone(&fast), Arc::clone(&slow)]);
        assert_eq!(throttle.taken, Some((20, now - MS(30))), "nothing changed");
        throttle.passed(20);
        slow.take(100, now);
        assert_eq!(throttle.allow(500, now), Err(now + MS(90)), "the later slot");
        throttle.update(vec![Arc::clone(&fast)]);
        assert_eq!(throttle.taken, None, "the slot is gone with its bandwidth");
        assert_eq!(throttle.allow(500, now), Ok(200));
        throttle.update(vec![Arc::clone(&slow)]);
        assert_eq!(throttle.taken, None, "as many, and another");
        throttle.allow(1, now).unwrap_err();
        throttle.update(vec![]);
        assert!(throttle.is_clear() && throttle.taken.is_none());
    }
}
