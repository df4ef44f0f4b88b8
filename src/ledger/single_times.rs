//! The times of a run that are single times, and no distributions. The report has them as they are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use scenario::Time;

/// The single times of a run, in milliseconds. A time that does not exist is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SingleTimes {
    /// [`Time::Impact`]. `None` if no debt was harmed.
    pub impact_ms: Option<u64>,
    /// [`Time::Recovery`], not below 0. `None` if no debt was harmed or no fault was healed.
    pub recovery_ms: Option<u64>,
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
