//! The faults of a run, as a report has them: what was to strike, and what struck.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use ledger::FaultTimes;
use scenario::Fault;

/// One fault; every time is in milliseconds since the measured load began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FaultReport {
    /// The fault as the scenario words it: `kill broker`.
    pub what: String,
    /// When the fault struck, in milliseconds since the measured load began.
    pub begin_ms: u64,
    /// When its healing began, in milliseconds since the measured load began; `null` if it was not healed.
    pub heal_begin_ms: Option<u64>,
    /// When its target was ready again, in milliseconds since the measured load began; `null` if it never was.
    pub healed_ms: Option<u64>,
    /// The `[[fault]]` of a scenario that strikes like this one, with all that was left to the seed; left out where only
    /// the words are known.
    #[serde(default, with = "planned", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub planned: Option<Fault>,
}

/// Writes and reads a fault as its keys. A fault that this version cannot read is known by its words alone.
mod planned {
    use scenario::Fault;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::Value;

    pub(super) fn serialize<S: Serializer>(fault: &Option<Fault>, to: S) -> Result<S::Ok, S::Error> {
        fault.as_ref().map(Fault::to_json).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Fault>, D::Error> {
        Value::deserialize(from).map(|json| Fault::from_json(&json))
    }
}

impl From<&FaultTimes> for FaultReport {
    fn from(fault: &FaultTimes) -> Self {
        Self {
            what: fault.what.clone(),
            begin_ms: whole_ms(fault.begin),
            heal_begin_ms: fault.heal_begin.map(whole_ms),
            healed_ms: fault.healed.map(whole_ms),
            planned: fault.planned.clone(),
        }
    }
}

/// One fault of the schedule; every time is in milliseconds since the measured load began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedFault {
    /// The fault as the scenario words it, with all that was left to the seed: `kill broker`.
    pub what: String,
    /// When the fault is to strike, in milliseconds since the measured load began.
    pub at_ms: u64,
    /// When its healing is to begin, in milliseconds since the measured load began; `null` if it is never healed.
    pub heal_ms: Option<u64>,
}

impl From<&Fault> for PlannedFault {
    fn from(fault: &Fault) -> Self {
        Self { what: fault.what(), at_ms: whole_ms(fault.at), heal_ms: fault.heals_at().map(whole_ms) }
    }
}

/// A time in milliseconds, rounded to the nearest.
fn whole_ms(time: Duration) -> u64 {
    u64::try_from((time + Duration::from_micros(500)).as_millis()).unwrap_or(u64::MAX)
}
