//! The percentile curves: how slow the slowest deliveries are, counted from the intended and from the actual send time.

use super::axis::{Axis, exact, place};
use super::frame::Frame;
use super::gapped;
use super::layout::{Layout, limited, omitted, parts, shown};
use super::legend::Look;
use super::palette::INK;
use super::panel::Panel;
use super::picture::Picture;
use super::shape::Shape;
use super::sheet::{Drawn, Sheet};
use super::titles;
use crate::distribution::PercentilePoint;
use crate::{Report, RunReport};
use ledger::grouped;

/// How near to a point one has to point, in the picture's units.
const NEAR: i32 = 6;

/// The picture of the percentile curves; `None` if no run has them.
pub(super) fn picture(report: &Report, shape: Shape) -> Option<Picture> {
    let runs = shown(&report.runs);
    let has = |run: &RunReport| !run.percentiles.latency.is_empty();
    let curves = || runs.iter().flat_map(|run| [&run.percentiles.latency, &run.percentiles.service]);
    let values = || curves().flatten().map(|point| point.value_us);
    let farthest =
        curves().flat_map(|curve| curve.iter().map(|point| rarity(curve, point))).fold(1.0, f64::max);
    let layout = Layout {
        parts: parts(report, has, "nothing was delivered").into_iter().map(|part| part.timeless()).collect(),
        x: axis(farthest),
        y: Axis::latency("latency (ms)", values().min().unwrap_or(0), values().max().unwrap_or(0)),
        keys: vec![
            (Look::Line(INK, 3), "from the intended send time".into()),
            (Look::Dashed(INK), "from the actual send".into()),
        ],
        plot: 220,
        shape,
    };
    let caption = format!(
        "The share of the live deliveries that took at most a given time. Both scales are logarithmic, and each step to the \
         right is ten times as rare. The dashed curve is what a test that waits for its own messages would have \
         shown: where it lies below, the wait before sending is left out.{}{}",
        limited(report),
        omitted(&report.runs)
    );
    layout.picture("percentiles", &titles::percentiles(report), caption, |sheet, panel, run| {
        let (intended, actual) = (&run.percentiles.latency, &run.percentiles.service);
        gapped::draw(sheet, panel, line(intended), (INK, 3))?;
        let dashes: Vec<_> = line(actual).filter_map(|(x, y)| Some(panel.at(x, y?))).collect();
        sheet.dashed(&dashes, INK, 3);
        tell(sheet, panel, actual, "from the actual send");
        tell(sheet, panel, intended, "from the intended send time");
        Drawn::Ok(())
    })
}

/// How rare it is to be beyond a point, as a power of ten. Nothing is beyond the last point: it counts as one of all.
pub(super) fn rarity(curve: &[PercentilePoint], point: &PercentilePoint) -> f64 {
    let beyond = 1.0 - point.percentile / 100.0;
    let all = curve.last().map_or(1, |last| last.count).max(1) as f64;
    if beyond > 0.0 { (1.0 / beyond).log10().min(all.log10()) } else { all.log10() }
}

fn line(curve: &[PercentilePoint]) -> impl Iterator<Item = (f64, Option<f64>)> {
    curve.iter().map(|point| (rarity(curve, point), Some(place(point.value_us))))
}

/// The axis of percentiles: 50%, 90%, 99% and so on.
pub(super) fn axis(farthest: f64) -> Axis {
    let high = farthest.max(1.0) + 0.05;
    let nines = |n: usize| match n {
        1 => "90%".to_owned(),
        2 => "99%".to_owned(),
        n => format!("99.{}%", "9".repeat(n - 2)),
    };
    let mut marks = vec![(2f64.log10(), "50%".to_owned())];
    marks.extend((1..=high as usize).map(|n| (n as f64, nines(n))));
    // The words of a mark at the very end would be cut by the edge of the picture.
    let high = high.max(high.floor() / 0.95);
    Axis { title: "percentile of the deliveries (%)".into(), low: 0.0, high, marks }
}

fn tell(sheet: &mut Sheet, panel: &Panel, curve: &[PercentilePoint], since: &str) {
    let all = curve.last().map_or(0, |last| last.count);
    for point in curve {
        let (x, y) = panel.at(rarity(curve, point), place(point.value_us));
        let frame = Frame { left: x - NEAR, top: y - NEAR, right: x + NEAR, bottom: y + NEAR };
        let percentile = super::axis::number((point.percentile * 1e4).floor() / 1e4);
        let (value, count) = (exact(point.value_us), grouped(point.count));
        sheet.hit(frame, &format!("{percentile}%: {value} {since} ({count} of {} deliveries)", grouped(all)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_mark_stands_so_near_the_end_that_its_words_are_cut() {
        for count in [1.0_f64, 10.0, 900.0, 1_000.0, 119_233.0, 999_999.0] {
            let axis = axis(count.log10());
            let last = axis.marks.iter().map(|(at, _)| *at).fold(0.0, f64::max);
            assert!(last <= axis.high * 0.951, "{count}: {last} of {}", axis.high);
        }
    }
}
