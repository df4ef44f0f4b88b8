//! The figures that this bus counts beside those of every bus.

use metrics::{Counter, Gauge, counter, describe_counter, describe_gauge, gauge};

/// The figures of the queues to the peers.
///
/// | name | counts |
/// |---|---|
/// | `pubsub_lab_bus_hwm_dropped_total` | frames dropped because the queue to their peer was at its high-water mark |
/// | `pubsub_lab_bus_unsent_total` | frames that waited for a peer, or were being written, when it was lost |
/// | `pubsub_lab_bus_peers` | peers that this node's XPUB sockets are connected to at this moment |
#[derive(Clone)]
pub(super) struct Tally {
    pub(super) hwm_dropped: Counter,
    pub(super) unsent: Counter,
    pub(super) peers: Gauge,
}

impl Tally {
    /// Registers the names with the metrics recorder of the process.
    pub(super) fn register() -> Self {
        describe_counter!(
            "pubsub_lab_bus_hwm_dropped_total",
            "Frames dropped because the queue to their peer was at its high-water mark."
        );
        describe_counter!(
            "pubsub_lab_bus_unsent_total",
            "Frames that waited for a peer, or were being written, when it was lost."
        );
        describe_gauge!("pubsub_lab_bus_peers", "Peers that this node is connected to.");
        Self {
            hwm_dropped: counter!("pubsub_lab_bus_hwm_dropped_total"),
            unsent: counter!("pubsub_lab_bus_unsent_total"),
            peers: gauge!("pubsub_lab_bus_peers"),
        }
    }
}
