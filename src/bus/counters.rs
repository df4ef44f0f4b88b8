//! What every bus counts, under the names that `/metrics` shows.

use metrics::{Counter, counter, describe_counter};

use super::PublishOutcome;
use super::refusal_log::RefusalLog;

/// The counters of one bus.
///
/// The handles of the counters are looked up once, so the metrics recorder has to be installed before the bus is
/// made.
///
/// | name | counts |
/// |---|---|
/// | `pubsub_lab_bus_published_total` | publishes that were taken |
/// | `pubsub_lab_bus_refused_total` | publishes that were certainly not sent |
/// | `pubsub_lab_bus_unknown_total` | publishes that were perhaps sent |
/// | `pubsub_lab_bus_received_total` | envelopes handed to the node |
/// | `pubsub_lab_bus_dropped_total` | envelopes dropped because the node did not read |
/// | `pubsub_lab_bus_garbled_total` | messages on our channels that are no envelopes |
/// | `pubsub_lab_bus_reconnects_total` | connections made anew after a loss |
pub struct Counters {
    /// Number of publishes that were taken.
    pub published: Counter,
    /// Number of publishes that were certainly not sent.
    pub refused: Counter,
    /// Number of publishes that were perhaps sent.
    pub unknown: Counter,
    /// Number of envelopes handed to the node.
    pub received: Counter,
    /// Number of envelopes dropped because the node did not read.
    pub dropped: Counter,
    /// Number of messages on our channels that are no envelopes.
    pub garbled: Counter,
    /// Number of connections made anew after a loss.
    pub reconnects: Counter,
    /// The refusals in the node's log: a counter has no words.
    refusals: RefusalLog,
}

impl Counters {
    /// Registers the names with the metrics recorder of the process.
    pub fn register() -> Self {
        describe_counter!("pubsub_lab_bus_published_total", "Publishes that were taken.");
        describe_counter!("pubsub_lab_bus_refused_total", "Publishes that were certainly not sent.");
        describe_counter!("pubsub_lab_bus_unknown_total", "Publishes that were perhaps sent.");
        describe_counter!("pubsub_lab_bus_received_total", "Envelopes handed to the node.");
        describe_counter!("pubsub_lab_bus_dropped_total", "Envelopes dropped because the node did not read.");
        describe_counter!("pubsub_lab_bus_garbled_total", "Messages on our channels that are no envelopes.");
        describe_counter!("pubsub_lab_bus_reconnects_total", "Connections made anew after a loss.");
        Self {
            published: counter!("pubsub_lab_bus_published_total"),
            refused: counter!("pubsub_lab_bus_refused_total"),
            unknown: counter!("pubsub_lab_bus_unknown_total"),
            received: counter!("pubsub_lab_bus_received_total"),
            dropped: counter!("pubsub_lab_bus_dropped_total"),
            garbled: counter!("pubsub_lab_bus_garbled_total"),
            reconnects: counter!("pubsub_lab_bus_reconnects_total"),
            refusals: RefusalLog::default(),
        }
    }

    /// Counts the outcome of one publish, and writes a refusal into the log.
    pub fn count(&self, outcome: &PublishOutcome) {
        self.refusals.record(outcome);
        match outcome {
            PublishOutcome::Ack(_) => self.published.increment(1),
            PublishOutcome::Refused { .. } => self.refused.increment(1),
            PublishOutcome::Unknown { .. } => self.unknown.increment(1),
        }
    }
}
