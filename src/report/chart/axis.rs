//! The axes: which values they show, where their marks are, and what stands there.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use ledger::grouped;

/// An axis. Places on it are plain numbers, logarithms of the values where it is logarithmic.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    /// The title of the axis: what it shows, with its unit.
    pub(super) title: String,
    pub(super) low: f64,
    pub(super) high: f64,
    /// The places of the marks, and their words.
    pub(super) marks: Vec<(f64, String)>,
}

impl Axis {
    /// An axis from zero, for counts and for seconds.
    pub(super) fn linear(title: &str, most: f64, marks: usize) -> Self {
        let high = if most > 0.0 && most.is_finite() { most } else { 1.0 };
        Self { title: title.into(), low: 0.0, high, marks: even(0.0, high, marks) }
    }

    /// An axis from zero for whole numbers of something: no mark in between.
    pub(super) fn counts(title: &str, most: u64, marks: usize) -> Self {
        let mut axis = Self::linear(title, most as f64, marks);
        axis.marks.retain(|(at, _)| at.fract() == 0.0);
        // There is room above the highest value, so that its line is seen.
        axis.high *= 1.06;
        axis
    }

    /// A logarithmic axis that shows microseconds as milliseconds. Nothing is shown below a microsecond.
    pub(super) fn latency(title: &str, least_us: u64, most_us: u64) -> Self {
        let (least, most) = (place(least_us), place(most_us.max(least_us)));
        let round =
            |decade: i32| [1, 2, 5].map(|part| (f64::from(decade) + f64::from(part).log10(), decade, part));
        let all: Vec<_> = (least.floor() as i32..=most.ceil() as i32 + 1).flat_map(round).collect();
        // The axis goes from the last round value below the least to the first above the most, and over at least two of
        // them.
        let first = all.iter().rposition(|(at, ..)| *at <= least + 1e-9).unwrap_or(0);
        let last = all.iter().position(|(at, ..)| *at >= most - 1e-9).unwrap_or(0).max(first + 2);
        let shown = &all[first..=last.min(all.len() - 1)];
        // The parts of a decade have marks only where there are few decades.
        let few = shown.len() <= 7;
        let marks = shown.iter().filter(|(_, _, part)| few || *part == 1);
        let marks =
            marks.map(|(at, decade, part)| (*at, number(10f64.powi(*decade) * f64::from(*part)))).collect();
        Self { title: title.into(), low: all[first].0, high: shown[shown.len() - 1].0, marks }
    }

    /// The place of a value. A value beyond the axis lies at its end.
    pub(super) fn at(&self, place: f64) -> f64 {
        if place.is_finite() { place.clamp(self.low, self.high) } else { self.high }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, place: &f64, (from, to): (i32, i32)) -> i32 {
        let share = (self.at(*place) - self.low) / (self.high - self.low);
        (f64::from(from) + share * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // No lines are drawn but those of the marks.
        if hint.weight().allow_light_points() {
            return Vec::new();
        }
        self.marks.iter().map(|(at, _)| *at).collect()
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Axis {
    /// The words of the mark at this place.
    fn format_ext(&self, place: &f64) -> String {
        self.marks.iter().find(|(at, _)| at == place).map_or_else(String::new, |(_, word)| word.clone())
    }
}

/// The place of a time on a logarithmic axis of milliseconds.
pub(super) fn place(us: u64) -> f64 {
    (us.max(1) as f64 / 1_000.0).log10()
}

/// Marks at round numbers, about this many.
pub(super) fn even(low: f64, high: f64, marks: usize) -> Vec<(f64, String)> {
    let rough = (high - low) / marks.max(1) as f64;
    if !rough.is_finite() || rough <= 0.0 {
        return Vec::new();
    }
    let decade = 10f64.powf(rough.log10().floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].map(|part| part * decade).into_iter().find(|step| *step >= rough * 0.999);
    let step = step.unwrap_or(decade * 10.0);
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    // The marks are whole numbers of steps, so that 0.30000000000000004 is none of them.
    let per_unit = (1.0 / step).round();
    let at = |i: i64| if step < 1.0 { i as f64 / per_unit } else { i as f64 * step };
    (first..=last).map(|i| (at(i), number(at(i)))).collect()
}

/// A number without needless digits, also a negative one: `0.001`, `0.5`, `12`, `1,000`.
pub(super) fn number(value: f64) -> String {
    let sign = if value < 0.0 { "−" } else { "" };
    let value = (value.abs() * 1e6).round() / 1e6;
    let whole = grouped(value as u64);
    match format!("{:.6}", value.fract()).trim_end_matches('0').strip_prefix("0.") {
        Some(digits) if !digits.is_empty() => format!("{sign}{whole}.{digits}"),
        _ => format!("{sign}{whole}"),
    }
}

/// A time in microseconds, exactly: `0.35 ms`, `4.123 ms`, `11,480 ms`.
pub(super) fn exact(us: u64) -> String {
    let thousandths = format!(".{:03}", us % 1_000);
    format!("{}{} ms", grouped(us / 1_000), thousandths.trim_end_matches('0').trim_end_matches('.'))
}

/// A time in milliseconds as seconds, exactly: `2.3 s`.
pub(super) fn seconds(ms: u64) -> String {
    let thousandths = format!(".{:03}", ms % 1_000);
    format!("{}{} s", grouped(ms / 1_000), thousandths.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_numbers_and_end_within_the_axis() {
        let words = |low, high| even(low, high, 6).into_iter().map(|(_, word)| word).collect::<Vec<_>>();
        assert_eq!(words(0.0, 25.3), ["0", "5", "10", "15", "20", "25"]);
        assert_eq!(words(0.0, 0.9), ["0", "0.2", "0.4", "0.6", "0.8"]);
        assert_eq!(words(4_998.0, 5_002.0), ["4,998", "4,999", "5,000", "5,001", "5,002"]);
        assert_eq!(words(-0.3, 0.3), ["−0.3", "−0.2", "−0.1", "0", "0.1", "0.2", "0.3"]);
        assert!(words(1.0, 1.0).is_empty() && words(0.0, f64::NAN).is_empty());
    }

    #[test]
    fn a_logarithmic_axis_bears_nothing_and_an_hour() {
        let axis = Axis::latency("ms", 0, 3_600_000_000);
        let words: Vec<_> = axis.marks.iter().map(|(_, word)| word.as_str()).collect();
        assert_eq!(words[..4], ["0.001", "0.01", "0.1", "1"]);
        assert_eq!(words.last(), Some(&"1,000,000"));
        let words = |least, most| Axis::latency("ms", least, most).marks.into_iter().map(|(_, word)| word);
        assert_eq!(words(300, 300).collect::<Vec<_>>(), ["0.2", "0.5", "1"]);
        assert_eq!(words(1_000, 1_000).collect::<Vec<_>>(), ["1", "2", "5"]);
        assert_eq!(words(0, 0).collect::<Vec<_>>(), ["0.001", "0.002", "0.005"]);
        assert_eq!(place(0), -3.0);
    }

    #[test]
    fn values_are_exact() {
        assert_eq!([0, 350, 4_123, 11_480_000].map(exact), ["0 ms", "0.35 ms", "4.123 ms", "11,480 ms"]);
        assert_eq!([0, 2_300, 10_031].map(seconds), ["0 s", "2.3 s", "10.031 s"]);
    }
}
