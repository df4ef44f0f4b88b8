//! Latency over time: the median, the 99th percentile and the longest of each slice.

use super::axis::{Axis, exact, place, seconds};
use super::gapped;
use super::layout::{Layout, limited, omitted, parts, shown};
use super::legend::Look;
use super::palette::{DELIVERED, INK, MUTED};
use super::panel::Panel;
use super::picture::Picture;
use super::shape::Shape;
use super::sheet::Sheet;
use super::slices::{Grain, Point};
use super::titles;
use crate::{Report, RunReport};

/// The colour and the width of each of the three lines.
const MAX: (plotters::style::RGBColor, u32) = (MUTED, 4);
const P99: (plotters::style::RGBColor, u32) = (INK, 2);
const P50: (plotters::style::RGBColor, u32) = (DELIVERED, 4);

/// The picture of latency over time; `None` if no run has latencies.
pub(super) fn picture(report: &Report, shape: Shape) -> Option<Picture> {
    let runs = shown(&report.runs);
    let grain = Grain::of(runs);
    let has = |run: &RunReport| run.timeline.iter().any(|slice| slice.max_us.is_some());
    let slices = || runs.iter().flat_map(|run| &run.timeline);
    let least = slices().filter_map(|slice| slice.p50_us).min().unwrap_or(0);
    let most = slices().filter_map(|slice| slice.max_us).max().unwrap_or(0);
    let layout = Layout {
        parts: parts(report, has, "nothing was delivered"),
        x: grain.axis(runs),
        y: Axis::latency("latency (ms)", least, most),
        keys: vec![
            (Look::Line(MAX.0, MAX.1), "longest".into()),
            (Look::Line(P99.0, P99.1), "99th percentile".into()),
            (Look::Line(P50.0, P50.1), "median".into()),
        ],
        plot: 220,
        shape,
    };
    let caption = format!(
        "Latency of what was delivered live, by intended send time, in slices of {}. A gap is a time of which \
         nothing was delivered. The scale is logarithmic.{}{}{}",
        grain.words(),
        grain.told("the highest median, 99th percentile and longest of them"),
        limited(report),
        omitted(&report.runs)
    );
    layout.picture("latency", &titles::latency(report), caption, |sheet, panel, run| {
        let points = grain.points(run);
        let line = |of: fn(&Point) -> Option<u64>| {
            points.iter().map(move |point| (point.middle(), of(point).map(place))).collect::<Vec<_>>()
        };
        gapped::draw(sheet, panel, line(|point| point.slice.max_us), MAX)?;
        gapped::draw(sheet, panel, line(|point| point.slice.p99_us), P99)?;
        gapped::draw(sheet, panel, line(|point| point.slice.p50_us), P50)?;
        tell(sheet, panel, &points);
        Ok(())
    })
}

fn tell(sheet: &mut Sheet, panel: &Panel, points: &[Point]) {
    for point in points {
        let slice = &point.slice;
        let named = [("p50", slice.p50_us), ("p99", slice.p99_us), ("max", slice.max_us)];
        let named = named.into_iter().filter_map(|(name, us)| Some(format!("{name} {}", exact(us?))));
        let words = named.collect::<Vec<_>>().join(", ");
        if !words.is_empty() {
            sheet.hit(panel.strip(point.from(), point.to()), &format!("{}: {words}", seconds(slice.at_ms)));
        }
    }
}
