//! How figures are read out of whatever has them: the end of a run, or its report. `counts.rs` says it of each count,
//! and `single_times.rs` of each single time.

use super::counts::{Counts, Debts, Messages, read};
use super::figure_value::FigureValue;
use super::presence_figures::PresenceFigures;
use super::run_cost::RunCost;
use super::single_times::SingleTimes;
use super::traffic::TrafficFigures;
use scenario::{Count, Distribution, Figure, Quantile, Share};

/// What figures are read out of. A part that does not exist is `None`.
pub trait FigureSource {
    /// What became of the messages.
    fn messages(&self) -> Option<&Messages>;
    /// What became of the debts.
    fn debts(&self) -> Option<&Debts>;
    /// What was counted beside messages and debts.
    fn counts(&self) -> Counts<Option<u64>>;
    /// Number of paths that never worked, and of paths that stopped working.
    fn paths(&self) -> Option<(usize, usize)>;
    /// A quantile of a distribution, in microseconds.
    fn quantile_us(&self, of: Distribution, quantile: Quantile) -> Option<u64>;
    /// The single times.
    fn times(&self) -> SingleTimes;
    /// Who was said to be there.
    fn presence(&self) -> Option<&PresenceFigures>;
    /// What passed between subscribers and nodes.
    fn traffic(&self) -> Option<&TrafficFigures>;
    /// What the run took of its machine.
    fn cost(&self) -> Option<&RunCost>;

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
            Figure::Time(time) => FigureValue::Millis(self.times().read(time)?),
            Figure::Presence(presence) => self.presence()?.read(presence)?,
            Figure::Traffic(traffic) => self.traffic()?.read(traffic)?,
            Figure::Cost(cost) => FigureValue::Amount(self.cost()?.read(cost)?),
        })
    }

    /// The value of a figure that is a number of things; `None` if nobody counted them.
    fn count(&self, count: Count) -> Option<u64> {
        read(count, self)
    }
}
