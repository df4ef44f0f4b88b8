//! The runs of a report in one picture: a plot for each, one under another, all with the same axes.

use super::axis::Axis;
use super::legend::{self, Key};
use super::lettering::{Anchor, LINE, fitted, width_of};
use super::palette::MUTED;
use super::panel::{self, LEFT, Panel};
use super::picture::Picture;
use super::shape::Shape;
use super::sheet::{Drawn, Sheet};
use super::window;
use crate::label::Names;
use crate::{FaultReport, Report, RunReport};
use scenario::listed;

/// The most runs that a picture shows.
pub(super) const MOST_RUNS: usize = 12;
/// The most runs that a caption names one by one.
const MOST_NAMED: usize = 3;

/// What one plot is about and, if there is nothing to plot, the words that say so.
pub(super) struct Part<'r, T> {
    /// The heading of the plot.
    pub(super) name: String,
    /// The data that are plotted.
    pub(super) of: &'r T,
    pub(super) words: Option<String>,
    /// The faults to be shown. Empty unless x is the time of the run.
    pub(super) faults: &'r [FaultReport],
}

/// Plots under one another.
pub(super) struct Layout<'r, T> {
    pub(super) parts: Vec<Part<'r, T>>,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) keys: Vec<Key>,
    /// The height of a plot, in the picture's units; in a picture of a fixed shape the least height.
    pub(super) plot: i32,
    pub(super) shape: Shape,
}

/// The runs that pictures show: the first of them, if there are too many.
pub(super) fn shown(runs: &[RunReport]) -> &[RunReport] {
    &runs[..runs.len().min(MOST_RUNS)]
}

/// A part for each run that was made, plotted where `plotted` says so; otherwise with `nothing` in the place of the
/// plot. What was not run is said once where the report tells what happened, and not in each picture.
pub(super) fn parts<'r>(
    report: &'r Report,
    plotted: impl Fn(&RunReport) -> bool,
    nothing: &str,
) -> Vec<Part<'r, RunReport>> {
    let names = Names::of_all(report);
    let made = shown(&report.runs).iter().filter(|run| run.was_made());
    made.map(|run| Part::new(run, names, plotted(run), nothing)).collect()
}

/// The sentence that a caption adds if not all runs are shown.
pub(super) fn omitted(runs: &[RunReport]) -> String {
    match runs.len().saturating_sub(MOST_RUNS) {
        0 => String::new(),
        _ => format!(" Only the first {MOST_RUNS} of {} runs are shown.", runs.len()),
    }
}

/// The sentence that a caption adds if the load generator was late: in which of the runs, where it was not in all.
pub(super) fn limited(report: &Report) -> String {
    let names = Names::of_all(report);
    let with_latency = || report.runs.iter().filter(|run| run.latency_us.is_some());
    let late: Vec<_> = with_latency().filter(|run| run.harness_limited).map(|run| names.whole(run)).collect();
    let bound = "so that latency from the intended send time is an upper bound";
    match late.len() {
        0 => String::new(),
        all if all == with_latency().count() => format!(" The load generator itself was late, {bound}."),
        1..=MOST_NAMED => format!(" The load generator itself was late in {}, {bound} there.", listed(&late)),
        many => format!(" The load generator itself was late in {many} of the runs, {bound} there."),
    }
}

impl<'r> Part<'r, RunReport> {
    /// The part of a run, plotted if `plotted`; otherwise with `nothing` in the place of the plot.
    fn new(run: &'r RunReport, names: Names, plotted: bool, nothing: &str) -> Self {
        let words = (!plotted).then(|| match run.debts.is_some() {
            true => nothing.to_owned(),
            false => format!("inconclusive: {}", run.why.first().map_or("no figures", String::as_str)),
        });
        Self { name: names.whole(run), of: run, words, faults: &run.faults }
    }

    /// This part for a plot in which x is something else than time, so without faults.
    pub(super) fn timeless(self) -> Self {
        Self { faults: &[], ..self }
    }
}

impl<T> Layout<'_, T> {
    /// The picture of all parts. `None` if no run has anything to plot.
    pub(super) fn picture(
        mut self,
        id: &str,
        title: &str,
        caption: String,
        draw: impl Fn(&mut Sheet, &Panel, &T) -> Drawn,
    ) -> Option<Picture> {
        let last = self.parts.iter().rposition(|part| part.words.is_none())?;
        let faults = || self.parts.iter().filter(|part| part.words.is_none()).map(|part| part.faults);
        let strip = window::height(faults());
        let more = window::keys(faults().flatten());
        self.keys.extend(more);
        let Self { parts, x, y, keys, plot, shape } = self;
        let heights = |plot: i32| -> Vec<i32> {
            let height = |(i, part): (usize, &Part<T>)| match part.words {
                Some(_) => LINE + 10,
                None => LINE + 6 + strip + panel::height(plot, i == last) + 6,
            };
            parts.iter().enumerate().map(height).collect()
        };
        let height =
            |width: i32, plot: i32| legend::height(&keys, width) + heights(plot).iter().sum::<i32>() + 8;
        let width = shape.width(|width| height(width, plot));
        // What a shape leaves over goes to the plots.
        let plots = parts.iter().filter(|part| part.words.is_none()).count().max(1) as i32;
        let plot = plot + shape.left_over(width, height(width, plot)) / plots;
        Sheet::picture(id, title, caption, (width, height(width, plot)), |sheet| {
            legend::draw(sheet, 0, &keys)?;
            let mut top = legend::height(&keys, width);
            for (i, (part, height)) in parts.iter().zip(heights(plot)).enumerate() {
                let room = width - panel::RIGHT - 10;
                let name = fitted(&part.name, if part.words.is_some() { room / 2 } else { room });
                sheet.heading(&name, (10, top + LINE / 2))?;
                match &part.words {
                    Some(words) => {
                        // The letters of the name are bold, and so wider.
                        let left = LEFT.max(24 + width_of(&name) * 12 / 10);
                        let words = fitted(words, width - left - panel::RIGHT);
                        sheet.text(&words, (left, top + LINE / 2), Anchor::Start, MUTED)?;
                    }
                    None => {
                        let place = top + LINE + 6 + strip;
                        let panel = Panel::new(sheet, place, plot, i == last, &x, &y)?;
                        window::draw(sheet, &panel, part.faults)?;
                        draw(sheet, &panel, part.of)?;
                    }
                }
                top += height;
            }
            Ok(())
        })
    }
}
