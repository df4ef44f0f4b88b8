//! The reasons why a load cannot be started, and what to do about each.

use std::io;
use std::time::Duration;

use scenario::Transport;

/// The reason why a load cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A node's URL, as it may be shown, cannot be used.
    #[error("{0:?} is not the URL of a node")]
    Url(String),
    /// Nobody opens a WebSocket at a node's URL.
    #[error("nobody opens a WebSocket at {url}: {why}")]
    Closed {
        /// The URL as it may be shown.
        url: String,
        /// The reason, in words.
        why: String,
    },
    /// The settings contradict each other.
    #[error("the load cannot be built: {0}")]
    Settings(&'static str),
    /// Nobody can hear over this transport in this dialect.
    #[error(
        "the dialect {dialect} has no transport `{transport}`: only nodes of pubsub-lab.v1 have other transports than ws"
    )]
    Transport {
        /// The name of the dialect.
        dialect: String,
        /// The transport.
        transport: Transport,
    },
    /// Not every client could connect and subscribe.
    #[error("only {online} of {clients} clients were connected and subscribed within {limit:?}{trouble}")]
    Connect {
        /// Number of clients that were connected and subscribed.
        online: usize,
        /// Number of clients that were to be connected.
        clients: usize,
        /// How long the clients had.
        limit: Duration,
        /// The latest failure, in words that continue the sentence; empty if there was none.
        trouble: String,
    },
    /// A thread could not be started.
    #[error("a thread of the load generator could not be started: {0}")]
    Thread(#[from] io::Error),
}

impl LoadError {
    /// What to do about the error.
    pub fn hint(&self) -> &'static str {
        match self {
            LoadError::Url(url) if url.starts_with("wss:") => {
                "the load speaks no TLS: name the port of the server itself, as in ws://127.0.0.1:8080"
            }
            LoadError::Url(_) => "a node's URL looks like ws://127.0.0.1:8080",
            LoadError::Closed { .. } => {
                "start the server first, or look at the host, the port and the path of its `--url`"
            }
            LoadError::Settings(_) => {
                "every count is at least 1, there is one URL a node, and a dialect has its limits"
            }
            LoadError::Transport { .. } => {
                "leave `--transport` out, or give `--transport ws`; a pattern of ours has every transport: `--pattern local`"
            }
            LoadError::Connect { .. } => {
                "each client needs a file descriptor here and one at its node: see `ulimit -n` and `--max-clients`"
            }
            LoadError::Thread(_) => "the machine may be short of memory or threads",
        }
    }
}
