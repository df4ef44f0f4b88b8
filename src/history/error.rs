//! Why a history service cannot start, or ended.

/// Why a history service cannot start, or ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// The URL is none.
    #[error("{0}")]
    Broker(String),
    /// The namespace is none.
    #[error("{0}")]
    Namespace(String),
    /// The file is not one that it can keep its messages in. Nothing was written to it.
    #[error("{0}")]
    File(String),
    /// The thread that writes ended by itself.
    #[error("the history service failed: nothing writes any more")]
    Writer,
}
