//! The flags that stand for a scenario's fields.

use clap::Args;

use scenario::Overrides;

/// Flags that stand for a scenario's fields. A negative number is a wrong value, and not a flag that nobody knows.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Override the scenario")]
pub(crate) struct OverrideArgs {
    /// Number of chat servers
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    nodes: Option<String>,
    /// Number of clients that publish
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    publishers: Option<String>,
    /// Number of clients that listen
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    subscribers: Option<String>,
    /// Messages per second, from all publishers together
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    rate: Option<String>,
    /// Bytes of text in each message
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true)]
    payload: Option<String>,
    /// Number of rooms that the clients are spread over
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    rooms: Option<String>,
    /// Send unanswered messages again, under the same id
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    resend: Option<String>,
    /// Watch who is said to be in the rooms
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    presence: Option<String>,
    /// How subscribers hear: ws, sse, long-poll or poll; of several, separated by commas, each has a run
    #[arg(long, value_name = "T,T")]
    transport: Option<String>,
    /// How often a subscriber asks, with the transport `poll`
    #[arg(long, value_name = "TIME")]
    poll_every: Option<String>,
    /// How long the load runs before it is measured
    #[arg(long, value_name = "TIME")]
    warm_up: Option<String>,
    /// How long the load is measured
    #[arg(long, value_name = "TIME")]
    duration: Option<String>,
    /// How long to wait for late messages
    #[arg(long, value_name = "TIME")]
    drain: Option<String>,
    /// How long a client waits for a connection
    #[arg(long, value_name = "TIME")]
    connect_timeout: Option<String>,
    /// The first pause of a client before it reconnects
    #[arg(long, value_name = "TIME")]
    reconnect_min: Option<String>,
    /// The longest pause of a client before it reconnects
    #[arg(long, value_name = "TIME")]
    reconnect_max: Option<String>,
}

impl OverrideArgs {
    /// The overrides that were given.
    pub(in super::super) fn overrides(&self) -> Overrides {
        let fields = [
            ("nodes", &self.nodes),
            ("publishers", &self.publishers),
            ("subscribers", &self.subscribers),
            ("rate", &self.rate),
            ("payload", &self.payload),
            ("rooms", &self.rooms),
            ("resend", &self.resend),
            ("presence", &self.presence),
            ("transport", &self.transport),
            ("poll_every", &self.poll_every),
            ("warm_up", &self.warm_up),
            ("duration", &self.duration),
            ("drain", &self.drain),
            ("connect_timeout", &self.connect_timeout),
            ("reconnect_min", &self.reconnect_min),
            ("reconnect_max", &self.reconnect_max),
        ];
        fields.into_iter().filter_map(|(key, value)| Some((key, value.clone()?))).collect()
    }
}
