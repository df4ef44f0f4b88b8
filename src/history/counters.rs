//! What the history counts, under the names that `/metrics` shows.

use metrics::{Counter, Gauge, counter, describe_counter, describe_gauge, gauge};

/// The counters of the service. The handles are looked up once, so the metrics recorder has to be installed before.
pub struct Counters {
    /// Messages that were stored.
    pub stored: Counter,
    /// Second copies of messages that are there already.
    pub duplicates: Counter,
    /// Deliveries that could not be understood; acknowledged and dropped.
    pub garbled: Counter,
    /// Presence and control, which nobody keeps.
    pub ignored: Counter,
    /// Fences that were committed.
    pub fences: Counter,
    /// Messages that were trimmed.
    pub trimmed: Counter,
    /// Transactions that were committed: stored and duplicates over this is the mean batch.
    pub batches: Counter,
    /// Transactions that failed and were tried again.
    pub failures: Counter,
    /// Connections to the broker made anew after a loss.
    pub reconnects: Counter,
    /// Deliveries in the batch that was committed last.
    pub batch: Gauge,
    /// Messages held.
    pub messages: Gauge,
    /// When the oldest of them was stored, in Unix seconds; 0 without one.
    pub oldest: Gauge,
    /// The highest sequence number given.
    pub seq: Gauge,
    /// Messages that wait in the queue at the broker.
    pub queue: Gauge,
}

impl Counters {
    /// Registers the names, each at zero.
    pub fn register() -> Self {
        let count = |name: &'static str, what: &'static str| {
            describe_counter!(name, what);
            let counter = counter!(name);
            counter.increment(0);
            counter
        };
        let level = |name: &'static str, what: &'static str| {
            describe_gauge!(name, what);
            let gauge = gauge!(name);
            gauge.set(0);
            gauge
        };
        Self {
            stored: count("pubsub_lab_history_stored_total", "Messages that were stored."),
            duplicates: count("pubsub_lab_history_duplicates_total", "Second copies that were dropped."),
            garbled: count("pubsub_lab_history_garbled_total", "Deliveries that could not be understood."),
            ignored: count("pubsub_lab_history_ignored_total", "Presence and control, which nobody keeps."),
            fences: count("pubsub_lab_history_fences_total", "Fences that were committed."),
            trimmed: count("pubsub_lab_history_trimmed_total", "Messages that were trimmed."),
            batches: count("pubsub_lab_history_batches_total", "Transactions that were committed."),
            failures: count(
                "pubsub_lab_history_write_failures_total",
                "Transactions that failed, to be retried.",
            ),
            reconnects: count("pubsub_lab_history_reconnects_total", "Connections made anew after a loss."),
            batch: level("pubsub_lab_history_last_batch_size", "Deliveries in the last batch."),
            messages: level("pubsub_lab_history_messages", "Messages held."),
            oldest: level(
                "pubsub_lab_history_oldest_timestamp_seconds",
                "When the oldest message was stored.",
            ),
            seq: level("pubsub_lab_history_seq", "The highest sequence number given."),
            queue: level("pubsub_lab_history_queue_messages", "Messages ready in the queue at the broker."),
        }
    }
}
