//! The figures of who is said to be there. The report has them as they are.

use std::ops::Add;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::figure_value::FigureValue;
use scenario::Presence;

/// What observers were told of the people in their rooms, held against what the clients know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PresenceFigures {
    /// Number of subscribers that observed.
    pub observers: u64,
    /// [`Presence::Phantoms`]
    pub phantoms: u64,
    /// [`Presence::Missing`]
    pub missing: u64,
    /// [`Presence::Flaps`]
    pub flaps: u64,
    /// [`Presence::Settled`]. `None` if no fault struck, or if some list was wrong until the end.
    pub settled_ms: Option<u64>,
    /// Whether a fault struck and some list was wrong until the end. Then nothing has settled.
    #[serde(default)]
    pub not_settled: bool,
}

impl PresenceFigures {
    /// The value of a figure; `None` if it does not exist.
    pub(super) fn read(&self, figure: Presence) -> Option<FigureValue> {
        match figure {
            Presence::Phantoms => Some(FigureValue::Count(self.phantoms)),
            Presence::Missing => Some(FigureValue::Count(self.missing)),
            Presence::Flaps => Some(FigureValue::Count(self.flaps)),
            Presence::Settled => self.settled_ms.map(FigureValue::Millis),
        }
    }
}

impl Add for PresenceFigures {
    type Output = Self;

    /// The figures of two runs together. A time belongs to a run alone.
    fn add(self, other: Self) -> Self {
        Self {
            observers: self.observers.saturating_add(other.observers),
            phantoms: self.phantoms.saturating_add(other.phantoms),
            missing: self.missing.saturating_add(other.missing),
            flaps: self.flaps.saturating_add(other.flaps),
            settled_ms: None,
            not_settled: self.not_settled || other.not_settled,
        }
    }
}
