//! The load of a scenario.

use std::time::Duration;

use super::transport::Transport;

/// The load of a scenario: what is sent, and who listens.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// Number of clients that publish; publisher p starts on node `p mod nodes`.
    pub publishers: usize,
    /// Number of clients that listen; subscriber i starts on node `i mod nodes`.
    pub subscribers: usize,
    /// Messages per second of all publishers together, sent in an open loop.
    pub rate: f64,
    /// Number of bytes of a message's text.
    pub payload: usize,
    /// Number of rooms; subscriber i is in room `floor(i / nodes) mod rooms`.
    pub rooms: usize,
    /// Whether a client sends unanswered and unknown messages again, under the same id.
    pub resend: bool,
    /// Whether some subscribers watch who is said to be in their rooms.
    pub presence: bool,
    /// The ways in which subscribers hear: one run of each pattern for each of them. Never empty.
    pub transports: Vec<Transport>,
    /// How often a subscriber asks over [`Transport::Poll`].
    pub poll_every: Duration,
    /// Duration of the load before the measurement.
    pub warm_up: Duration,
    /// Duration of the measured load.
    pub duration: Duration,
    /// How long late messages are waited for after the load.
    pub drain: Duration,
    /// How long a client waits for a connection to be established.
    pub connect_timeout: Duration,
    /// The first pause of a client before it reconnects; it doubles with each failure, with jitter.
    pub reconnect_min: Duration,
    /// The longest pause of a client before it reconnects.
    pub reconnect_max: Duration,
}
