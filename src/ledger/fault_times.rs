//! The times of a fault, as they were on this run.

use std::time::Duration;

use scenario::Fault;

/// When a fault struck and was healed, since the measured load began.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultTimes {
    /// The fault as the scenario words it: `kill broker`, `leave 50% of the subscribers`.
    pub what: String,
    /// When the fault struck.
    pub begin: Duration,
    /// When healing began; `None` if the fault was never healed.
    pub heal_begin: Option<Duration>,
    /// When the target was ready again. For a fault of subscribers, when all of them were subscribed.
    pub healed: Option<Duration>,
    /// Whether subscribers left or joined on purpose: nothing broke, so that its end heals nothing.
    pub deliberate: bool,
    /// The fault itself, as it was planned; `None` for a fault of which only the words are known.
    pub planned: Option<Fault>,
}
