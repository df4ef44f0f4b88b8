//! One figure of a run, by its name.

use std::fmt;

use hdrhistogram::Histogram;

pub use scenario::grouped;

use scenario::FigureKind;

/// The value of one figure, with its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Figure {
    /// A number of things.
    Count(u64),
    /// A share of the whole, 0 to 1.
    Share(f64),
    /// A time in milliseconds.
    Millis(f64),
}

impl Figure {
    /// The bare number of the figure, for comparing with a bound.
    pub fn value(self) -> f64 {
        match self {
            Figure::Count(count) => count as f64,
            Figure::Share(value) | Figure::Millis(value) => value,
        }
    }

    /// A quantile of a histogram of microseconds by its word: `p50` to `p999`, or `max`. `None` if nothing was
    /// recorded. No quantile is over `longest`: the end of a histogram's last bucket is up to a thousandth beyond it.
    pub(super) fn quantile(histogram: &Histogram<u64>, word: &str, longest: Option<u64>) -> Option<Figure> {
        let quantile = match word {
            "p50" => 0.5,
            "p90" => 0.9,
            "p99" => 0.99,
            "p999" => 0.999,
            "max" => 1.0,
            _ => return None,
        };
        let us = || histogram.value_at_quantile(quantile).min(longest.unwrap_or(u64::MAX));
        (!histogram.is_empty()).then(|| Figure::Millis(us() as f64 / 1_000.0))
    }

    /// The figure as a sentence shows it, in the unit of a name of this kind.
    pub(super) fn in_words(self, kind: FigureKind) -> String {
        match (self, kind) {
            (Figure::Millis(ms), FigureKind::Time | FigureKind::Micros) => number(ms, kind),
            (figure, _) => figure.to_string(),
        }
    }
}

/// The number of a bound as a sentence shows it. The bound of a time is a number of milliseconds, and is shown in the
/// unit of a name of this kind.
pub(super) fn number(value: f64, kind: FigureKind) -> String {
    match kind {
        FigureKind::Time => time(value),
        FigureKind::Micros => plain((value * 1e3).round()),
        _ => plain(value),
    }
}

fn plain(value: f64) -> String {
    if value.fract() == 0.0 && (0.0..1e15).contains(&value) {
        grouped(value as u64)
    } else {
        value.to_string()
    }
}

/// A time in milliseconds, shown in the unit that suits it, to the nanosecond: `250 us`, `20 ms`, `1.5 s`.
fn time(ms: f64) -> String {
    let nanos = (ms * 1e6).round();
    match nanos {
        0.0 => "0 ms".into(),
        _ if nanos < 1e6 => format!("{} us", nanos / 1e3),
        _ if nanos < 1e9 => format!("{} ms", nanos / 1e6),
        _ => format!("{} s", nanos / 1e9),
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Figure::Count(count) => f.write_str(&grouped(*count)),
            // A share that is not 1 may not look like the whole, and a share that is not 0 may not look like nothing.
            Figure::Share(share) if *share > 0.0 && *share < 0.000_1 => f.write_str("less than 0.0001"),
            Figure::Share(share) => write!(f, "{}", (share * 10_000.0).floor() / 10_000.0),
            Figure::Millis(ms) => write!(f, "{ms}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        let all = [0, 12, 999, 1_000, 60_000, 1_234_567].map(grouped);
        assert_eq!(all, ["0", "12", "999", "1,000", "60,000", "1,234,567"]);
    }

    #[test]
    fn a_share_that_is_not_the_whole_does_not_look_like_it() {
        assert_eq!(Figure::Share(0.999_99).to_string(), "0.9999");
        assert_eq!(Figure::Share(1.0).to_string(), "1");
        assert_eq!(Figure::Share(0.000_01).to_string(), "less than 0.0001");
        assert_eq!(Figure::Share(0.0).to_string(), "0");
    }

    #[test]
    fn a_time_is_said_in_the_unit_of_its_name_or_in_one_that_suits_it() {
        let said =
            |ms| [FigureKind::Time, FigureKind::Millis, FigureKind::Micros].map(|kind| number(ms, kind));
        assert_eq!(said(0.25), ["250 us", "0.25", "250"]);
        assert_eq!(said(20.007), ["20.007 ms", "20.007", "20,007"]);
        assert_eq!(said(2_412.0), ["2.412 s", "2,412", "2,412,000"]);
        assert_eq!(said(0.0), ["0 ms", "0", "0"]);
    }

    #[test]
    fn a_time_changes_its_unit_at_a_millisecond_and_at_a_second() {
        let said = [0.000_001, 0.999_999, 1.0, 999.999_999, 1_000.0, 60_000.0]
            .map(|ms| number(ms, FigureKind::Time));
        assert_eq!(said, ["0.001 us", "999.999 us", "1 ms", "999.999999 ms", "1 s", "60 s"]);
    }

    #[test]
    fn a_number_that_is_whole_is_grouped_and_any_other_stands_as_it_is() {
        let said = [0.0, 1_234.0, 1_234.5, 0.25, -3.0, 1e15].map(|value| number(value, FigureKind::Count));
        assert_eq!(said, ["0", "1,234", "1234.5", "0.25", "-3", "1000000000000000"]);
    }

    #[test]
    fn a_share_of_a_ten_thousandth_is_said_and_less_is_not() {
        let said = [0.000_099, 0.000_1, 0.000_19, 0.5].map(|share| Figure::Share(share).to_string());
        assert_eq!(said, ["less than 0.0001", "0.0001", "0.0001", "0.5"]);
    }

    #[test]
    fn a_figure_is_a_bare_number_or_in_words_in_the_unit_of_its_name() {
        let figures = [Figure::Count(1_200), Figure::Share(0.25), Figure::Millis(20.5)];
        assert_eq!(figures.map(Figure::value), [1_200.0, 0.25, 20.5]);
        let words = |kind| figures.map(|figure| figure.in_words(kind));
        assert_eq!(words(FigureKind::Time), ["1,200", "0.25", "20.5 ms"]);
        assert_eq!(words(FigureKind::Micros), ["1,200", "0.25", "20,500"]);
        assert_eq!(words(FigureKind::Millis), ["1,200", "0.25", "20.5"]);
    }

    #[test]
    fn each_quantile_has_its_word() {
        let mut histogram = crate::micros_histogram();
        assert_eq!(Figure::quantile(&histogram, "p50", None), None);
        (1..=1_000).for_each(|us| histogram.saturating_record(us));
        let quantile = |word| Figure::quantile(&histogram, word, None).map(Figure::value);
        let all = ["p50", "p90", "p99", "p999", "max"].map(quantile);
        assert_eq!(all, [0.5, 0.9, 0.99, 0.999, 1.0].map(Some));
        assert_eq!(quantile("p95"), None);
        let capped = Figure::quantile(&histogram, "p999", Some(998));
        assert_eq!(capped, Some(Figure::Millis(0.998)), "no quantile is over the longest");
    }
}
