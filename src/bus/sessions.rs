//! A store that all nodes of a cluster share, in which sessions can be kept.

use std::time::Duration;

use tokio::sync::watch;

use super::BoxFuture;

/// A store of sessions, each a text under the session's public id, which ends by itself some time after it was last
/// written. No call waits longer than a second or so.
pub trait SessionStore: Send + Sync + 'static {
    /// The text of a session; `None` if there is none, or no longer. An error says why the store cannot be asked.
    fn load(&self, id: &str) -> BoxFuture<Result<Option<String>, String>>;

    /// Writes the text of a session, for as long as `lifetime`. An error says why it may not be written.
    fn save(&self, id: &str, text: String, lifetime: Duration) -> BoxFuture<Result<(), String>>;

    /// Changes each time the store can be asked again after it could not: it may have forgotten what it had.
    fn returns(&self) -> watch::Receiver<u64>;

    /// Ends the tasks of the store. Later calls fail.
    fn close(&self) -> BoxFuture<()>;
}
