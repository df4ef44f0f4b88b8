//! `percentiles.hgrm`: the percentiles of a run in HdrHistogram's text format, which its web plotter draws.
//!
//! The plotter takes one file for each series and names the series after the file. So a report of one run has
//! `percentiles.hgrm`, and a report of several has `percentiles-<run id>.hgrm` for each. Values are milliseconds, which
//! is what the plotter assumes, with three decimals: a microsecond is not lost.

use std::fmt::Write as _;

use hdrhistogram::Histogram;

use super::super::Report;
use super::tags::plain;

/// The file's name in the directory of a report of one run.
pub const HGRM_FILE: &str = "percentiles.hgrm";

/// Microseconds in a millisecond.
const SCALE: f64 = 1_000.0;
/// Number of points for each halving of the distance to 100%.
const TICKS: u32 = 5;

/// The percentiles of a histogram of microseconds, in the format of HdrHistogram's `outputPercentileDistribution`. None
/// of them is over `largest`, where that is known exactly.
pub fn hgrm(latency: &Histogram<u64>, largest: Option<u64>) -> String {
    let largest = largest.unwrap_or(u64::MAX).min(latency.max());
    let mut text =
        format!("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    let mut total = 0;
    for point in latency.iter_quantiles(TICKS) {
        total += point.count_since_last_iteration();
        let value = point.value_iterated_to().min(largest) as f64 / SCALE;
        let level = point.quantile_iterated_to();
        let _ = write!(text, "{value:12.3} {level:14.12} {total:10}");
        // At 100% the number would be infinite, and the format leaves it out.
        let _ = if level < 1.0 { writeln!(text, " {:14.2}", 1.0 / (1.0 - level)) } else { writeln!(text) };
    }
    let (mean, deviation) = (latency.mean() / SCALE, latency.stdev() / SCALE);
    let (max, count) = (largest as f64 / SCALE, latency.len());
    let _ = writeln!(text, "#[Mean    = {mean:12.3}, StdDeviation   = {deviation:12.3}]");
    let _ = writeln!(text, "#[Max     = {max:12.3}, Total count    = {count:12}]");
    let (buckets, sub_buckets) = layout(latency);
    let _ = writeln!(text, "#[Buckets = {buckets:12}, SubBuckets     = {sub_buckets:12}]");
    text
}

/// How a histogram divides its range: each bucket spans twice its predecessor, in this number of steps.
fn layout(histogram: &Histogram<u64>) -> (u32, u64) {
    let steps = (2 * 10_u64.pow(histogram.sigfig().into())).next_power_of_two();
    let mut buckets = 1;
    let mut spanned = steps;
    while spanned <= histogram.high() {
        spanned = spanned.saturating_mul(2);
        buckets += 1;
    }
    (buckets, steps)
}

/// The name and the text of each file of a report.
pub(super) fn files(report: &Report) -> Vec<(String, String)> {
    let latency = |run: &super::super::RunReport| {
        let latency = run.distributions.latency.as_ref()?.decode()?;
        Some((run.id.clone(), hgrm(&latency, run.latency_us.map(|us| us.max))))
    };
    let mut found: Vec<_> = report.runs.iter().filter_map(latency).collect();
    match found.pop() {
        Some((_, only)) if report.runs.len() == 1 => vec![(HGRM_FILE.into(), only)],
        last => found.into_iter().chain(last).map(|(id, text)| (name(&id), text)).collect(),
    }
}

fn name(id: &str) -> String {
    format!("percentiles-{}.hgrm", plain(id))
}

/// Whether a file has a name that [`files`] gives.
pub(super) fn is_one(file: &str) -> bool {
    file == HGRM_FILE || (file.starts_with("percentiles-") && file.ends_with(".hgrm"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::micros_histogram;

    #[test]
    fn the_columns_are_those_of_hdr_histogram() {
        let mut latency = micros_histogram();
        latency.saturating_record_n(500, 3);
        latency.saturating_record(1_500);
        let text = hgrm(&latency, None);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "       Value     Percentile TotalCount 1/(1-Percentile)");
        assert_eq!(lines[1], "");
        assert_eq!(lines[2], "       0.500 0.000000000000          3           1.00");
        let tail = [
            "       1.500 1.000000000000          4",
            "#[Mean    =        0.750, StdDeviation   =        0.433]",
            "#[Max     =        1.500, Total count    =            4]",
            "#[Buckets =           22, SubBuckets     =         2048]",
        ];
        assert_eq!(lines[lines.len() - 4..], tail);
    }
}
