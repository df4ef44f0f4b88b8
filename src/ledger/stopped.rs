//! Paths that stopped working and did not come back: a server that forgets a client.
//!
//! Such paths are looked for where nothing excuses a loss any more: from a second after the last fault was healed to
//! the end of the schedule. A path has stopped if from some moment on all that was sent over it is lost, and there is
//! enough of it: at least three messages over at least a second, and twice as many as were lost in a row before, so
//! that a path which loses some all the time is not called stopped because it also lost the last. A fault that was
//! never healed excuses everything, so then nobody looks.

use serde::{Deserialize, Serialize};

use super::fault_times::FaultTimes;
use super::time::nanos;

/// A path that stopped working in the middle of the run.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct StoppedPath {
    /// The number of the publisher at the path's start, counted from 0.
    pub publisher: usize,
    /// The number of the subscriber at the path's end, counted from 0.
    pub subscriber: usize,
    /// The intended send time of the first message that did not come over it any more, in milliseconds since the
    /// measured load began.
    pub since_ms: u64,
}

/// How long a path may take to come back after the last healing, in nanoseconds.
const GRACE: u64 = 1_000_000_000;
/// The fewest debts that must be lost before a path counts as stopped.
const LEAST: u32 = 3;
/// The least time over which a stopped path must lose its debts, in nanoseconds.
const LENGTH: u64 = 1_000_000_000;

/// The moment from which on nothing excuses a loss, in nanoseconds since the measured load began; `None` if a fault was
/// never healed. That subscribers leave or join on purpose excuses only them.
pub(super) fn inexcusable_from(faults: &[FaultTimes]) -> Option<u64> {
    let healed = faults.iter().filter(|fault| !fault.deliberate).map(|fault| fault.healed.map(nanos));
    let last = healed.collect::<Option<Vec<_>>>()?.into_iter().max();
    Some(last.unwrap_or(0).saturating_add(GRACE))
}

/// What became of the debts of one path, told in their order. Times are nanoseconds since the measured load began.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Trail {
    /// The intended send time of the first debt of the unbroken row of losses up to now, excused or not; `None` if the
    /// last debt was received.
    since: Option<u64>,
    /// Number of debts that were lost in a row without an excuse up to now; a debt with an excuse sets it to 0.
    row: u32,
    /// The intended send times of the first and the last debt of `row`.
    first: u64,
    last: u64,
    /// The most debts that were lost in a row without an excuse before something came again.
    longest: u32,
}

impl Trail {
    /// Records a debt that was received.
    pub(super) fn received(&mut self) {
        self.longest = self.longest.max(self.row);
        (self.since, self.row) = (None, 0);
    }

    /// Records a debt that was lost. It has an excuse if the path does not exist, the message was refused, or the
    /// subscriber was not there to hear it; a debt from before `from` always has one.
    pub(super) fn lost(&mut self, intended: u64, from: u64, excused: bool) {
        self.since.get_or_insert(intended);
        if excused || intended < from {
            self.row = 0;
            return;
        }
        if self.row == 0 {
            self.first = intended;
        }
        self.last = intended;
        self.row = self.row.saturating_add(1);
    }

    /// Since when the path has stopped; `None` if it has not. `heard` is when something last came over it: a path that
    /// still brings old messages when the last one is due is slow, and has not stopped.
    pub(super) fn stopped(&self, heard: u64) -> Option<u64> {
        let least = LEAST.max(self.longest.saturating_mul(2));
        let stopped = self.row >= least && self.last - self.first >= LENGTH && heard < self.last;
        self.since.filter(|_| stopped)
    }
}

#[cfg(test)]
#[path = "trail_tests.rs"]
mod tests;
