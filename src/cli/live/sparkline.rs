//! The latency as a row of bars, and the scale of the bars.

/// The bars from the lowest to the highest.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The least end of the scale, in microseconds: below it everything is quick alike.
const LEAST_US: u64 = 1_000;

/// The end of the scale for these values, in microseconds: 1, 2 or 5 times a power of ten. So the scale seldom changes,
/// and a reader can compare bars of different moments.
pub(super) fn scale(values: &[Option<u64>]) -> u64 {
    let most = values.iter().flatten().copied().max().unwrap_or(0).max(LEAST_US);
    let mut decade: u64 = 1;
    loop {
        for step in [1, 2, 5] {
            let end = decade.saturating_mul(step);
            if end >= most {
                return end;
            }
        }
        decade = decade.saturating_mul(10);
    }
}

/// The latest `count` values as bars, the newest at the right end. Where there is no value there is no bar.
pub(super) fn bars(values: &[Option<u64>], scale: u64, count: usize) -> String {
    let shown = &values[values.len().saturating_sub(count)..];
    let bar = |value: &Option<u64>| match value {
        None => ' ',
        Some(value) => {
            let height = u128::from(*value) * BARS.len() as u128 / u128::from(scale.max(1));
            BARS[usize::try_from(height).unwrap_or(usize::MAX).min(BARS.len() - 1)]
        }
    };
    let padding = std::iter::repeat_n(' ', count - shown.len());
    padding.chain(shown.iter().map(bar)).collect()
}

/// A time in at most seven columns: `0.35 ms`, `212 ms`, `5.0 s`.
pub(super) fn span(us: u64) -> String {
    match us {
        0..9_995 => format!("{:.2} ms", us as f64 / 1e3),
        9_995..99_950 => format!("{:.1} ms", us as f64 / 1e3),
        99_950..999_500 => format!("{:.0} ms", us as f64 / 1e3),
        _ => format!("{:.1} s", us as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_one_two_or_five_times_a_power_of_ten() {
        let scales = [0, 900, 1_000, 1_001, 2_500, 7_000, 4_100_000].map(|us| scale(&[Some(us), None]));
        assert_eq!(scales, [1_000, 1_000, 1_000, 2_000, 5_000, 10_000, 5_000_000]);
        assert_eq!(scale(&[]), 1_000);
        assert_eq!(scale(&[Some(u64::MAX)]), u64::MAX);
    }

    #[test]
    fn a_bar_a_value_the_newest_at_the_right() {
        let values = [Some(0), Some(999), Some(500), None, Some(124), Some(125), Some(5_000)];
        assert_eq!(bars(&values, 1_000, 7), "▁█▅ ▁▂█");
        assert_eq!(bars(&values, 1_000, 3), "▁▂█");
        assert_eq!(bars(&values, 1_000, 9), "  ▁█▅ ▁▂█");
        assert_eq!(bars(&[], 1_000, 2), "  ");
        assert_eq!(bars(&[Some(u64::MAX)], u64::MAX, 1), "█", "an absurd value is no panic");
    }

    #[test]
    fn a_span_has_seven_columns_at_the_most() {
        let spans = [0, 350, 4_123, 9_994, 9_995, 99_949, 99_950, 999_499, 999_500, 60_000_000].map(span);
        assert_eq!(
            spans,
            [
                "0.00 ms", "0.35 ms", "4.12 ms", "9.99 ms", "10.0 ms", "99.9 ms", "100 ms", "999 ms",
                "1.0 s", "60.0 s"
            ]
        );
        assert!(spans.iter().all(|span| span.len() <= 7));
    }
}
