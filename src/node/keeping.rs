//! How a session is kept so that it can continue: its client gets a new token, or the cluster's store a new text, each
//! time its rooms have changed, and long before the last one ends.

use std::future::pending;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::session::Session;
use super::sessions::Sessions;
use wire::NodeFrame;

/// The pause after which a store that did not take a session is tried again.
const SAVE_AGAIN: Duration = Duration::from_secs(1);

/// How far a session is kept as it is.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    /// Whether the session is kept at all: its client said hello, or the store has it whoever it is.
    kept: bool,
    /// Whether it has changed since it was last kept. Several changes that come in one go are kept as one.
    changed: bool,
    /// When it is to be kept again, changed or not.
    again: Option<Instant>,
    saving: Option<JoinHandle<Result<(), String>>>,
    /// Changes each time the store is there again.
    returns: Option<watch::Receiver<u64>>,
}

impl Keeping {
    /// Of a session that is not kept yet.
    pub(super) fn by(sessions: &Sessions) -> Self {
        Self { returns: sessions.store_returns(), ..Self::default() }
    }

    /// The session is kept from now on, and is so now.
    pub(super) fn begin(&mut self, again: Duration) {
        (self.kept, self.changed, self.again) = (true, false, Some(Instant::now() + again));
    }

    /// Notes that the session is another than the one that is kept.
    pub(super) fn changed(&mut self) {
        self.changed = self.kept;
    }

    /// The instant at which to look again.
    pub(super) fn wake(&mut self, now: Instant) -> Option<Instant> {
        if self.again.is_some_and(|again| again <= now) {
            (self.again, self.changed) = (None, true);
        }
        self.again
    }

    /// Whether the session is to be kept anew.
    pub(super) fn is_due(&self) -> bool {
        self.changed && self.saving.is_none()
    }

    /// Resolves when the store has answered, after it was noted whether it took the session; or when the store is there
    /// again, which may have forgotten the session.
    pub(super) async fn store_speaks(&mut self) {
        let Self { saving, returns, .. } = self;
        let answer = async {
            match saving {
                Some(saving) => saving.await.is_ok_and(|saved| saved.is_ok()),
                None => pending().await,
            }
        };
        let is_back = async {
            // Without a store, and when the store has ended, there is none to wait for.
            if let Some(returns) = returns
                && returns.changed().await.is_ok()
            {
                return;
            }
            pending().await
        };
        tokio::select! {
            taken = answer => {
                self.saving = None;
                if !taken {
                    self.again = Some(Instant::now() + SAVE_AGAIN);
                }
            }
            () = is_back => self.changed(),
        }
    }
}

impl Session {
    /// Keeps the session as it is now.
    pub(super) fn keep(&mut self) {
        let sessions = &self.shared.sessions;
        self.keeping.begin(sessions.keep_again());
        match sessions.save(&self.identity, &self.rooms) {
            Some(saving) => self.keeping.saving = Some(self.shared.tasks.spawn(saving)),
            None => {
                let session = &sessions.token(&self.identity, &self.rooms);
                self.send_frame(&NodeFrame::Session { session });
            }
        }
    }

    /// Keeps what has changed before the session ends. The client is gone, so only a store can have it.
    pub(super) fn keep_last(&mut self) {
        if self.keeping.changed
            && let Some(saving) = self.shared.sessions.save(&self.identity, &self.rooms)
        {
            // Nobody is left to be told of a failure.
            drop(self.shared.tasks.spawn(saving));
        }
    }
}
