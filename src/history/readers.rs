//! Answers requests from the file: over a few connections to it, each on a thread of its own while it reads, so that
//! neither the writer nor the runtime waits for them.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::store::{self, Reader};

/// Number of requests that read the file at once.
const READERS: usize = 4;
/// How long a request may wait for its turn.
const TURN: Duration = Duration::from_secs(2);
/// How long a request may take once it has its turn.
const ANSWER: Duration = Duration::from_secs(5);

/// The readers of one file. Cheap to clone.
#[derive(Clone)]
pub struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Reader>>>,
    turns: Arc<Semaphore>,
    tasks: TaskTracker,
}

impl Readers {
    /// Makes the readers of a file, with no connection open yet.
    pub fn new(path: PathBuf, tasks: TaskTracker) -> Self {
        Self { path, idle: Arc::default(), turns: Arc::new(Semaphore::new(READERS)), tasks }
    }

    /// Runs `read` over the file.
    ///
    /// # Errors
    /// A sentence, when the file cannot be read now.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Reader) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, String> {
        let turn = timeout(TURN, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err("too many questions at once".into()) };
        let (path, idle) = (self.path.clone(), Arc::clone(&self.idle));
        let answer = self.tasks.spawn_blocking(move || {
            let _turn = turn;
            let rested = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let rested = rested.filter(|reader| reader.is_current(&path));
            let reader = rested.map_or_else(|| Reader::open(&path), Ok);
            let answer = reader.and_then(|mut reader| {
                let answer = question(&mut reader)?;
                // Only a connection whose read succeeded is used again.
                idle.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
                Ok(answer)
            });
            answer.map_err(|error| store::sentence(&path, &error))
        });
        match timeout(ANSWER, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err("the question failed".into()),
            Err(_) => Err(format!("the database {} does not answer", self.path.display())),
        }
    }
}
