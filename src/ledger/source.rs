//! How every figure is read out of whatever has figures: the end of a run, or its report.

use super::counts::{Counts, Debts, Messages};
use super::figure_value::FigureValue;
use scenario::{Count, Distribution, Figure, Quantile, Share, Time};

/// What figures are read out of. A part that does not exist is `None`.
pub trait FigureSource {
    /// What became of the messages.
    fn messages(&self) -> Option<&Messages>;
    /// What became of the debts.
    fn debts(&self) -> Option<&Debts>;
    /// What was counted beside them.
    fn counts(&self) -> Counts<Option<u64>>;
    /// Number of paths that never worked, and of paths that stopped working.
    fn paths(&self) -> Option<(usize, usize)>;
    /// A quantile of a distribution, in microseconds.
    fn quantile_us(&self, of: Distribution, quantile: Quantile) -> Option<u64>;
    /// A single time, in milliseconds.
    fn time_ms(&self, time: Time) -> Option<u64>;

    /// The value of a figure; `None` if it does not exist.
    fn value(&self, figure: Figure) -> Option<FigureValue> {
        Some(match figure {
            Figure::Count(count) => FigureValue::Count(self.count(count)?),
            Figure::Share(share) => {
                let debts = self.debts().filter(|debts| debts.owed > 0)?;
                let part = match share {
                    Share::OnTime => debts.on_time,
                    Share::LostShare => debts.lost,
                };
                FigureValue::Share { part, whole: debts.owed }
            }
            Figure::Quantile(of, quantile) => FigureValue::Micros(self.quantile_us(of, quantile)?),
            Figure::Time(time) => FigureValue::Millis(self.time_ms(time)?),
        })
    }

    /// The value of a figure that is a number of things; `None` if nobody counted them.
    fn count(&self, count: Count) -> Option<u64> {
        let (messages, debts, counts) = (self.messages(), self.debts(), self.counts());
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
            Count::UnsentDebts => counts.unsent_debts,
            Count::Duplicates => counts.duplicates,
            Count::Reordered => counts.reordered,
            Count::ReplayReordered => counts.replay_reordered,
            Count::RefusedButDelivered => counts.refused_but_delivered,
            Count::Unexpected => counts.unexpected,
            Count::Corrupted => counts.corrupted,
            Count::Foreign => counts.foreign,
            Count::UnverifiedPaths => self.paths().map(|(unverified, _)| unverified as u64),
            Count::StoppedPaths => self.paths().map(|(_, stopped)| stopped as u64),
        }
    }
}
