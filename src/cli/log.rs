//! What a service in the foreground says on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Begins to log. `PUBSUB_LAB_LOG` says what; colours only on a terminal.
pub fn begin() {
    // What the AMQP library says about a lost connection the services say themselves, once.
    let filter =
        EnvFilter::try_from_env("PUBSUB_LAB_LOG").unwrap_or_else(|_| EnvFilter::new("info,lapin=off"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .init();
}
