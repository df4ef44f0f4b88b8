//! What became of the debts over time: delivered, recovered and lost, on top of each other.

use plotters::style::RGBColor;

use super::Picture;
use super::axis::{Axis, seconds};
use super::hatch;
use super::layout::{Layout, Part, omitted, shown};
use super::legend::Look;
use super::palette::{DELIVERED, LOST, RECOVERED};
use super::panel::Panel;
use super::sheet::{Drawn, Sheet};
use super::slices::{Grain, Point};
use crate::ledger::{Slice, grouped};
use crate::report::{Report, RunReport};

/// From the bottom: each colour, its hatch, and what it counts.
const LAYERS: [(RGBColor, Option<&str>, fn(&Slice) -> u64); 3] = [
    (DELIVERED, None, |slice| slice.delivered),
    (RECOVERED, Some(hatch::RECOVERED), |slice| slice.recovered),
    (LOST, Some(hatch::LOST), |slice| slice.lost),
];

/// The picture.
pub(super) fn picture(report: &Report) -> Option<Picture> {
    let runs = shown(&report.runs);
    let grain = Grain::of(runs);
    let has = |run: &RunReport| run.timeline.iter().any(|slice| owed(slice) > 0);
    let most = runs.iter().flat_map(|run| grain.points(run)).map(|point| owed(&point.slice)).max();
    let layout = Layout {
        parts: runs.iter().map(|run| Part::new(run, has(run), "nothing was owed")).collect(),
        x: grain.axis(runs),
        y: Axis::counts(&format!("deliveries per {}", grain.words()), most.unwrap_or(0), 4),
        keys: vec![
            (Look::Area(LOST, Some(hatch::LOST)), "lost".into()),
            (Look::Area(RECOVERED, Some(hatch::RECOVERED)), "recovered by replay".into()),
            (Look::Area(DELIVERED, None), "delivered live".into()),
        ],
        plot: 180,
    };
    let caption = format!(
        "What became of every delivery that was owed, by the intended send time of its message: whenever it \
         came.{}{}",
        grain.told("their sum"),
        omitted(&report.runs)
    );
    layout.picture("debts", "Delivered, recovered, lost", caption, |sheet, panel, run| {
        let points = grain.points(run);
        for upto in 0..LAYERS.len() {
            layer(sheet, panel, &points, upto)?;
        }
        for point in points.iter().filter(|point| owed(&point.slice) > 0) {
            sheet.hit(panel.strip(point.from(), point.to()), &told(&point.slice));
        }
        Ok(())
    })
}

/// The steps of one layer on top of those below it, each stretch without a gap an area of its own.
fn layer(sheet: &mut Sheet, panel: &Panel, points: &[Point], which: usize) -> Drawn {
    let (colour, hatched, count) = LAYERS[which];
    for stretch in points.split(|point| count(&point.slice) == 0).filter(|stretch| !stretch.is_empty()) {
        let mut outline = Vec::new();
        let mut base = Vec::new();
        for point in stretch {
            let below: u64 = LAYERS[..which].iter().map(|(.., count)| count(&point.slice)).sum();
            let top = (below + count(&point.slice)) as f64;
            outline.extend([panel.at(point.from(), top), panel.at(point.to(), top)]);
            base.extend([panel.at(point.from(), below as f64), panel.at(point.to(), below as f64)]);
        }
        outline.extend(base.into_iter().rev());
        if let Some(name) = hatched {
            let fill = sheet.hatch(name);
            sheet.cover(&outline, &fill);
        }
        sheet.area(outline, colour)?;
    }
    Ok(())
}

fn owed(slice: &Slice) -> u64 {
    LAYERS.iter().map(|(.., count)| count(slice)).sum()
}

fn told(slice: &Slice) -> String {
    let [delivered, recovered, lost] = LAYERS.map(|(.., count)| grouped(count(slice)));
    format!("{}: {delivered} delivered, {recovered} recovered, {lost} lost", seconds(slice.at_ms))
}
