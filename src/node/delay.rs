//! How long what the bus brings stays in a node: from the moment the bus brought it until it was written to the sockets of the
//! room's clients. A client whose socket takes nothing more is not waited for.

use std::time::Instant;

use metrics::Histogram;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::time::{Duration, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// The name of the histogram, in seconds.
pub const DELIVERY_SECONDS: &str = "pubsub_lab_delivery_seconds";
/// The upper bounds of its buckets, in seconds.
pub const DELIVERY_BUCKETS: [f64; 15] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
];
/// Number of messages that are timed in one round. A round takes some milliseconds; what is beyond is written like all
/// else, and is not timed.
const TIMED: usize = 4_096;

/// How often the recorder sorts the times that came into their buckets. Until then each takes eight bytes, and nobody else
/// does it where nobody asks for `/metrics`.
const UPKEEP: Duration = Duration::from_secs(5);

/// Keeps the recorder from growing, until the token is cancelled.
pub async fn keep_small(metrics: PrometheusHandle, shutdown: CancellationToken) {
    let mut ticks = interval(UPKEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
        metrics.run_upkeep();
    }
}

/// The times of the messages that wait for a round, and of those that the round writes.
#[derive(Debug)]
pub struct Delay {
    waiting: Vec<Instant>,
    written: Vec<Instant>,
    shown: Histogram,
}

impl Delay {
    /// Looks up the histogram. The metrics recorder has to be installed before.
    pub fn new() -> Self {
        Self { waiting: Vec::new(), written: Vec::new(), shown: metrics::histogram!(DELIVERY_SECONDS) }
    }

    /// A message is queued for clients from now on.
    pub fn queued(&mut self) {
        if self.waiting.len() < TIMED {
            self.waiting.push(Instant::now());
        }
    }

    /// A round begins, and will write what is queued by now.
    pub fn round_begins(&mut self) {
        std::mem::swap(&mut self.waiting, &mut self.written);
    }

    /// The round has written it.
    pub fn round_ends(&mut self) {
        if self.written.is_empty() {
            return;
        }
        let now = Instant::now();
        self.written.drain(..).for_each(|since| self.shown.record(now.saturating_duration_since(since)));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use metrics::HistogramFn;

    use super::*;

    #[derive(Default)]
    struct Recorded(AtomicUsize);

    impl HistogramFn for Recorded {
        fn record(&self, seconds: f64) {
            assert!((0.0..60.0).contains(&seconds), "{seconds}");
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_message_is_timed_by_the_round_that_writes_it() {
        let recorded = Arc::new(Recorded::default());
        let shown = Histogram::from_arc(recorded.clone());
        let mut delay = Delay { waiting: Vec::new(), written: Vec::new(), shown };
        let count = || recorded.0.load(Ordering::Relaxed);
        delay.queued();
        delay.queued();
        delay.round_begins();
        // This one comes while the round writes, and is the next round's.
        delay.queued();
        delay.round_ends();
        assert_eq!(count(), 2);
        delay.round_begins();
        delay.round_ends();
        assert_eq!(count(), 3);
        (0..2 * TIMED).for_each(|_| delay.queued());
        delay.round_begins();
        delay.round_ends();
        assert_eq!(count(), 3 + TIMED, "bounded");
    }
}
