//! The counts of a run: where each is kept, how it is read, and how it is added to that of another run. The report has
//! them as they are.
//!
//! What each count means is declared once, in the [figures](scenario::Figure); the schema of the report says it from
//! there.

use std::ops::Add;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::source::FigureSource;
use scenario::Count;

/// What became of the messages. `due = sent + unsent`, `sent = acked + refused + unknown`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Messages {
    /// [`Count::Due`]
    pub due: u64,
    /// [`Count::Sent`]
    pub sent: u64,
    /// [`Count::Unsent`]
    pub unsent: u64,
    /// [`Count::Acked`]
    pub acked: u64,
    /// [`Count::Refused`]
    pub refused: u64,
    /// [`Count::Unknown`]
    pub unknown: u64,
}

/// What became of the debts. `delivered + recovered + lost = owed`, and `lost` splits by answer
/// (confirmed, handed, refused, unknown), by presence (online, offline), and by what its subscriber knows (told, silent).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Debts {
    /// [`Count::Owed`]
    pub owed: u64,
    /// [`Count::Delivered`]
    pub delivered: u64,
    /// [`Count::Recovered`]
    pub recovered: u64,
    /// [`Count::Lost`]
    pub lost: u64,
    /// Number of debts received live within a second of the intended send time.
    #[serde(rename = "on_time_debts", default)]
    pub on_time: u64,
    /// [`Count::LostConfirmed`]
    pub lost_confirmed: u64,
    /// [`Count::LostHanded`]
    pub lost_handed: u64,
    /// [`Count::LostRefused`]
    pub lost_refused: u64,
    /// [`Count::LostUnknown`]
    pub lost_unknown: u64,
    /// [`Count::LostNoPath`]
    pub lost_no_path: u64,
    /// [`Count::LostOnline`]
    pub lost_online: u64,
    /// [`Count::LostOffline`]
    pub lost_offline: u64,
    /// [`Count::LostTold`]
    #[serde(default)]
    pub lost_told: u64,
    /// [`Count::LostSilent`]
    #[serde(default)]
    pub lost_silent: u64,
    /// Number of debts in `lost_silent` whose senders know: a server that acknowledges did not acknowledge the message. What
    /// was never said, nobody can be told of who would have heard it.
    #[serde(default)]
    pub lost_silent_sender_told: u64,
    /// Number of debts of acknowledged messages over paths that the pattern has: of so many the losses under
    /// `lost_confirmed` and `lost_handed` are a part. 0 in an older report.
    #[serde(default)]
    pub acked_debts: u64,
}

impl Debts {
    /// The share of owed debts that was received live within a second of the intended send time, 0 to 1. `None` if
    /// nothing was owed.
    pub fn on_time_share(&self) -> Option<f64> {
        (self.owed > 0).then(|| self.on_time as f64 / self.owed as f64)
    }

    /// Number of lost debts over paths that the pattern has.
    pub fn lost_over_paths(&self) -> u64 {
        self.lost.saturating_sub(self.lost_no_path)
    }

    /// How many of the lost debts their subscribers were told of, and how many were lost in silence. `None` in an older
    /// report, which does not know; pooled with a newer one, it makes the two fall short of what was lost.
    pub fn by_notice(&self) -> Option<(u64, u64)> {
        (self.lost_told + self.lost_silent >= self.lost).then_some((self.lost_told, self.lost_silent))
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
    /// [`Count::UnsentDebts`]
    pub unsent_debts: N,
    /// [`Count::Duplicates`]
    pub duplicates: N,
    /// [`Count::HeldAgain`]
    pub held_again: N,
    /// [`Count::LiveAgain`]
    pub live_again: N,
    /// [`Count::ReplayAfterLive`]
    pub replay_after_live: N,
    /// [`Count::Reordered`]
    pub reordered: N,
    /// [`Count::ReplayReordered`]
    pub replay_reordered: N,
    /// [`Count::RefusedButDelivered`]
    pub refused_but_delivered: N,
    /// [`Count::Unexpected`]
    pub unexpected: N,
    /// [`Count::Corrupted`]
    pub corrupted: N,
    /// [`Count::Foreign`]
    pub foreign: N,
    /// [`Count::Disconnects`]
    pub disconnects: N,
}

impl From<Counts> for Counts<Option<u64>> {
    fn from(counts: Counts) -> Self {
        Self {
            unsent_debts: Some(counts.unsent_debts),
            duplicates: Some(counts.duplicates),
            held_again: Some(counts.held_again),
            live_again: Some(counts.live_again),
            replay_after_live: Some(counts.replay_after_live),
            reordered: Some(counts.reordered),
            replay_reordered: Some(counts.replay_reordered),
            refused_but_delivered: Some(counts.refused_but_delivered),
            unexpected: Some(counts.unexpected),
            corrupted: Some(counts.corrupted),
            foreign: Some(counts.foreign),
            disconnects: Some(counts.disconnects),
        }
    }
}

/// The value of a count; `None` if nobody counted it.
pub(super) fn read(count: Count, of: &(impl FigureSource + ?Sized)) -> Option<u64> {
    let (messages, debts, counts) = (of.messages(), of.debts(), of.counts());
    match count {
        Count::Due => messages.map(|it| it.due),
        Count::Sent => messages.map(|it| it.sent),
        Count::Unsent => messages.map(|it| it.unsent),
        Count::Acked => messages.map(|it| it.acked),
        Count::Refused => messages.map(|it| it.refused),
        Count::Unknown => messages.map(|it| it.unknown),
        Count::Owed => debts.map(|it| it.owed),
        Count::Delivered => debts.map(|it| it.delivered),
        Count::Recovered => debts.map(|it| it.recovered),
        Count::Lost => debts.map(|it| it.lost),
        Count::LostConfirmed => debts.map(|it| it.lost_confirmed),
        Count::LostHanded => debts.map(|it| it.lost_handed),
        Count::LostRefused => debts.map(|it| it.lost_refused),
        Count::LostUnknown => debts.map(|it| it.lost_unknown),
        Count::LostNoPath => debts.map(|it| it.lost_no_path),
        Count::LostOnline => debts.map(|it| it.lost_online),
        Count::LostOffline => debts.map(|it| it.lost_offline),
        Count::LostTold => debts.and_then(|it| it.by_notice().map(|(told, _)| told)),
        Count::LostSilent => debts.and_then(|it| it.by_notice().map(|(_, silent)| silent)),
        Count::UnsentDebts => counts.unsent_debts,
        Count::Duplicates => counts.duplicates,
        Count::HeldAgain => counts.held_again,
        Count::LiveAgain => counts.live_again,
        Count::ReplayAfterLive => counts.replay_after_live,
        Count::Reordered => counts.reordered,
        Count::ReplayReordered => counts.replay_reordered,
        Count::RefusedButDelivered => counts.refused_but_delivered,
        Count::Unexpected => counts.unexpected,
        Count::Corrupted => counts.corrupted,
        Count::Foreign => counts.foreign,
        Count::Disconnects => counts.disconnects,
        Count::UnverifiedPaths => of.paths().map(|(unverified, _)| unverified as u64),
        Count::StoppedPaths => of.paths().map(|(_, stopped)| stopped as u64),
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
    lost_online lost_offline lost_told lost_silent lost_silent_sender_told acked_debts
}
sum! {
    Counts<Option<u64>>: unsent_debts duplicates held_again live_again replay_after_live reordered replay_reordered
    refused_but_delivered unexpected corrupted foreign disconnects
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
