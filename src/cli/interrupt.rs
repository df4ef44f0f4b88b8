//! The signals that end a process in good order: Ctrl-C, a service manager, a closed terminal. Who started the process
//! with `nohup` wants it to stay, so an ignored SIGHUP stays ignored.

use std::convert::Infallible;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::failure::{ENVIRONMENT, Failure};

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Ctrl-C: somebody at the terminal wants that what is under way ends.
    Interrupt,
    /// A service manager, or a closed terminal: everything is to end.
    End,
}

/// The signals that ask for an end.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// A closed terminal. `None` where the user has said that it ends nothing (`nohup`).
    hangup: Option<Signal>,
    /// Without a handler this signal ends a process whose file may grow no further; with one, the write fails.
    _file_size: Option<Signal>,
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
        let hangup = if hangup_is_ignored() { None } else { Some(catch(SignalKind::hangup())?) };
        Ok(Self {
            interrupt: catch(SignalKind::interrupt())?,
            terminate: catch(SignalKind::terminate())?,
            hangup,
            _file_size: signal(SignalKind::from_raw(nix::sys::signal::Signal::SIGXFSZ as i32)).ok(),
        })
    }

    /// Leaves SIGHUP to somebody who listens for it: it asks for no end then.
    pub fn spare_hangup(&mut self) {
        self.hangup = None;
    }

    /// Cancels the token at the first signal. The future never resolves; poll it beside the work.
    pub async fn cancel(mut self, token: CancellationToken) -> Infallible {
        self.next().await;
        token.cancel();
        std::future::pending().await
    }

    /// Resolves when a signal asks for an end.
    pub async fn next(&mut self) {
        self.asked().await;
    }

    /// Resolves when a signal comes. Gives what it asks for.
    pub async fn asked(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::Interrupt,
            _ = self.terminate.recv() => Asked::End,
            () = received(&mut self.hangup) => Asked::End,
        }
    }
}

/// Resolves when the signal comes, if it is listened for.
async fn received(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Whether this process was started with SIGHUP ignored. Only Linux tells; elsewhere the signal is left as it is.
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // Bit 0 stands for signal 1, which is SIGHUP.
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_none_or(|mask| mask & 1 == 1)
}

/// Cancels the token at the first signal. The future never resolves; poll it beside the work.
pub fn cancel_on_signal(token: CancellationToken) -> Result<impl Future<Output = Infallible>, Failure> {
    Ok(Signals::new()?.cancel(token))
}
