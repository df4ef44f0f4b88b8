//! The subscribers that were online, over time.

use super::axis::{Axis, seconds};
use super::gapped;
use super::layout::{Layout, omitted, parts, shown};
use super::legend::Look;
use super::palette::WELL;
use super::picture::Picture;
use super::shape::Shape;
use super::slices::Grain;
use super::titles;
use crate::{Report, RunReport};
use ledger::grouped;

/// The picture of the subscribers online, of the runs in which they were not always the same; `None` if there is no
/// such run.
pub(super) fn picture(report: &Report, shape: Shape) -> Option<Picture> {
    let runs = shown(&report.runs);
    let grain = Grain::of(runs);
    let has = |run: &RunReport| {
        let online = || run.timeline.iter().filter_map(|slice| slice.online);
        online().min() < online().max()
    };
    let most = runs.iter().flat_map(|run| &run.timeline).filter_map(|slice| slice.online).max();
    let layout = Layout {
        parts: parts(report, has, "always the same"),
        x: grain.axis(runs),
        y: Axis::counts("subscribers", most.unwrap_or(0), 3),
        keys: vec![(Look::Line(WELL, 3), "subscribers online".into())],
        plot: 120,
        shape,
    };
    let caption = format!(
        "Subscribers online at the start of each slice.{}{}",
        grain.told("the fewest at the start of one of them"),
        omitted(&report.runs)
    );
    layout.picture("online", &titles::online(report), caption, |sheet, panel, run| {
        let points = grain.points(run);
        let steps = points.iter().flat_map(|point| {
            let online = point.slice.online.map(|online| online as f64);
            [(point.from(), online), (point.to(), online)]
        });
        gapped::draw(sheet, panel, steps, (WELL, 3))?;
        for point in &points {
            if let Some(online) = point.slice.online {
                let words = format!("{}: {} online", seconds(point.slice.at_ms), grouped(online));
                sheet.hit(panel.strip(point.from(), point.to()), &words);
            }
        }
        Ok(())
    })
}
