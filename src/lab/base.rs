//! What a cluster stands on: the warden, a private directory, the processes' supervision. Ends all of it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::directory::PrivateDirectory;
use super::error::LabError;
use super::process::{Death, Supervision};
use super::warden::Warden;

/// Deaths that wait to be told; beyond, the newest is only logged. A cluster has fewer processes.
const DEATHS: usize = 256;
/// How long killed processes are waited for.
const REAP: Duration = Duration::from_millis(500);
/// How long the warden may take to end after everything is gone.
const RELEASE: Duration = Duration::from_millis(500);

/// Something that happened to a cluster and that nobody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabEvent {
    /// A process died; the others go on.
    Died(Death),
    /// The warden died. Without it nothing may run: everything was killed.
    WardenDied,
}

/// Where a cluster's events come out. There is one reader.
#[derive(Debug)]
pub struct Events {
    deaths: mpsc::Receiver<Death>,
    warden: Arc<Warden>,
}

impl Events {
    /// The next one. Waits for ever if none comes.
    pub async fn next(&mut self) -> LabEvent {
        tokio::select! {
            biased;
            // Everything dies with the warden; the cause comes first.
            () = self.warden.died() => LabEvent::WardenDied,
            Some(death) = self.deaths.recv() => LabEvent::Died(death),
        }
    }
}

/// What a cluster stands on. Dropped without [`close`](Self::close): everything is killed at once.
#[derive(Debug)]
pub struct Base {
    directory: PrivateDirectory,
    supervision: Supervision,
    /// The warden's own tasks, which end after those of the processes.
    tasks: TaskTracker,
    _kill: DropGuard,
}

impl Base {
    /// Starts the warden and makes the directory; `program` is this binary.
    pub fn new(program: &Path) -> Result<(Self, Events), LabError> {
        let tasks = TaskTracker::new();
        let warden = Arc::new(Warden::start(program, &tasks)?);
        let directory = PrivateDirectory::new(&warden)?;
        let cancel = CancellationToken::new();
        let (tell, deaths) = mpsc::channel(DEATHS);
        let (guard, killer) = (Arc::clone(&warden), cancel.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = guard.died() => killer.cancel(),
                () = killer.cancelled() => {}
            }
        });
        let events = Events { deaths, warden: Arc::clone(&warden) };
        let supervision = Supervision {
            warden,
            tracker: TaskTracker::new(),
            cancel: cancel.clone(),
            directory: directory.path().to_owned(),
            deaths: tell,
        };
        Ok((Self { directory, supervision, tasks, _kill: cancel.drop_guard() }, events))
    }

    /// The private directory.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// What processes are started with.
    pub fn supervision(&self) -> &Supervision {
        &self.supervision
    }

    /// Kills what still runs and removes the directory. At most a second; what takes longer is the warden's.
    pub async fn close(self) {
        let Self { directory, supervision, tasks, _kill } = self;
        supervision.cancel.cancel();
        supervision.tracker.close();
        tokio::time::timeout(REAP, supervision.tracker.wait()).await.ok();
        drop(directory);
        if !supervision.warden.release(RELEASE).await {
            tracing::warn!("the warden still cleans up");
        }
        tasks.close();
        tokio::time::timeout(RELEASE, tasks.wait()).await.ok();
    }
}
