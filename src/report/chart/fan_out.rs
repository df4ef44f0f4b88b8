//! The fan-out over time: how far apart the first and the last recipient of a message were.

use super::axis::{Axis, exact, place, seconds};
use super::gapped;
use super::layout::{Layout, limited, omitted, parts, shown};
use super::legend::Look;
use super::palette::{DELIVERED, MUTED};
use super::picture::Picture;
use super::shape::Shape;
use super::slices::Grain;
use super::titles;
use crate::{Report, RunReport};

/// From how many times its median on the longest fan-out of a run is worth a picture.
const MOVES: u64 = 10;
/// From how long on the longest fan-out is worth a picture, in microseconds.
const LONG_US: u64 = 10_000;

/// The picture of the fan-out, of the runs in which some message was far from the others; `None` if there is no such
/// run.
pub(super) fn picture(report: &Report, shape: Shape) -> Option<Picture> {
    let runs = shown(&report.runs);
    let grain = Grain::of(runs);
    let has = |run: &RunReport| moves(run);
    let slices = || runs.iter().flat_map(|run| &run.timeline);
    let least = slices().filter_map(|slice| slice.spread_p50_us).min().unwrap_or(0);
    let most = slices().filter_map(|slice| slice.spread_max_us).max().unwrap_or(0);
    let nothing = "always small";
    let layout = Layout {
        parts: parts(report, has, nothing),
        x: grain.axis(runs),
        y: Axis::latency("spread (ms)", least, most),
        keys: vec![(Look::Line(MUTED, 2), "longest".into()), (Look::Line(DELIVERED, 4), "median".into())],
        plot: 180,
        shape,
    };
    let caption = format!(
        "From the first live recipient of a message to its last, in slices of {}: how unfair the fan-out is. The \
         scale is logarithmic.{}{}{}",
        grain.words(),
        grain.told("the highest median and the longest of them"),
        limited(report),
        omitted(&report.runs)
    );
    layout.picture("fan-out", &titles::fan_out(report), caption, |sheet, panel, run| {
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

fn moves(run: &RunReport) -> bool {
    let mut medians: Vec<u64> = run.timeline.iter().filter_map(|slice| slice.spread_p50_us).collect();
    medians.sort_unstable();
    let median = medians.get(medians.len() / 2).copied().unwrap_or(0);
    let most = run.timeline.iter().filter_map(|slice| slice.spread_max_us).max();
    most.is_some_and(|most| most >= LONG_US && most / MOVES >= median)
}
