//! The durable history service: takes every chat message from its AMQP queue, stores it, and tells it again.

use std::path::PathBuf;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::bus::BusError;

/// How a history service is set up.
#[derive(Debug)]
pub struct HistoryOptions {
    /// The broker.
    pub url: String,
    /// Prefix of every exchange and queue.
    pub namespace: String,
    /// The SQLite file.
    pub db: PathBuf,
}

/// Serves until `shutdown` is cancelled.
///
/// # Errors
/// When the file cannot be opened at all.
pub async fn serve(
    _listener: TcpListener,
    _options: HistoryOptions,
    _shutdown: CancellationToken,
) -> Result<(), BusError> {
    Err(BusError::Setup("this version has no history service".into()))
}
