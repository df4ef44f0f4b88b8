//! A thread of its own with a Tokio runtime of its own. Publishers and subscribers each have one, so that they do not
//! wait for each other, nor for the caller that asks for the load.

use std::io;
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long cancelled tasks may take to end.
const ENDING: Duration = Duration::from_secs(1);

/// A runtime on a thread of its own.
#[derive(Debug)]
pub(super) struct Engine {
    name: &'static str,
    ended: oneshot::Receiver<()>,
}

impl Engine {
    /// Starts a thread, and `workers` more threads for its runtime if that is more than one. The tasks that
    /// `populate` gives to the tracker run until the token is cancelled.
    pub(super) fn start(
        name: &'static str,
        workers: usize,
        cancel: CancellationToken,
        populate: impl FnOnce(&TaskTracker) + Send + 'static,
    ) -> io::Result<Self> {
        let mut builder =
            if workers > 1 { Builder::new_multi_thread() } else { Builder::new_current_thread() };
        if workers > 1 {
            builder.worker_threads(workers).thread_name(name);
        }
        let runtime = builder.enable_all().build()?;
        let (ended_tx, ended) = oneshot::channel();
        thread::Builder::new().name(name.into()).spawn(move || {
            runtime.block_on(async {
                let tasks = TaskTracker::new();
                populate(&tasks);
                cancel.cancelled().await;
                tasks.close();
                let _ = timeout(ENDING, tasks.wait()).await;
            });
            runtime.shutdown_background();
            let _ = ended_tx.send(());
        })?;
        Ok(Self { name, ended })
    }

    /// Waits until the thread, whose token was cancelled, has ended.
    pub(super) async fn ended(self, limit: Duration) -> Result<(), FailedEnd> {
        match timeout(limit, self.ended).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(FailedEnd::Died(format!("the thread {} died", self.name))),
            Err(_) => Err(FailedEnd::Late(format!("the thread {} did not stop within {limit:?}", self.name))),
        }
    }
}

/// How a thread failed to end, as a sentence.
#[derive(Debug)]
pub(super) enum FailedEnd {
    /// The thread ended before it was asked to.
    Died(String),
    /// The thread has not ended in time.
    Late(String),
}
