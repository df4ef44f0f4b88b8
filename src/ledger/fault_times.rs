//! The times of a fault, as they were on this run.

use std::time::Duration;

use scenario::Fault;

/// When a fault struck and was healed, since the measured load began.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultTimes {
    /// As the scenario words it: `kill broker`, `leave 50% of the subscribers`.
    pub what: String,
    /// It struck.
    pub begin: Duration,
    /// Healing began; `None` if it was never healed.
    pub heal_begin: Option<Duration>,
    /// The target was ready again; of subscribers: all of them were subscribed.
    pub healed: Option<Duration>,
    /// Subscribers left or joined on purpose: nothing broke, so that its end heals nothing.
    pub deliberate: bool,
    /// The fault itself, as it was planned; `None` for one of which only the words are known.
    pub planned: Option<Fault>,
}
