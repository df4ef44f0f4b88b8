//! A client that is to be connected and is not.

use std::time::Duration;

/// A client that is to be connected and is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedOut {
    /// The client: `publisher 0`, `subscriber 3`.
    pub client: String,
    /// How long the client has been out.
    pub out: Duration,
    /// The latest refusal, or what the client waits for.
    pub refusal: String,
    /// Whether the latest attempt failed for want of something on this machine, or there was none: that says nothing
    /// about the server.
    pub own: bool,
}
