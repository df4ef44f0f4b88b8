//! `latency.hlog`: the latency by time and phase as an HdrHistogram interval log (format 1.3), which HdrHistogram's own
//! plotters, log processors and libraries read.
//!
//! Each interval of each run is a line. Its tag is the run's label and the phase: `redis.steady`. The lines of a run's
//! tags together are the run's whole latency, or that of all its repetitions: they share their tags. Times are seconds
//! since the first run began (`BaseTime`); where a report does not say when its runs began, each begins at 0. Values
//! are microseconds. `Interval_Max`, which is for human eyes, is in milliseconds, as in the logs that HdrHistogram's
//! own writer makes of nanoseconds. As in those logs it is the end of the last bucket: up to a thousandth beyond the
//! longest.

use std::io::{self, Write as _};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

use super::super::{Encoded, Report};
use super::tags::tags;

/// The file's name in the directory of a run.
pub const HLOG_FILE: &str = "latency.hlog";

const LEGEND: &str =
    "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"";
/// Microseconds in a millisecond.
const MAX_DIVISOR: f64 = 1_000.0;

/// One line of the log: the latencies of one interval of one run.
struct HlogLine<'a> {
    start: Duration,
    length: Duration,
    tag: String,
    latency: &'a Encoded,
}

/// The text of the log. An interval in which nothing was delivered has no line.
pub fn hlog(report: &Report) -> io::Result<String> {
    let base_ms = report.runs.iter().filter_map(|run| run.began_unix_ms).min();
    let mut text = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let mut header = IntervalLogWriterBuilder::new();
    header.add_comment("[Histogram log format version 1.3]");
    header.add_comment(&format!("[Logged by pubsub-lab {}]", env!("CARGO_PKG_VERSION")));
    header.add_comment("[Values: microseconds from the intended send time to the first live receipt]");
    header.add_comment("[Interval_Max: milliseconds]");
    if let Some(base) = base_ms.and_then(since_epoch) {
        header.with_start_time(base).with_base_time(base);
    }
    header.begin_log_with(&mut text, &mut serializer)?;
    // The legend stands below the header, which is written as a whole.
    writeln!(text, "{LEGEND}")?;
    let mut lines = IntervalLogWriterBuilder::new();
    lines.with_max_value_divisor(MAX_DIVISOR);
    let mut writer = lines.begin_log_with(&mut text, &mut serializer)?;
    for line in lines_of(report, base_ms) {
        // The histograms are decoded one at a time, because a long run has thousands.
        let Some(latency) = line.latency.decode() else { continue };
        writer
            .write_histogram(&latency, line.start, line.length, Tag::new(&line.tag))
            .map_err(|error| io::Error::other(error.to_string()))?;
    }
    String::from_utf8(text).map_err(io::Error::other)
}

/// The lines in the order in which their intervals begin, as readers expect them.
fn lines_of(report: &Report, base_ms: Option<u64>) -> Vec<HlogLine<'_>> {
    let mut lines = Vec::new();
    for (run, tag) in report.runs.iter().zip(tags(&report.runs)) {
        let began = run.began_unix_ms.zip(base_ms).map_or(0, |(began, base)| began - base);
        for interval in &run.intervals {
            let Some(latency) = &interval.latency else { continue };
            lines.push(HlogLine {
                start: Duration::from_millis(began.saturating_add(interval.at_ms)),
                length: Duration::from_millis(interval.length_ms),
                tag: format!("{tag}.{}", interval.phase.name()),
                latency,
            });
        }
    }
    lines.sort_by_key(|line| line.start);
    lines
}

fn since_epoch(ms: u64) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_millis(ms))
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{redis, report};
    use super::*;
    use crate::IntervalReport;
    use ledger::{Phase, micros_histogram};

    #[test]
    fn a_log_has_a_header_and_a_line_an_interval_in_order_of_time() {
        let interval = |at_ms, phase, value: u64| {
            let mut latency = micros_histogram();
            latency.saturating_record(value);
            IntervalReport { at_ms, length_ms: 500, phase, latency: Encoded::of(&latency) }
        };
        let mut first = redis();
        first.began_unix_ms = Some(1_700_000_000_250);
        first.intervals = vec![interval(0, Phase::Steady, 1_500), interval(500, Phase::Fault, 250)];
        first.intervals.push(IntervalReport { latency: None, ..interval(1_000, Phase::Fault, 1) });
        let mut second = redis();
        second.label = "a b".into();
        second.began_unix_ms = Some(1_700_000_010_000);
        second.intervals = vec![interval(100, Phase::Recovery, 1_000)];
        let text = hlog(&report(vec![second, first])).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "#[Histogram log format version 1.3]");
        assert_eq!(
            lines[4..8],
            [
                "#[StartTime: 1700000000.250 (seconds since epoch)]",
                "#[BaseTime: 1700000000.250 (seconds since epoch)]",
                LEGEND,
                "#[MaxValueDivisor: 1000.000]",
            ]
        );
        let begins = [
            "Tag=redis.steady,0.000,0.500,1.500,HISTFAAA",
            "Tag=redis.fault,0.500,0.500,0.250,HISTFAAA",
            "Tag=a_b.recovery,9.850,0.500,1.000,HISTFAAA",
        ];
        assert_eq!(lines.len(), 8 + begins.len());
        assert!(lines[8..].iter().zip(begins).all(|(line, begin)| line.starts_with(begin)), "{text}");
    }
}
