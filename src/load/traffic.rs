//! What passes over the subscribers' connections: requests, and bytes both ways.
//!
//! What counts is the measured load: from its start until the figures are asked for. The opening of a connection that is
//! there when the load begins belongs to it, for without it nothing would come: the handshake of a WebSocket up to the
//! welcome, the request for a stream and the head of its answer, or the first poll and its answer. It does not end later,
//! because what one read brings cannot be told apart.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ledger::TrafficFigures;

/// Requests, bytes read and bytes written.
type Totals = [u64; 3];

fn minus(one: Totals, other: Totals) -> Totals {
    std::array::from_fn(|i| one[i].saturating_sub(other[i]))
}

/// What passes over the connections of one subscriber, one after another.
#[derive(Debug, Default)]
pub(super) struct Meter {
    requests: AtomicU64,
    read: AtomicU64,
    written: AtomicU64,
    marks: Mutex<Marks>,
}

/// What had passed at some moments.
#[derive(Debug, Default)]
struct Marks {
    /// When the present connection, or the attempt at one, began.
    began: Totals,
    /// When the present connection was open.
    open: Option<Totals>,
    /// What does not count. `None` before the measured load.
    before: Option<Totals>,
}

impl Meter {
    /// Counts a request.
    pub(super) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts bytes that were read.
    pub(super) fn read(&self, bytes: usize) {
        self.read.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Counts bytes that were written.
    pub(super) fn wrote(&self, bytes: usize) {
        self.written.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Records that a connection, or the attempt at one, begins.
    pub(super) fn connects(&self) {
        let now = self.totals();
        let mut marks = self.marks();
        (marks.began, marks.open) = (now, None);
    }

    /// Records that the present connection is open.
    pub(super) fn opened(&self) {
        let now = self.totals();
        self.marks().open.get_or_insert(now);
    }

    /// Records that the measured load begins.
    fn measure(&self) {
        let now = self.totals();
        let mut marks = self.marks();
        marks.before = Some(match marks.open {
            Some(open) => minus(now, minus(open, marks.began)),
            None => marks.began,
        });
    }

    /// What has passed and counts; `None` before the measured load.
    fn counted(&self) -> Option<Totals> {
        let before = self.marks().before?;
        Some(minus(self.totals(), before))
    }

    fn totals(&self) -> Totals {
        [&self.requests, &self.read, &self.written].map(|count| count.load(Ordering::Relaxed))
    }

    fn marks(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What passes over the connections of all subscribers. Each has a meter of its own, so that no two of them write to the
/// same counter.
#[derive(Debug)]
pub(super) struct Traffic {
    meters: Vec<Arc<Meter>>,
}

impl Traffic {
    /// The traffic of this number of subscribers, none of which is connected.
    pub(super) fn new(subscribers: usize) -> Self {
        Self { meters: (0..subscribers).map(|_| Arc::default()).collect() }
    }

    /// The meter of a subscriber.
    pub(super) fn meter(&self, subscriber: usize) -> Arc<Meter> {
        self.meters[subscriber].clone()
    }

    /// Records that the measured load begins.
    pub(super) fn measure(&self) {
        self.meters.iter().for_each(|meter| meter.measure());
    }

    /// What has passed until now, not yet shared out; `None` before the measured load.
    pub(super) fn figures(&self) -> Option<TrafficFigures> {
        let of = |[requests, bytes_in, bytes_out]: Totals| TrafficFigures {
            requests,
            bytes_in,
            bytes_out,
            bytes_per_delivery: None,
        };
        let counted = self.meters.iter().map(|meter| meter.counted());
        counted.into_iter().try_fold(TrafficFigures::default(), |sum, one| Some(sum + of(one?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass(meter: &Meter, bytes_in: usize, bytes_out: usize) {
        meter.request();
        meter.read(bytes_in);
        meter.wrote(bytes_out);
    }

    fn counted(traffic: &Traffic) -> Option<Totals> {
        traffic.figures().map(|figures| [figures.requests, figures.bytes_in, figures.bytes_out])
    }

    #[test]
    fn what_passes_before_the_load_does_not_count_but_for_the_opening_of_a_connection() {
        let traffic = Traffic::new(2);
        let meter = traffic.meter(0);
        pass(&meter, 1_000, 1_000);
        meter.connects();
        pass(&meter, 100, 10);
        meter.opened();
        pass(&meter, 5_000, 5_000);
        assert_eq!(counted(&traffic), None);
        traffic.measure();
        assert_eq!(counted(&traffic), Some([1, 100, 10]));
        meter.opened();
        pass(&meter, 7, 3);
        assert_eq!(counted(&traffic), Some([2, 107, 13]));
        // Another connection during the load counts from its beginning.
        meter.connects();
        pass(&meter, 100, 10);
        pass(&traffic.meter(1), 1, 1);
        assert_eq!(counted(&traffic), Some([4, 208, 24]));
    }

    #[test]
    fn who_is_just_connecting_when_the_load_begins_counts_from_that_attempt_on() {
        let traffic = Traffic::new(1);
        let meter = traffic.meter(0);
        meter.connects();
        pass(&meter, 50, 50);
        meter.opened();
        meter.connects();
        pass(&meter, 20, 10);
        traffic.measure();
        meter.opened();
        assert_eq!(counted(&traffic), Some([1, 20, 10]));
    }
}
