//! Several runs as one: their sums, and the figures read off them.

use hdrhistogram::Histogram;

use super::super::{Encoded, Quantiles, RunReport};
use super::figures::{Figure, Read, Source};
use ledger::micros_histogram;

/// The exact sum of distributions. `None` if there is none, or if one cannot be read: a part is not the whole.
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
    // Each share was made of whole debts, so that rounding gives them back.
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

    /// The quantiles of several runs together; of a single run, its own.
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
    /// The value of the figure in one run.
    pub(super) fn of_run(&self, run: &RunReport) -> Option<f64> {
        match self.read {
            Read::Run(read) => read(run),
            Read::OnTime => run.debts.and_then(|debts| debts.on_time),
            Read::Quantile(source, at) => source.quantiles(run).map(|quantiles| at(&quantiles) as f64),
        }
    }

    /// The value of the figure on one side.
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

#[cfg(test)]
mod tests {
    use super::super::super::sample::{quantiles, run_with};
    use super::super::figures::FIGURES;
    use super::*;
    use ledger::Debts;

    fn encoded(values: &[(u64, u64)]) -> Option<Encoded> {
        let mut histogram = micros_histogram();
        values.iter().for_each(|(value, count)| histogram.saturating_record_n(*value, *count));
        Encoded::of(&histogram)
    }

    fn side(name: &str, runs: &[RunReport]) -> Option<f64> {
        let figure = FIGURES.iter().find(|figure| figure.name == name).unwrap();
        figure.of_side(&runs.iter().collect::<Vec<_>>())
    }

    #[test]
    fn a_sum_is_of_all_or_it_is_none() {
        let (one, other) = (encoded(&[(10, 3), (500, 1)]).unwrap(), encoded(&[(500, 2)]).unwrap());
        let sum = merged([&one, &other]).unwrap();
        assert_eq!((sum.len(), sum.count_at(10), sum.count_at(500)), (6, 3, 3));
        assert_eq!(merged([]), None);
        let broken: Encoded = serde_json::from_str("\"HISTFAAA\"").unwrap();
        assert_eq!(merged([&one, &broken]), None);
    }

    #[test]
    fn the_share_on_time_is_of_all_debts_together() {
        let run = |owed, on_time| {
            run_with(|run| run.debts = Some(Debts { owed, on_time: Some(on_time), ..Debts::default() }))
        };
        let share = |runs: &[RunReport]| pooled_on_time(&runs.iter().collect::<Vec<_>>());
        // The shares are 50 of 100 and 300 of 300, which is no mean of two shares.
        assert_eq!(share(&[run(100, 0.5), run(300, 1.0)]), Some(0.875));
        // A third of three debts is one debt.
        assert_eq!(share(&[run(3, 1.0 / 3.0), run(3, 0.333_333)]), Some(1.0 / 3.0));
        assert_eq!(share(&[run(0, 0.0)]), None);
        assert_eq!(share(&[]), None);
        let nothing = run_with(|run| run.debts = Some(Debts { owed: 4, on_time: None, ..Debts::default() }));
        assert_eq!(share(&[nothing]), Some(0.0));
        let none = run_with(|run| run.debts = None);
        assert_eq!(share(&[run(10, 0.3), none]), Some(0.3));
        assert_eq!(side("on_time", &[run(100, 0.5), run(300, 1.0)]), Some(0.875));
    }

    #[test]
    fn quantiles_are_read_off_the_sum_of_their_own_distribution() {
        // The slow value came nine hundred times in one run and once in another; the exact largest value is known of
        // each.
        let run = |slow: u64, many: u64, max: u64| {
            run_with(|run| {
                run.latency_us = quantiles(1, 2, max);
                run.service_us = quantiles(3, 4, max + 1);
                run.fan_out_us = quantiles(5, 6, max + 2);
                run.distributions.latency = encoded(&[(100, 1_000), (slow, many)]);
                run.distributions.service = encoded(&[(200, 1_000), (slow, many)]);
                run.distributions.fan_out = encoded(&[(300, 1_000), (slow, many)]);
            })
        };
        let runs = [run(5_000, 900, 5_001), run(5_000, 1, 5_001)];
        assert_eq!(side("p50", &runs), Some(100.0));
        assert_eq!(side("p90", &runs), Some(5_001.0));
        assert_eq!(side("max", &runs), Some(5_001.0));
        let few = [run(5_000, 10, 5_001), run(5_000, 1, 4_999)];
        assert_eq!([side("p99", &few), side("p999", &few)], [Some(100.0), Some(5_001.0)]);
        let parts = [run(5_000, 0, 9_000), run(5_000, 1, 9_000)];
        assert_eq!([side("service_p99", &parts), side("fan_out_p99", &parts)], [Some(200.0), Some(300.0)]);
    }

    #[test]
    fn a_single_run_has_its_own_quantiles_and_a_missing_distribution_has_none() {
        let bare = run_with(|run| run.latency_us = quantiles(350, 1_234, 5_120));
        assert_eq!(side("p99", std::slice::from_ref(&bare)), Some(1_234.0));
        // A run in which nothing was delivered says nothing about how long it took.
        let nothing = run_with(|run| run.latency_us = None);
        assert_eq!(side("p99", &[bare.clone(), nothing.clone()]), Some(1_234.0));
        assert_eq!(side("p99", &[nothing]), None);
        let whole = run_with(|run| run.distributions.latency = encoded(&[(350, 9)]));
        assert_eq!(side("p99", &[bare, whole]), None);
    }

    #[test]
    fn another_figure_of_a_side_is_the_median_of_its_runs() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![7.0]), Some(7.0));
        assert_eq!(median(vec![9.0, 1.0, 4.0]), Some(4.0));
        assert_eq!(median(vec![9.0, 1.0, 4.0, 2.0]), Some(3.0));
        let run = |impact: Option<u64>| run_with(|run| run.impact_ms = impact);
        assert_eq!(side("impact", &[run(Some(10)), run(None), run(Some(40))]), Some(25.0));
    }
}
