//! What became of the debts over time: on time, late, recovered and lost, on top of each other.

use plotters::style::RGBColor;

use super::axis::{Axis, seconds};
use super::hatch;
use super::layout::{Layout, omitted, parts, shown};
use super::legend::{Key, Look};
use super::palette::{DELIVERED, LATE, LOST, RECOVERED};
use super::panel::Panel;
use super::picture::Picture;
use super::shape::Shape;
use super::sheet::{Drawn, Sheet};
use super::slices::{Grain, Point};
use super::titles;
use crate::label::Names;
use crate::{Report, RunReport, payers};
use ledger::{Slice, grouped};

/// A layer of the picture, which is drawn on top of another.
struct Layer {
    colour: RGBColor,
    hatch: Option<&'static str>,
    /// The meaning of the layer in the legend.
    key: &'static str,
    /// Reads out of a slice what the layer counts.
    of: fn(&Slice) -> u64,
}

/// The layers from the bottom to the top.
const LAYERS: [Layer; 4] = [
    Layer { colour: DELIVERED, hatch: None, key: "live within a second", of: in_time },
    Layer { colour: LATE, hatch: Some(hatch::LATE), key: "live, but later", of: late },
    Layer {
        colour: RECOVERED,
        hatch: Some(hatch::RECOVERED),
        key: "recovered by replay",
        of: |slice| slice.recovered,
    },
    Layer { colour: LOST, hatch: Some(hatch::LOST), key: "lost", of: |slice| slice.lost },
];

/// What the lowest layer means where an older report did not count what was late.
const WHENEVER: &str = "live, whenever";

/// The least height of a layer: one lost delivery of thousands must be seen.
const LOWEST: i32 = 4;

fn late(slice: &Slice) -> u64 {
    slice.late.unwrap_or(0).min(slice.delivered)
}

fn in_time(slice: &Slice) -> u64 {
    slice.delivered - late(slice)
}

/// The picture of what became of the debts; `None` if no run has debts over time.
pub(super) fn picture(report: &Report, shape: Shape) -> Option<Picture> {
    let runs = shown(&report.runs);
    let grain = Grain::of(runs);
    let has = |run: &RunReport| run.timeline.iter().any(|slice| owed(slice) > 0);
    let most = runs.iter().flat_map(|run| grain.points(run)).map(|point| owed(&point.slice)).max();
    let layout = Layout {
        parts: parts(report, has, "nothing was owed"),
        x: grain.axis(runs),
        y: Axis::counts(&format!("deliveries per {}", grain.words()), most.unwrap_or(0), 4),
        keys: keys(runs),
        plot: 180,
        shape,
    };
    let caption = format!(
        "What became of every delivery that was owed, by the intended send time of its message. Late is more than \
         a second after that. However few, they are drawn high enough to be seen.{}{}{}",
        grain.told("their sum"),
        paid(report),
        omitted(&report.runs)
    );
    layout.picture("debts", &titles::debts(report), caption, |sheet, panel, run| {
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

/// The layers' keys from the top to the bottom.
fn keys(runs: &[RunReport]) -> Vec<Key> {
    let counted = |slice: &Slice| slice.late.is_some() || slice.delivered == 0;
    let all_counted = runs.iter().flat_map(|run| &run.timeline).all(counted);
    let words = |layer: &Layer| if layer.hatch.is_none() && !all_counted { WHENEVER } else { layer.key };
    let key = |layer: &Layer| (Look::Area(layer.colour, layer.hatch), words(layer).to_owned());
    LAYERS.iter().rev().map(key).collect()
}

/// Draws the steps of one layer on top of those below it, each stretch without a gap as an area of its own.
fn layer(sheet: &mut Sheet, panel: &Panel, points: &[Point], which: usize) -> Drawn {
    let Layer { colour, hatch, of: count, .. } = LAYERS[which];
    for stretch in points.split(|point| count(&point.slice) == 0).filter(|stretch| !stretch.is_empty()) {
        let mut outline = Vec::new();
        let mut base = Vec::new();
        for point in stretch {
            let below: u64 = LAYERS[..which].iter().map(|layer| (layer.of)(&point.slice)).sum();
            let (left, bottom) = panel.at(point.from(), below as f64);
            let (right, top) = panel.at(point.to(), (below + count(&point.slice)) as f64);
            let top = top.min(bottom - LOWEST);
            outline.extend([(left, top), (right, top)]);
            base.extend([(left, bottom), (right, bottom)]);
        }
        outline.extend(base.into_iter().rev());
        if let Some(name) = hatch {
            let fill = sheet.hatch(name);
            sheet.cover(&outline, &fill);
        }
        sheet.area(outline, colour)?;
    }
    Ok(())
}

fn owed(slice: &Slice) -> u64 {
    LAYERS.iter().map(|layer| (layer.of)(slice)).sum()
}

fn told(slice: &Slice) -> String {
    let [_, late, recovered, lost] = LAYERS.map(|layer| grouped((layer.of)(slice)));
    let late = if slice.late.is_some() { format!(" ({late} of them late)") } else { String::new() };
    let (at, delivered) = (seconds(slice.at_ms), grouped(slice.delivered));
    format!("{at}: {delivered} delivered{late}, {recovered} recovered, {lost} lost")
}

/// Who paid in each run, where that is a few.
fn paid(report: &Report) -> String {
    let names = Names::of_all(report);
    let paying = shown(&report.runs).iter().filter(|run| !run.payers.is_empty());
    paying.map(|run| format!(" {}: {}", names.whole(run), payers::sentence(run))).collect()
}
