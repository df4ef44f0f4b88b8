//! The times of a run that are single times, and no distributions. The report has them as they are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use scenario::Time;

/// The single times of a run, in milliseconds. A time that does not exist is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SingleTimes {
    /// [`Time::Impact`]. `None` if no debt was harmed.
    pub impact_ms: Option<u64>,
    /// [`Time::Recovery`], not below 0. `None` if no debt was harmed, no fault was healed, no message was due after the
    /// last healing began, or the last messages due were harmed, too.
    pub recovery_ms: Option<u64>,
    /// Whether a fault was healed and the last messages due were harmed all the same, so that nobody saw the pattern well
    /// again before the load ended. Then there is no recovery.
    #[serde(default)]
    pub not_recovered: bool,
    /// [`Time::Ready`]. `None` if no fault was healed.
    pub ready_ms: Option<u64>,
}

impl SingleTimes {
    /// The value of a time, in milliseconds; `None` if it does not exist.
    pub(super) fn read(self, time: Time) -> Option<u64> {
        match time {
            Time::Impact => self.impact_ms,
            Time::Recovery => self.recovery_ms,
            Time::Ready => self.ready_ms,
        }
    }
}
