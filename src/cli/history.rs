//! `pubsub-lab history`: the history service in the foreground. What `run`, `bench` and compose start.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::failure::{Failure, USAGE};

/// Flags of `pubsub-lab history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// The broker [default: amqp://127.0.0.1:5672]
    #[arg(long, value_name = "URL", env = "PUBSUB_LAB_BROKER", hide_env_values = true)]
    broker: Option<String>,

    /// Where the HTTP API answers; port 0 picks a free one
    #[arg(long, default_value = "127.0.0.1:9100", value_name = "ADDR")]
    listen: SocketAddr,

    /// The SQLite file
    #[arg(long, value_name = "FILE")]
    db: PathBuf,

    /// Prefix of every name on the broker, as the nodes have it
    #[arg(long, default_value = "pubsub-lab", value_name = "PREFIX")]
    namespace: String,
}

/// Runs the service until SIGINT or SIGTERM.
pub fn run(_args: HistoryArgs) -> Result<u8, Failure> {
    Err(Failure::new(USAGE, "this version has no history service", "run the pattern `redis`"))
}
