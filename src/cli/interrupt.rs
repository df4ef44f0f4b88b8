//! Ctrl-C and SIGTERM: the first asks for an orderly end, the second ends at once.

use std::convert::Infallible;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::failure::{ENVIRONMENT, Failure};

/// Cancels the token at the first SIGINT or SIGTERM. The future never resolves; poll it beside the work.
pub fn cancel_on_signal(token: CancellationToken) -> Result<impl Future<Output = Infallible>, Failure> {
    let watch = |kind| {
        signal(kind).map_err(|error| {
            Failure::new(
                ENVIRONMENT,
                format!("cannot watch for signals: {error}"),
                "free some file descriptors",
            )
        })
    };
    let (mut interrupt, mut terminate) = (watch(SignalKind::interrupt())?, watch(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        token.cancel();
        std::future::pending().await
    })
}
