//! Somebody deleted an exchange: the connection that listens is told at once.
//!
//! One that is declared again is bound to nothing, and whoever declares it again may be another node: who listens
//! would not notice.

use tokio::sync::watch;

/// How often an exchange was found to be gone.
#[derive(Default)]
pub(super) struct Torn(watch::Sender<u64>);

impl Torn {
    /// One is gone, or was and has been made anew.
    pub(super) fn note(&self) {
        self.0.send_modify(|times| *times += 1);
    }

    /// How often until now.
    pub(super) fn times(&self) -> u64 {
        *self.0.borrow()
    }

    /// Resolves when it is more often than that.
    pub(super) async fn more_than(&self, times: u64) {
        // An error means that the bus is gone, and then nobody waits.
        let _ = self.0.subscribe().wait_for(|now| *now > times).await;
    }
}
