//! The fan-out over time: how far apart the first and the last recipient of a message were.

use super::axis::{Axis, exact, place, seconds};
use super::gapped;
use super::layout::{Layout, Part, limited, omitted, parts, shown};
use super::legend::Look;
use super::palette::{DELIVERED, MUTED};
use super::picture::Picture;
use super::slices::Grain;
use crate::{Report, RunReport};

/// The picture of the fan-out; `None` if no run has one.
pub(super) fn picture(report: &Report) -> Option<Picture> {
    let runs = shown(&report.runs);
    let grain = Grain::of(runs);
    let has = |run: &RunReport| run.timeline.iter().any(|slice| slice.spread_max_us.is_some());
    let slices = || runs.iter().flat_map(|run| &run.timeline);
    let least = slices().filter_map(|slice| slice.spread_p50_us).min().unwrap_or(0);
    let most = slices().filter_map(|slice| slice.spread_max_us).max().unwrap_or(0);
    let nothing = "no message reached two subscribers";
    let layout = Layout {
        parts: parts(report, has, nothing).into_iter().map(Part::marked).collect(),
        x: grain.axis(runs),
        y: Axis::latency("spread (ms)", least, most),
        keys: vec![(Look::Line(MUTED, 2), "longest".into()), (Look::Line(DELIVERED, 4), "median".into())],
        plot: 180,
    };
    let caption = format!(
        "From the first live recipient of a message to its last, in slices of {}: how unfair the fan-out is. The \
         scale is logarithmic.{}{}{}",
        grain.words(),
        grain.told("the highest median and the longest of them"),
        limited(runs),
        omitted(&report.runs)
    );
    layout.picture("fan-out", "From the first recipient to the last", caption, |sheet, panel, run| {
        let points = grain.points(run);
        let longest = points.iter().map(|point| (point.middle(), point.slice.spread_max_us.map(place)));
        gapped::draw(sheet, panel, longest, (MUTED, 2))?;
        let median = points.iter().map(|point| (point.middle(), point.slice.spread_p50_us.map(place)));
        gapped::draw(sheet, panel, median, (DELIVERED, 4))?;
        for point in &points {
            if let (Some(p50), Some(max)) = (point.slice.spread_p50_us, point.slice.spread_max_us) {
                let at = seconds(point.slice.at_ms);
                let words = format!("{at}: p50 {}, max {}", exact(p50), exact(max));
                sheet.hit(panel.strip(point.from(), point.to()), &words);
            }
        }
        Ok(())
    })
}
