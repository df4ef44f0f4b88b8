//! The latencies of all subjects on one axis: while nothing breaks, and as the load grows.

use super::axis::{Axis, exact, number, place};
use super::lines::{Line, picture};
use super::percentiles::{axis, rarity};
use super::picture::Picture;
use crate::label::column;
use crate::{Report, RunReport};
use ledger::{Verdict, grouped};

/// The pictures that the reports allow.
pub(crate) fn pictures(subjects: &[String], reports: &[&Report]) -> Vec<Picture> {
    [percentiles(subjects, reports), saturation(subjects, reports)].into_iter().flatten().collect()
}

/// The percentile curves of the first report in which nothing broke and nothing was varied.
fn percentiles(subjects: &[String], reports: &[&Report]) -> Option<Picture> {
    let measured = |run: &&RunReport| !run.percentiles.latency.is_empty() && !run.partial;
    let calm = |report: &&&Report| {
        let mut runs = report.runs.iter().filter(measured).peekable();
        runs.peek().is_some() && runs.all(|run| run.schedule.is_empty() && run.params.is_empty())
    };
    let report = reports.iter().find(calm)?;
    let curve = |subject: &String| {
        let run = report.runs.iter().filter(measured).find(|run| column(run) == *subject)?;
        let curve = &run.percentiles.latency;
        let point = |point: &crate::PercentilePoint| {
            let percentile = number((point.percentile * 1e4).floor() / 1e4);
            (
                rarity(curve, point),
                place(point.value_us),
                format!("{percentile}% within {}", exact(point.value_us)),
            )
        };
        Some(Line { name: subject.clone(), points: curve.iter().map(point).collect() })
    };
    let lines: Vec<_> = subjects.iter().filter_map(curve).collect();
    let values = || report.runs.iter().flat_map(|run| &run.percentiles.latency).map(|point| point.value_us);
    let farthest = lines.iter().flat_map(|line| &line.points).map(|(x, ..)| *x).fold(1.0, f64::max);
    let y = Axis::latency("latency (ms)", values().min().unwrap_or(0), values().max().unwrap_or(0));
    let name = report.scenario["name"].as_str().unwrap_or("scenario");
    let caption = format!(
        "The latency of live deliveries in {name}, where nothing breaks, from the intended send time. Both scales are \
         logarithmic, and each step to the right is ten times as rare."
    );
    picture(("percentiles", "Latency of all on one axis"), caption, &axis(farthest), &y, &lines)
}

/// The 99th percentile of each subject as the load of a search grows, up to the last value that was as expected.
fn saturation(subjects: &[String], reports: &[&Report]) -> Option<Picture> {
    let searched = |report: &&&Report| report.scenario["matrix"]["until"] == "violated";
    let report = reports.iter().find(searched)?;
    let key = report.runs.iter().find_map(|run| run.params.keys().next())?;
    let value = |run: &RunReport| {
        run.params.get(key).and_then(serde_json::Value::as_f64).filter(|value| *value > 0.0)
    };
    let line = |subject: &String| {
        let runs = report.runs.iter().filter(|run| column(run) == *subject);
        let points = runs.filter_map(|run| {
            let (value, p99) = (value(run)?, run.latency_us?.p99);
            let end = if run.verdict == Verdict::Valid { "" } else { ", where the search ended" };
            let said = format!("{key} {}: p99 {}{end}", grouped(value.round() as u64), exact(p99));
            Some((value.log10(), place(p99), said))
        });
        let points: Vec<_> = points.collect();
        (!points.is_empty()).then(|| Line { name: subject.clone(), points })
    };
    let lines: Vec<_> = subjects.iter().filter_map(line).collect();
    let values = report.runs.iter().filter_map(value);
    let (least, most) =
        values.fold((f64::MAX, 1.0), |(least, most), value| (value.min(least), value.max(most)));
    let mut tried: Vec<_> = report.runs.iter().filter_map(value).collect();
    tried.sort_by(f64::total_cmp);
    tried.dedup();
    let marks = tried.iter().map(|value| (value.log10(), grouped(value.round() as u64))).collect();
    let (low, high) = (least.log10() - 0.02, (most.log10() + 0.1).max(least.log10() + 0.3));
    let x = Axis { title: unit(key).into(), low, high, marks };
    let p99s = || report.runs.iter().filter_map(|run| run.latency_us).map(|latency| latency.p99);
    let y = Axis::latency("p99 (ms)", p99s().min().unwrap_or(0), p99s().max().unwrap_or(0));
    let caption = "The 99th percentile of the latency as the load grows. A line ends where an expectation of the scenario \
                   was no longer met, or the load generator itself was the limit."
        .to_owned();
    picture(("saturation", "What each sustains"), caption, &x, &y, &lines)
}

fn unit(key: &str) -> &str {
    if key == "rate" { "messages per second" } else { key }
}
