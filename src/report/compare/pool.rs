//! Several runs as one.

use hdrhistogram::Histogram;

use super::super::{Encoded, Quantiles, RunReport};
use super::figures::{Figure, Read, Source};
use ledger::micros_histogram;

/// The sum of distributions, exactly. `None` if there is none, or if one cannot be read: a part is not the whole.
pub(in super::super) fn merged<'a>(
    distributions: impl IntoIterator<Item = &'a Encoded>,
) -> Option<Histogram<u64>> {
    let mut sum = micros_histogram();
    for distribution in distributions {
        sum.add(distribution.decode()?).ok()?;
    }
    (!sum.is_empty()).then_some(sum)
}

/// The share of all debts of some runs that was paid on time.
pub(in super::super) fn pooled_on_time(runs: &[&RunReport]) -> Option<f64> {
    let debts = || runs.iter().filter_map(|run| run.debts);
    let owed: u64 = debts().map(|debts| debts.owed).sum();
    // The share was made of whole debts, and gives them back.
    let on_time: f64 = debts().map(|debts| (debts.on_time.unwrap_or(0.0) * debts.owed as f64).round()).sum();
    (owed > 0).then(|| on_time / owed as f64)
}

impl Source {
    fn quantiles(self, run: &RunReport) -> Option<Quantiles> {
        match self {
            Source::Latency => run.latency_us,
            Source::Service => run.service_us,
            Source::FanOut => run.fan_out_us,
        }
    }

    fn distribution(self, run: &RunReport) -> Option<&Encoded> {
        match self {
            Source::Latency => run.distributions.latency.as_ref(),
            Source::Service => run.distributions.service.as_ref(),
            Source::FanOut => run.distributions.fan_out.as_ref(),
        }
    }

    /// The quantiles of several runs together; of one run, its own.
    fn pooled(self, runs: &[&RunReport]) -> Option<Quantiles> {
        let with: Vec<_> = runs.iter().filter(|run| self.quantiles(run).is_some()).collect();
        if let [only] = with[..] {
            return self.quantiles(only);
        }
        let distributions: Option<Vec<_>> = with.iter().map(|run| self.distribution(run)).collect();
        let largest = with.iter().filter_map(|run| self.quantiles(run)).map(|us| us.max).max();
        Some(Quantiles::of(&merged(distributions?)?)?.at_most(largest))
    }
}

impl Figure {
    /// Its value in one run.
    pub(super) fn of_run(&self, run: &RunReport) -> Option<f64> {
        match self.read {
            Read::Run(read) => read(run),
            Read::OnTime => run.debts.and_then(|debts| debts.on_time),
            Read::Quantile(source, at) => source.quantiles(run).map(|quantiles| at(&quantiles) as f64),
        }
    }

    /// Its value on one side.
    pub(super) fn of_side(&self, runs: &[&RunReport]) -> Option<f64> {
        match self.read {
            Read::Run(read) => median(runs.iter().filter_map(|run| read(run)).collect()),
            Read::OnTime => pooled_on_time(runs),
            Read::Quantile(source, at) => source.pooled(runs).map(|quantiles| at(&quantiles) as f64),
        }
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    if values.len() % 2 == 1 { Some(upper) } else { Some(f64::midpoint(values[middle - 1], upper)) }
}
