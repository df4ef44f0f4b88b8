//! The news that somebody deleted an exchange, which reaches the connection that listens at once.
//!
//! An exchange that is declared again is bound to no queue. Another node may be the one that declares it, and then
//! the listening connection would not notice.

use tokio::sync::watch;

/// How often an exchange was found to be gone.
#[derive(Default)]
pub(super) struct ExchangeLosses(watch::Sender<u64>);

impl ExchangeLosses {
    /// Records that an exchange is gone, or was gone and has been declared again.
    pub(super) fn record(&self) {
        self.0.send_modify(|times| *times += 1);
    }

    /// How often an exchange was found to be gone until now.
    pub(super) fn count(&self) -> u64 {
        *self.0.borrow()
    }

    /// Resolves when an exchange was found to be gone more than `times` times.
    pub(super) async fn more_than(&self, times: u64) {
        // An error means that the bus is gone, and then nobody waits for this.
        let _ = self.0.subscribe().wait_for(|now| *now > times).await;
    }
}
