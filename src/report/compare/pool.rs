//! Several runs as one: their sums, and the figures read off them.

use hdrhistogram::Histogram;

use super::super::{Encoded, Quantiles, RunReport};
use super::unit::number;
use ledger::{FigureSource, FigureValue, micros_histogram};
use scenario::{Distribution, Figure};

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

/// The value of a figure in one run.
pub(super) fn of_run(figure: Figure, run: &RunReport) -> Option<f64> {
    run.value(figure).map(number)
}

/// The value of a figure on one side: a share is of all things of its runs together, a quantile is read off the sum of
/// their distributions, and any other figure is the median of the runs.
pub(super) fn of_side(figure: Figure, runs: &[&RunReport]) -> Option<f64> {
    match figure {
        Figure::Share(_) => runs.iter().filter_map(|run| run.value(figure)).reduce(together).map(number),
        Figure::Quantile(of, quantile) => pooled(of, runs).map(|quantiles| quantiles.at(quantile) as f64),
        Figure::Count(_) | Figure::Time(_) | Figure::Presence(_) | Figure::Traffic(_) | Figure::Cost(_) => {
            median(runs.iter().filter_map(|run| of_run(figure, run)).collect())
        }
    }
}

/// Two shares as one share of all things together.
fn together(one: FigureValue, other: FigureValue) -> FigureValue {
    match (one, other) {
        (FigureValue::Share { part, whole }, FigureValue::Share { part: more, whole: of }) => {
            FigureValue::Share { part: part + more, whole: whole + of }
        }
        _ => one,
    }
}

/// The quantiles of several runs together; of a single run, its own.
fn pooled(of: Distribution, runs: &[&RunReport]) -> Option<Quantiles> {
    let with: Vec<_> = runs.iter().filter(|run| run.quantiles(of).is_some()).collect();
    if let [only] = with[..] {
        return only.quantiles(of);
    }
    let distributions: Option<Vec<_>> = with.iter().map(|run| run.distribution(of)).collect();
    let largest = with.iter().filter_map(|run| run.quantiles(of)).map(|us| us.max).max();
    Some(Quantiles::of(&merged(distributions?)?)?.at_most(largest))
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
    use super::*;
    use ledger::{Debts, Messages};

    fn encoded(values: &[(u64, u64)]) -> Option<Encoded> {
        let mut histogram = micros_histogram();
        values.iter().for_each(|(value, count)| histogram.saturating_record_n(*value, *count));
        Encoded::of(&histogram)
    }

    fn side(name: &str, runs: &[RunReport]) -> Option<f64> {
        of_side(Figure::named(name).unwrap().0, &runs.iter().collect::<Vec<_>>())
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
    fn every_figure_is_read_where_it_stands() {
        let run = run_with(|run| {
            run.messages = Some(Messages { sent: 1, unsent: 2, acked: 3, ..Messages::default() });
            run.debts = Some(Debts { owed: 10, on_time: 7, lost: 5, ..Debts::default() });
            run.counts.replay_reordered = Some(20);
            run.latency_us = Some(Quantiles { p50: 21, p90: 22, p99: 23, p999: 24, max: 25 });
            (run.service_us, run.fan_out_us) = (quantiles(1, 26, 99), quantiles(1, 27, 99));
            (run.times.impact_ms, run.times.recovery_ms, run.times.ready_ms) = (Some(28), Some(29), Some(30));
        });
        let expected = [
            ("sent", 1.0),
            ("unsent", 2.0),
            ("acked", 3.0),
            ("owed", 10.0),
            ("on_time", 0.7),
            ("lost", 5.0),
            ("replay_reordered", 20.0),
            ("p50", 21.0),
            ("p90", 22.0),
            ("p99", 23.0),
            ("p999", 24.0),
            ("max", 25.0),
            ("service_p99", 26.0),
            ("fan_out_p99", 27.0),
            ("impact", 28.0),
            ("recovery", 29.0),
            ("ready", 30.0),
        ];
        for (name, value) in expected {
            let (figure, _) = Figure::named(name).unwrap();
            assert!(figure.better().is_some(), "{name} is compared");
            assert_eq!(of_run(figure, &run), Some(value), "{name}");
        }
        let none = RunReport::inconclusive("redis-1", "redis", "redis", "no figures".into());
        assert!(Figure::all().all(|figure| of_run(figure, &none).is_none()));
    }

    #[test]
    fn the_share_on_time_is_of_all_debts_together() {
        let run =
            |owed, on_time| run_with(|run| run.debts = Some(Debts { owed, on_time, ..Debts::default() }));
        let share = |runs: &[RunReport]| side("on_time", runs);
        // The shares are 50 of 100 and 300 of 300, which is no mean of two shares.
        assert_eq!(share(&[run(100, 50), run(300, 300)]), Some(0.875));
        assert_eq!(share(&[run(3, 1), run(3, 1)]), Some(1.0 / 3.0));
        assert_eq!(share(&[run(0, 0)]), None);
        assert_eq!(share(&[]), None);
        assert_eq!(share(&[run(4, 0)]), Some(0.0));
        let none = run_with(|run| run.debts = None);
        assert_eq!(share(&[run(10, 3), none]), Some(0.3));
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
        let run = |impact: Option<u64>| run_with(|run| run.times.impact_ms = impact);
        assert_eq!(side("impact", &[run(Some(10)), run(None), run(Some(40))]), Some(25.0));
    }
}
