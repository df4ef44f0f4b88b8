//! The reasons why a history service cannot start, or ended.

/// The reason why a history service cannot start, or ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// The URL of the broker is malformed.
    #[error("{0}")]
    Broker(String),
    /// The namespace is malformed.
    #[error("{0}")]
    Namespace(String),
    /// The service cannot keep its messages in this file, and wrote nothing to it.
    #[error("{0}")]
    File(String),
    /// The thread that writes has ended by itself.
    #[error("the history service failed: nothing writes any more")]
    Writer,
}
