//! The signals that end a process in good order: Ctrl-C, or a service manager. SIGHUP is not among them: who started
//! the process with `nohup` wants it to stay, and the warden cleans up what a closed terminal kills.

use std::convert::Infallible;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::failure::{ENVIRONMENT, Failure};

/// The signals that ask for an end.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Takes over the signals: from now on they are this value's to handle.
    pub fn new() -> Result<Self, Failure> {
        let catch = |kind| {
            signal(kind).map_err(|error| {
                let message = format!("signals cannot be caught: {error}");
                Failure::new(ENVIRONMENT, message, "free some file descriptors")
            })
        };
        Ok(Self { interrupt: catch(SignalKind::interrupt())?, terminate: catch(SignalKind::terminate())? })
    }

    /// Resolves when a signal asks for an end.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Cancels the token at the first signal. The future never resolves; poll it beside the work.
pub fn cancel_on_signal(token: CancellationToken) -> Result<impl Future<Output = Infallible>, Failure> {
    let mut signals = Signals::new()?;
    Ok(async move {
        signals.next().await;
        token.cancel();
        std::future::pending().await
    })
}
