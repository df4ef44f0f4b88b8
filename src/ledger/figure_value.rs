//! The value of one figure of a run, and its words.

use std::fmt;

use hdrhistogram::Histogram;

pub use scenario::grouped;

use scenario::{FigureKind, Quantile};

/// The value of one figure, with its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FigureValue {
    /// A number of things.
    Count(u64),
    /// A share of a number of things that is not 0.
    Share {
        /// Number of things in the share.
        part: u64,
        /// Number of all things.
        whole: u64,
    },
    /// A time in milliseconds.
    Millis(u64),
    /// A time in microseconds.
    Micros(u64),
    /// An amount in the unit that the figure's name says.
    Amount(f64),
}

impl FigureValue {
    /// The bare number of the figure, for comparing with a bound: a share is 0 to 1, a time is in milliseconds.
    pub fn value(self) -> f64 {
        match self {
            FigureValue::Count(number) | FigureValue::Millis(number) => number as f64,
            FigureValue::Share { part, whole } => part as f64 / whole as f64,
            FigureValue::Micros(us) => us as f64 / 1_000.0,
            FigureValue::Amount(amount) => amount,
        }
    }

    /// The figure as a sentence shows it, in the unit of a name of this kind.
    pub(super) fn in_words(self, kind: FigureKind) -> String {
        match (self, kind) {
            (FigureValue::Millis(_) | FigureValue::Micros(_), FigureKind::Time | FigureKind::Micros) => {
                number(self.value(), kind)
            }
            _ => self.to_string(),
        }
    }
}

/// A quantile of a histogram of microseconds. `None` if nothing was recorded. No quantile is over `longest`: the end of
/// a histogram's last bucket is up to a thousandth beyond it.
pub(super) fn quantile_us(
    histogram: &Histogram<u64>,
    quantile: Quantile,
    longest: Option<u64>,
) -> Option<u64> {
    let us = || histogram.value_at_quantile(quantile.fraction()).min(longest.unwrap_or(u64::MAX));
    (!histogram.is_empty()).then(us)
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

impl fmt::Display for FigureValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.value()) {
            (FigureValue::Count(count), _) => f.write_str(&grouped(*count)),
            // A share that is not 1 may not look like the whole, and a share that is not 0 may not look like nothing.
            (FigureValue::Share { .. }, share) if share > 0.0 && share < 0.000_1 => {
                f.write_str("less than 0.0001")
            }
            (FigureValue::Share { .. }, share) => write!(f, "{}", (share * 10_000.0).floor() / 10_000.0),
            (FigureValue::Millis(_) | FigureValue::Micros(_), ms) => write!(f, "{ms}"),
            (FigureValue::Amount(_), amount) => f.write_str(&plain(amount)),
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
        let said = |part, whole| FigureValue::Share { part, whole }.to_string();
        assert_eq!(said(99_999, 100_000), "0.9999");
        assert_eq!(said(7, 7), "1");
        assert_eq!(said(1, 100_000), "less than 0.0001");
        assert_eq!(said(0, 7), "0");
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
        let said =
            [99, 100, 190, 500_000].map(|part| FigureValue::Share { part, whole: 1_000_000 }.to_string());
        assert_eq!(said, ["less than 0.0001", "0.0001", "0.0001", "0.5"]);
    }

    #[test]
    fn a_figure_is_a_bare_number_or_in_words_in_the_unit_of_its_name() {
        let share = FigureValue::Share { part: 2, whole: 8 };
        let values = [FigureValue::Count(1_200), share, FigureValue::Micros(20_500), FigureValue::Millis(20)];
        assert_eq!(values.map(FigureValue::value), [1_200.0, 0.25, 20.5, 20.0]);
        let words = |kind| values.map(|value| value.in_words(kind));
        assert_eq!(words(FigureKind::Time), ["1,200", "0.25", "20.5 ms", "20 ms"]);
        assert_eq!(words(FigureKind::Micros), ["1,200", "0.25", "20,500", "20,000"]);
        assert_eq!(words(FigureKind::Millis), ["1,200", "0.25", "20.5", "20"]);
    }

    #[test]
    fn each_quantile_has_its_value() {
        let mut histogram = crate::micros_histogram();
        assert_eq!(quantile_us(&histogram, Quantile::P50, None), None);
        (1..=1_000).for_each(|us| histogram.saturating_record(us));
        let all: Vec<_> = Quantile::ALL.iter().map(|of| quantile_us(&histogram, *of, None)).collect();
        assert_eq!(all, [500, 900, 990, 999, 1_000].map(Some));
        let capped = quantile_us(&histogram, Quantile::P999, Some(998));
        assert_eq!(capped, Some(998), "no quantile is over the longest");
    }
}
