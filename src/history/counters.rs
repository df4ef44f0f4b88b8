//! What the history counts, under the names that `/metrics` shows.

use metrics::{Counter, Gauge, counter, describe_counter, describe_gauge, gauge};

/// The counters of the service. Their handles are looked up once, so the metrics recorder has to be installed before.
pub struct Counters {
    /// Number of messages that were stored.
    pub stored: Counter,
    /// Number of second copies of messages that were already stored.
    pub duplicates: Counter,
    /// Number of deliveries that could not be read. They are acknowledged and dropped.
    pub garbled: Counter,
    /// Number of presence and control messages, which are not kept.
    pub ignored: Counter,
    /// Number of fences that were committed.
    pub fences: Counter,
    /// Number of messages that were trimmed.
    pub trimmed: Counter,
    /// Number of transactions that were committed. The mean batch is the stored messages and duplicates, divided by
    /// this.
    pub batches: Counter,
    /// Number of transactions that failed and were tried again.
    pub failures: Counter,
    /// Number of connections to the broker that were made anew after a loss.
    pub reconnects: Counter,
    /// Number of deliveries in the last committed batch.
    pub batch: Gauge,
    /// Number of messages that the history holds.
    pub messages: Gauge,
    /// When the oldest message was stored, in Unix seconds; 0 if there is none.
    pub oldest: Gauge,
    /// The highest sequence number given so far.
    pub seq: Gauge,
    /// Number of messages that wait in the queue at the broker.
    pub queue: Gauge,
}

impl Counters {
    /// Registers every counter and gauge at zero.
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
