//! The load of a scenario.

use std::time::Duration;

/// What is sent and who listens.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// Clients that publish; publisher p starts on node `p mod nodes`.
    pub publishers: usize,
    /// Clients that listen; subscriber i starts on node `i mod nodes`.
    pub subscribers: usize,
    /// Messages a second, all publishers together, open loop.
    pub rate: f64,
    /// Bytes of text a message.
    pub payload: usize,
    /// Rooms; subscriber i is in room `floor(i / nodes) mod rooms`.
    pub rooms: usize,
    /// Whether a client sends unanswered and unknown messages again, under the same id.
    pub resend: bool,
    /// Load before the measurement.
    pub warm_up: Duration,
    /// The measured load.
    pub duration: Duration,
    /// How long late messages are waited for.
    pub drain: Duration,
    /// How long a client waits for a connection.
    pub connect_timeout: Duration,
    /// A client's first pause before it reconnects; it doubles, with jitter.
    pub reconnect_min: Duration,
    /// A client's longest pause before it reconnects.
    pub reconnect_max: Duration,
}
