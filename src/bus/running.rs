//! A bus that runs: its tasks, how they end, and the events until the node takes them.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::backoff::Backoff;
use super::keeper::{Service, keep};
use super::{BoxFuture, BusEvent, Counters};

/// How long the tasks of a bus that closes may take to end.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// The tasks of one bus, and the node's end of its events. Dropping it ends the tasks.
pub(super) struct Running {
    /// What the bus goes over, for the log.
    over: &'static str,
    events: Mutex<Option<mpsc::Receiver<BusEvent>>>,
    tasks: TaskTracker,
    stop: CancellationToken,
    _stop_when_dropped: DropGuard,
}

impl Running {
    pub(super) fn new(over: &'static str, events: mpsc::Receiver<BusEvent>) -> Self {
        let stop = CancellationToken::new();
        let _stop_when_dropped = stop.clone().drop_guard();
        Self { over, events: Mutex::new(Some(events)), tasks: TaskTracker::new(), stop, _stop_when_dropped }
    }

    /// Cancelled when the bus closes or is dropped.
    pub(super) fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// The tasks, for a task that starts others.
    pub(super) fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// Keeps a service connected until the bus stops.
    pub(super) fn keep(&self, service: impl Service, pauses: Backoff, counters: &Counters) {
        self.tasks.spawn(keep(service, pauses, counters.reconnects.clone(), self.stop.clone()));
    }

    /// Takes the events; `None` if they were taken before.
    pub(super) fn take_events(&self) -> Option<mpsc::Receiver<BusEvent>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Stops the tasks at once. The future waits for a moment until they have ended.
    pub(super) fn end(&self) -> BoxFuture<()> {
        self.stop.cancel();
        self.tasks.close();
        let (tasks, over) = (self.tasks.clone(), self.over);
        Box::pin(async move {
            if timeout(CLOSE_WITHIN, tasks.wait()).await.is_err() {
                tracing::warn!("the {over} bus did not end within {CLOSE_WITHIN:?}");
            }
        })
    }
}
