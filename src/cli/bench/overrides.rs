//! The flags that stand for a scenario's fields.

use clap::Args;

use scenario::Overrides;

/// Flags that stand for a scenario's fields.
#[derive(Debug, Args)]
#[command(next_help_heading = "Instead of the scenario's own values")]
pub(super) struct OverrideArgs {
    /// Chat servers
    #[arg(long, value_name = "N")]
    nodes: Option<String>,
    /// Clients that publish
    #[arg(long, value_name = "N")]
    publishers: Option<String>,
    /// Clients that listen
    #[arg(long, value_name = "N")]
    subscribers: Option<String>,
    /// Messages a second, all publishers together
    #[arg(long, value_name = "N")]
    rate: Option<String>,
    /// Bytes of text a message
    #[arg(long, value_name = "BYTES")]
    payload: Option<String>,
    /// Rooms that the clients spread over
    #[arg(long, value_name = "N")]
    rooms: Option<String>,
    /// Send unanswered messages again, under the same id
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    resend: Option<String>,
    /// Load before the measurement
    #[arg(long, value_name = "TIME")]
    warm_up: Option<String>,
    /// The measured load
    #[arg(long, value_name = "TIME")]
    duration: Option<String>,
    /// How long late messages are waited for
    #[arg(long, value_name = "TIME")]
    drain: Option<String>,
    /// How long a client waits for a connection
    #[arg(long, value_name = "TIME")]
    connect_timeout: Option<String>,
    /// A client's first pause before it reconnects
    #[arg(long, value_name = "TIME")]
    reconnect_min: Option<String>,
    /// A client's longest pause before it reconnects
    #[arg(long, value_name = "TIME")]
    reconnect_max: Option<String>,
}

impl OverrideArgs {
    /// The overrides that were given.
    pub(super) fn overrides(&self) -> Overrides {
        let fields = [
            ("nodes", &self.nodes),
            ("publishers", &self.publishers),
            ("subscribers", &self.subscribers),
            ("rate", &self.rate),
            ("payload", &self.payload),
            ("rooms", &self.rooms),
            ("resend", &self.resend),
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
