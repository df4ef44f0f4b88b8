//! The bandwidth of one direction of a link while a throttle holds: all connections of the link share it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use scenario::Condition;

/// The most that may pass at once after a pause, as time at the rate: together with one piece it is 50 ms of the rate.
const CREDIT: Duration = Duration::from_millis(30);
/// The most that a connection takes at once, as time at the rate and in bytes. It is small, so that connections take
/// turns.
const PIECE: Duration = Duration::from_millis(20);
const PIECE_BYTES: u64 = 16 * 1024;

/// The bandwidth of one direction of a link. Connections take slots in it, in the order in which they ask.
#[derive(Debug)]
pub(super) struct Bucket {
    bytes_per_second: u64,
    /// The instant at which the next slot begins.
    free: Mutex<Instant>,
}

impl Bucket {
    pub(super) fn new(bytes_per_second: u64) -> Self {
        Self { bytes_per_second: bytes_per_second.max(1), free: Mutex::new(Instant::now()) }
    }

    /// Number of bytes that a connection takes at once.
    pub(super) fn piece(&self) -> usize {
        let bytes = self.bytes_per_second as u128 * PIECE.as_millis() / 1_000;
        bytes.clamp(1, u128::from(PIECE_BYTES)) as usize
    }

    /// Takes the next slot, for this number of bytes. Returns the instant at which the slot begins.
    pub(super) fn take(&self, bytes: usize, now: Instant) -> Instant {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = now.checked_sub(CREDIT).map_or(*free, |earliest| earliest.max(*free));
        *free = begin + Duration::from_secs_f64(bytes as f64 / self.bytes_per_second as f64);
        begin
    }
}

/// The lowest rate among these conditions, in bytes per second; `None` if none of them throttles.
pub(super) fn lowest(conditions: impl Iterator<Item = Condition>) -> Option<u64> {
    let rate = |condition| match condition {
        Condition::Throttle(throttle) => Some(throttle.bytes_per_second),
        _ => None,
    };
    conditions.filter_map(rate).min()
}

/// Replaces the bandwidth of a link if the rate has changed. A new bucket has no credit.
pub(super) fn renew(bucket: &mut Option<Arc<Bucket>>, rate: Option<u64>) {
    if bucket.as_ref().map(|bucket| bucket.bytes_per_second) != rate.map(|rate| rate.max(1)) {
        *bucket = rate.map(|rate| Arc::new(Bucket::new(rate)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scenario::kinds;

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
        // As long as the slots are taken there is no credit, and afterwards there is no more than `CREDIT`.
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
}
