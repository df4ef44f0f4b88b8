//! Who may ask the bus for a replay. The number of requests at once is bounded, and after a failure the clients that
//! have waited since before it need not fail one after the other.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::Semaphore;

use bus::{BoxFuture, BusError, Replay};

/// Number of replays that are requested at once; the other clients wait. When a node dies, all its clients come at
/// once, and the history has other readers. A turn ends when the replay begins to arrive: a client that takes it
/// slowly holds up nobody.
pub const AT_ONCE: usize = 16;
/// Number of slow clients for which a replay is requested at once. They have turns of their own, so that many of them
/// hold up nobody who comes back.
pub const SLOW_AT_ONCE: usize = 8;

/// The turns of one node.
#[derive(Debug)]
pub struct Turns {
    free: Semaphore,
    /// The last failure, and when it happened; `None` if a request has succeeded since.
    failed: Mutex<Option<(Instant, BusError)>>,
}

impl Turns {
    /// Makes turns for this many at once, all of them free.
    pub fn new(at_once: usize) -> Self {
        Self { free: Semaphore::new(at_once), failed: Mutex::default() }
    }

    /// Waits for a turn, then calls `replay` for a client that came at the instant `came`. After a failure that
    /// happened since then, gives that failure. `None` where there is no history.
    pub async fn request_replay(
        &self,
        came: Instant,
        replay: impl FnOnce() -> Option<BoxFuture<Result<Replay, BusError>>>,
    ) -> Option<Result<Replay, BusError>> {
        // The semaphore is never closed, so this cannot fail.
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
