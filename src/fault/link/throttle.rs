//! Throttle: all connections of the line together pass so many bytes a second, each way for itself.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use scenario::Condition;

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
        Condition::Throttle { bytes_per_second } => Some(bytes_per_second),
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
pub(super) struct Throttle {
    buckets: Vec<Arc<Bucket>>,
    /// Bytes for which slots are taken, and when the last of these slots begins.
    taken: Option<(usize, Instant)>,
}

impl Throttle {
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
