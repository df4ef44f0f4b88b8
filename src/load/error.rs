//! Why there is no load, and what to do about it.

use std::io;
use std::time::Duration;

/// Why there is no load.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A node's URL cannot be used.
    #[error("{0:?} is not the URL of a node")]
    Url(String),
    /// What was asked for contradicts itself.
    #[error("the load cannot be built: {0}")]
    Settings(&'static str),
    /// Not every client could connect and subscribe.
    #[error("only {online} of {clients} clients were connected and subscribed within {limit:?}{trouble}")]
    Connect {
        /// Clients that were.
        online: usize,
        /// Clients that were to be there.
        clients: usize,
        /// How long they had.
        limit: Duration,
        /// The latest failure, in words that go on the sentence; or nothing.
        trouble: String,
    },
    /// A thread could not be started.
    #[error("a thread of the load generator could not be started: {0}")]
    Thread(#[from] io::Error),
}

impl LoadError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            LoadError::Url(_) => "a node's URL looks like ws://127.0.0.1:8080",
            LoadError::Settings(_) => {
                "every count is at least 1, there is one URL a node, and a dialect has its limits"
            }
            LoadError::Connect { .. } => {
                "each client needs a file descriptor here and one at its node: see `ulimit -n` and `--max-clients`"
            }
            LoadError::Thread(_) => "the machine may be short of memory or threads",
        }
    }
}
