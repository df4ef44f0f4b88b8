//! The subscribers that were online, over time.

use super::axis::{Axis, seconds};
use super::gapped;
use super::layout::{Layout, omitted, parts, shown};
use super::legend::Look;
use super::palette::WELL;
use super::picture::Picture;
use super::slices::Grain;
use crate::{Report, RunReport};
use ledger::grouped;

/// The picture of the subscribers online; `None` if no run counted them.
pub(super) fn picture(report: &Report) -> Option<Picture> {
    let runs = shown(&report.runs);
    let grain = Grain::of(runs);
    let has = |run: &RunReport| run.timeline.iter().any(|slice| slice.online.is_some());
    let most = runs.iter().flat_map(|run| &run.timeline).filter_map(|slice| slice.online).max();
    let layout = Layout {
        parts: parts(report, has, "nobody counted"),
        x: grain.axis(runs),
        y: Axis::counts("subscribers", most.unwrap_or(0), 3),
        keys: vec![(Look::Line(WELL, 3), "subscribers online".into())],
        plot: 120,
    };
    let caption = format!(
        "Subscribers online at the start of each slice.{}{}",
        grain.told("the fewest at the start of one of them"),
        omitted(&report.runs)
    );
    layout.picture("online", "Subscribers online", caption, |sheet, panel, run| {
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
