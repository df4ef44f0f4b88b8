//! The base of a cluster, which ends everything when it is closed: the warden, a private directory, and the supervision
//! of processes.

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

/// Number of deaths that wait to be reported; beyond it, the newest is only logged. A cluster has fewer processes.
const DEATHS: usize = 256;
/// How long the lab waits for killed processes to be reaped.
const REAP: Duration = Duration::from_millis(500);
/// How long the warden may take to end after everything else is gone.
const RELEASE: Duration = Duration::from_millis(500);

/// An event in a cluster that nobody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabEvent {
    /// A process died; the other processes go on.
    Died(Death),
    /// The warden died. Nothing may run without it, so everything was killed.
    WardenDied,
}

/// The receiving end of a cluster's events. There is one reader.
#[derive(Debug)]
pub struct Events {
    deaths: mpsc::Receiver<Death>,
    warden: Arc<Warden>,
}

impl Events {
    /// The next event. Waits for ever if none comes.
    pub async fn next(&mut self) -> LabEvent {
        tokio::select! {
            biased;
            // Every process dies with the warden; the death of the warden, which is the cause, comes first.
            () = self.warden.died() => LabEvent::WardenDied,
            Some(death) = self.deaths.recv() => LabEvent::Died(death),
        }
    }
}

/// What a cluster stands on. If it is dropped without [`close`](Self::close), everything is killed at once.
#[derive(Debug)]
pub struct Base {
    directory: PrivateDirectory,
    supervision: Supervision,
    /// Counts the warden's own tasks, which end after those of the processes.
    tasks: TaskTracker,
    _kill: DropGuard,
}

impl Base {
    /// Starts the warden and makes the private directory; `program` is the path of this binary.
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

    /// The path of the private directory.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The supervision under which processes are started.
    pub fn supervision(&self) -> &Supervision {
        &self.supervision
    }

    /// Kills every process that still runs and removes the directory. Takes at most a second; what takes longer is left
    /// to the warden.
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
