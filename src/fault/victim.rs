//! The victim of a fault: anything that can end, stand still and serve again.

use std::future::Future;

/// The things that a fault can do to its target: a process on this machine, a container, anything that can end.
pub trait Victim: Sync {
    /// The error when something cannot be done to the target.
    type Error: Send;

    /// Kills the target without warning. Resolves when it is gone; a dead target is gone already.
    fn kill(&self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Asks the target to end. Resolves when it was asked, which may be long before it is gone.
    fn terminate(&self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Makes the target stand still: its sockets stay open and nothing answers.
    fn freeze(&self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Makes the target go on after it stood still.
    fn thaw(&self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Starts the target again as it was, at the same address. A target that still ends is waited for, and killed after
    /// a while; a target that runs is left alone.
    fn revive(&self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Resolves when the target serves.
    fn ready(&self) -> impl Future<Output = Result<(), Self::Error>> + Send;
}
