//! The counts of a run. The ledger counts them, and the report has them as they are.
//!
//! What each count means is declared once, in the [figures](scenario::Figure); the schema of the report says it from
//! there.

use std::ops::Add;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What became of the messages. `due = sent + unsent`, `sent = acked + refused + unknown`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Messages {
    /// [`Count::Due`](scenario::Count::Due)
    pub due: u64,
    /// [`Count::Sent`](scenario::Count::Sent)
    pub sent: u64,
    /// [`Count::Unsent`](scenario::Count::Unsent)
    pub unsent: u64,
    /// [`Count::Acked`](scenario::Count::Acked)
    pub acked: u64,
    /// [`Count::Refused`](scenario::Count::Refused)
    pub refused: u64,
    /// [`Count::Unknown`](scenario::Count::Unknown)
    pub unknown: u64,
}

/// What became of the debts. `delivered + recovered + lost = owed`, and `lost` splits by answer
/// (confirmed, handed, refused, unknown) and by presence (online, offline).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Debts {
    /// [`Count::Owed`](scenario::Count::Owed)
    pub owed: u64,
    /// [`Count::Delivered`](scenario::Count::Delivered)
    pub delivered: u64,
    /// [`Count::Recovered`](scenario::Count::Recovered)
    pub recovered: u64,
    /// [`Count::Lost`](scenario::Count::Lost)
    pub lost: u64,
    /// Number of debts received live within a second of the intended send time.
    #[serde(rename = "on_time_debts", default)]
    pub on_time: u64,
    /// [`Count::LostConfirmed`](scenario::Count::LostConfirmed)
    pub lost_confirmed: u64,
    /// [`Count::LostHanded`](scenario::Count::LostHanded)
    pub lost_handed: u64,
    /// [`Count::LostRefused`](scenario::Count::LostRefused)
    pub lost_refused: u64,
    /// [`Count::LostUnknown`](scenario::Count::LostUnknown)
    pub lost_unknown: u64,
    /// [`Count::LostNoPath`](scenario::Count::LostNoPath)
    pub lost_no_path: u64,
    /// [`Count::LostOnline`](scenario::Count::LostOnline)
    pub lost_online: u64,
    /// [`Count::LostOffline`](scenario::Count::LostOffline)
    pub lost_offline: u64,
}

impl Debts {
    /// The share of owed debts that was received live within a second of the intended send time, 0 to 1. `None` if
    /// nothing was owed.
    pub fn on_time_share(&self) -> Option<f64> {
        (self.owed > 0).then(|| self.on_time as f64 / self.owed as f64)
    }

    /// Number of debts that were received live more than a second after the intended send time.
    pub fn late(&self) -> u64 {
        self.delivered.saturating_sub(self.on_time)
    }
}

/// What is counted beside messages and debts. `N` is `u64` in a run, where everything is counted, and `Option<u64>` in a
/// report, whose run may not have been made, or by a version that did not count it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts<N = u64> {
    /// [`Count::UnsentDebts`](scenario::Count::UnsentDebts)
    pub unsent_debts: N,
    /// [`Count::Duplicates`](scenario::Count::Duplicates)
    pub duplicates: N,
    /// [`Count::Reordered`](scenario::Count::Reordered)
    pub reordered: N,
    /// [`Count::ReplayReordered`](scenario::Count::ReplayReordered)
    pub replay_reordered: N,
    /// [`Count::RefusedButDelivered`](scenario::Count::RefusedButDelivered)
    pub refused_but_delivered: N,
    /// [`Count::Unexpected`](scenario::Count::Unexpected)
    pub unexpected: N,
    /// [`Count::Corrupted`](scenario::Count::Corrupted)
    pub corrupted: N,
    /// [`Count::Foreign`](scenario::Count::Foreign)
    pub foreign: N,
}

impl From<Counts> for Counts<Option<u64>> {
    fn from(counts: Counts) -> Self {
        Self {
            unsent_debts: Some(counts.unsent_debts),
            duplicates: Some(counts.duplicates),
            reordered: Some(counts.reordered),
            replay_reordered: Some(counts.replay_reordered),
            refused_but_delivered: Some(counts.refused_but_delivered),
            unexpected: Some(counts.unexpected),
            corrupted: Some(counts.corrupted),
            foreign: Some(counts.foreign),
        }
    }
}

/// Adds two records, count by count. A count that is not named here does not compile.
macro_rules! sum {
    ($record:ty: $($count:ident)*) => {
        impl Add for $record {
            type Output = Self;

            fn add(self, other: Self) -> Self {
                Self { $($count: Sum::sum(self.$count, other.$count)),* }
            }
        }
    };
}

sum! { Messages: due sent unsent acked refused unknown }
sum! {
    Debts: owed delivered recovered lost on_time lost_confirmed lost_handed lost_refused lost_unknown lost_no_path
    lost_online lost_offline
}
sum! {
    Counts<Option<u64>>: unsent_debts duplicates reordered replay_reordered refused_but_delivered unexpected corrupted
    foreign
}

/// How two counts are added.
trait Sum {
    fn sum(self, other: Self) -> Self;
}

impl Sum for u64 {
    fn sum(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}

/// The sum of what was counted; `None` if neither was.
impl Sum for Option<u64> {
    fn sum(self, other: Self) -> Self {
        [self, other].into_iter().flatten().reduce(u64::saturating_add)
    }
}
