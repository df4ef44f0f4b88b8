//! What a service in the foreground says on standard error.

use tracing_subscriber::EnvFilter;

use super::{color, verbosity};
use crate::lab::logging::VARIABLE;

/// Begins to log. `PUBSUB_LAB_LOG` says what, else `-v` and `-q`; colours only on a terminal.
pub fn begin() {
    let filter =
        EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new(verbosity::get().log_filter()));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(color::on_stderr())
        .init();
}
