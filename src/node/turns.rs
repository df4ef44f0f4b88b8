//! Who may ask the bus for a replay: so many at once, and after a failure those who have waited since before it need not
//! fail one after the other.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::Semaphore;

use bus::{BoxFuture, BusError, Replay};

/// Replays that are asked for at once; the others wait. When a node dies, all its clients come at once, and the
/// history has other readers. A turn ends when the replay begins to come: a client that takes it slowly holds up nobody.
pub const AT_ONCE: usize = 16;

/// The turns of one node.
#[derive(Debug)]
pub struct Turns {
    free: Semaphore,
    /// The last failure, if nothing has worked since.
    failed: Mutex<Option<(Instant, BusError)>>,
}

impl Turns {
    /// All of them free.
    pub fn new() -> Self {
        Self { free: Semaphore::new(AT_ONCE), failed: Mutex::default() }
    }

    /// Asks for a client that came at this instant, when it is its turn; `None` where there is no history.
    pub async fn ask(
        &self,
        came: Instant,
        replay: impl FnOnce() -> Option<BoxFuture<Result<Replay, BusError>>>,
    ) -> Option<Result<Replay, BusError>> {
        // It is never closed.
        let _turn = self.free.acquire().await;
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, error)) = failed.filter(|(when, _)| *when > came) {
            return Some(Err(error));
        }
        let replay = replay()?.await;
        let failed = replay.as_ref().err().map(|error| (Instant::now(), error.clone()));
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = failed;
        Some(replay)
    }
}
