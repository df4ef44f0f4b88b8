//! What a fault strikes: anything that can end, stand still and serve again.

use std::future::Future;

/// What a fault can do to its target: a process on this machine, a container, anything that can die.
pub trait Victim: Sync {
    /// What is said when it cannot be done.
    type Error: Send;

    /// Ends it at once, without a word to it. Resolves when it is gone; a dead one is gone already.
    fn kill(&self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Asks it to end. Resolves when it was asked, which may be long before it is gone.
    fn terminate(&self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Lets it stand still: its sockets stay open and nothing answers.
    fn freeze(&self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Lets it go on.
    fn thaw(&self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Starts it again as it was, at the same address; one that still ends is waited for, and ended after a
    /// while. Does nothing to one that runs.
    fn revive(&self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Resolves when it serves.
    fn ready(&self) -> impl Future<Output = Result<(), Self::Error>> + Send;
}
