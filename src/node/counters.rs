//! What a node counts, under the names that `/metrics` shows.

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge};

use super::delay::DELIVERY_SECONDS;

/// Describes the node's counters and sets them to zero: a counter that appears with its first event hides that event
/// from whoever computes a rate. Call it once the metrics recorder is installed.
pub fn register() {
    describe_histogram!(
        DELIVERY_SECONDS,
        "Time from when the bus brought a message until it was written to the sockets of its room's clients."
    );
    describe_gauge!("pubsub_lab_sessions", "Clients that are connected.");
    describe_gauge!("pubsub_lab_event_readers", "Readers of server-sent events that are connected.");
    for name in ["pubsub_lab_sessions", "pubsub_lab_event_readers"] {
        gauge!(name).set(0);
    }
    for (name, what) in [
        ("pubsub_lab_sessions_too_slow_total", "Clients that were closed because they did not read."),
        ("pubsub_lab_clients_refused_total", "Clients that were turned away because the node was full."),
        ("pubsub_lab_origins_refused_total", "Clients that were turned away because of their origin."),
        (
            "pubsub_lab_sessions_forgotten_total",
            "Sessions without a connection whose message ids were forgotten to make room.",
        ),
        ("pubsub_lab_publishes_total", "Messages that clients gave to the bus."),
        ("pubsub_lab_whispers_total", "Whispers whose addressees were looked for."),
        ("pubsub_lab_polls_total", "Requests for what was said in a room."),
        ("pubsub_lab_event_streams_total", "Streams of server-sent events that were begun."),
        (
            "pubsub_lab_event_streams_lagged_total",
            "Times that a reader of events was so slow that the node no longer held what came next.",
        ),
        ("pubsub_lab_unknown_total", "Publishes that were perhaps sent."),
        ("pubsub_lab_room_envelopes_total", "Messages and presence that the bus brought to a room."),
        ("pubsub_lab_links_written_total", "Clients to whose sockets they were written."),
        ("pubsub_lab_outbox_dropped_frames_total", "Frames dropped because a client did not read."),
        ("pubsub_lab_replayed_frames_total", "Messages out of the history that were sent to clients."),
        ("pubsub_lab_replay_copies_dropped_total", "Live messages not sent because a replay had told them."),
        (
            "pubsub_lab_slow_catch_ups_total",
            "Slow clients that were caught up from the history, once for each time and room.",
        ),
        (
            "pubsub_lab_replay_dropped_frames_total",
            "Messages that a slow client missed and that the history did not bring.",
        ),
    ] {
        describe_counter!(name, what);
        counter!(name).increment(0);
    }
    describe_counter!(
        "pubsub_lab_replays_total",
        "Clients that asked for what they missed, by how much of it they got."
    );
    for recovered in ["all", "part", "none"] {
        counter!("pubsub_lab_replays_total", "recovered" => recovered).increment(0);
    }
    describe_counter!("pubsub_lab_refused_total", "Publishes that were certainly not sent, by code.");
    describe_counter!(
        "pubsub_lab_errors_total",
        "Frames of clients that were answered with an error, by code."
    );
}
