//! Who lost what, and when: a row for each node, darker where more was lost.

use super::axis::{Axis, seconds};
use super::frame::Frame;
use super::layout::{Layout, omitted, parts, shown};
use super::legend::{Key, Look};
use super::palette::{GROUND, LOST, hex};
use super::picture::Picture;
use super::shape::Shape;
use super::slices::Grain;
use super::titles;
use crate::{Report, RunReport};
use ledger::grouped;

/// Number of shades that are told apart.
const SHADES: u64 = 4;

/// The picture of the losses by node; `None` if nothing was lost.
pub(super) fn picture(report: &Report, shape: Shape) -> Option<Picture> {
    let runs = shown(&report.runs);
    let grain = Grain::of(runs);
    let has = |run: &RunReport| run.timeline.iter().any(|slice| !slice.lost_by_node.is_empty());
    let cells = || runs.iter().flat_map(|run| grain.points(run)).map(|point| point.slice.lost_by_node);
    let nodes = cells().map(|lost| lost.len()).max().unwrap_or(0);
    let most = cells().flatten().max().unwrap_or(0);
    let (y, plot) = (rows(nodes), 30 * nodes as i32);
    let layout = Layout {
        parts: parts(report, has, "lost nothing"),
        x: grain.axis(runs),
        y,
        keys: keys(most),
        plot: plot.max(60),
        shape,
    };
    let caption = format!(
        "Lost deliveries by the node of their subscriber, per {}, by the intended send time of their message. \
         Where nothing was lost, nothing is drawn.{}{}",
        grain.words(),
        grain.told("their sum"),
        omitted(&report.runs)
    );
    layout.picture("losses", &titles::losses(report), caption, |sheet, panel, run| {
        for point in grain.points(run) {
            for (node, lost) in point.slice.lost_by_node.iter().enumerate().filter(|(_, lost)| **lost > 0) {
                let row = nodes as f64 - node as f64;
                let (left, top) = panel.at(point.from(), row);
                let (right, bottom) = panel.at(point.to(), row - 1.0);
                let frame = Frame { left, top: top + 2, right: right.max(left + 1), bottom: bottom - 1 };
                // A shade does not lie on the shade of a fault, because it would look like more.
                sheet.tint(frame, &hex(GROUND), 1.0);
                sheet.tint(frame, &hex(LOST), share(shade(*lost, most)));
                let at = seconds(point.slice.at_ms);
                sheet.hit(frame, &format!("{at}: {} lost at node {node}", grouped(*lost)));
            }
        }
        Ok(())
    })
}

/// The shade of a count, from 1.
fn shade(lost: u64, most: u64) -> u64 {
    (lost.saturating_mul(SHADES)).div_ceil(most.max(1)).clamp(1, SHADES)
}

fn share(shade: u64) -> f64 {
    0.1 + 0.9 * shade as f64 / SHADES as f64
}

/// The meaning of each shade. Where the most is a small count, there are fewer shades.
fn keys(most: u64) -> Vec<Key> {
    let upto = |shade: u64| most.saturating_mul(shade) / SHADES;
    let key = |shade: u64| {
        let (from, to) = (upto(shade - 1) + 1, upto(shade));
        let words = if from == to { grouped(to) } else { format!("{}–{}", grouped(from), grouped(to)) };
        (from <= to).then(|| (Look::Tint(LOST, share(shade)), format!("{words} lost")))
    };
    (1..=SHADES).filter_map(key).collect()
}

/// An axis with a row for each node, the first on top.
fn rows(nodes: usize) -> Axis {
    let mark = |node: usize| ((nodes - node) as f64 - 0.5, format!("node {node}"));
    Axis { title: "node".into(), low: 0.0, high: nodes.max(1) as f64, marks: (0..nodes).map(mark).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_legend_says_what_the_shades_count() {
        let words = |most| keys(most).into_iter().map(|(_, words)| words).collect::<Vec<_>>();
        assert_eq!(words(100), ["1–25 lost", "26–50 lost", "51–75 lost", "76–100 lost"]);
        assert_eq!(words(2), ["1 lost", "2 lost"]);
        for most in 1..50 {
            for lost in 1..=most {
                let key = format!(" {}", share(shade(lost, most)));
                assert!(
                    keys(most).iter().any(|(look, _)| format!("{look:?}").contains(key.trim())),
                    "{lost} of {most}"
                );
            }
        }
        assert!(keys(0).is_empty());
    }
}
