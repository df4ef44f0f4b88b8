//! The runs of a report in one picture: a plot for each, one under another, all with the same axes.

use super::axis::Axis;
use super::legend::{self, Key};
use super::lettering::{Anchor, LINE, fitted, width_of};
use super::palette::MUTED;
use super::panel::{self, LEFT, Panel};
use super::picture::Picture;
use super::sheet::{Drawn, Sheet, WIDTH};
use super::window;
use crate::label::Names;
use crate::{FaultReport, Report, RunReport};

/// The most runs that a picture shows.
pub(super) const MOST_RUNS: usize = 12;

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
    /// The height of a plot, in the picture's units.
    pub(super) plot: i32,
}

/// The runs that pictures show: the first of them, if there are too many.
pub(super) fn shown(runs: &[RunReport]) -> &[RunReport] {
    &runs[..runs.len().min(MOST_RUNS)]
}

/// A part for each of these runs, plotted where `plotted` says so; otherwise with `nothing` in the place of the plot.
pub(super) fn parts<'r>(
    report: &'r Report,
    plotted: impl Fn(&RunReport) -> bool,
    nothing: &str,
) -> Vec<Part<'r, RunReport>> {
    let names = Names::of_all(report);
    shown(&report.runs).iter().map(|run| Part::new(run, names, plotted(run), nothing)).collect()
}

/// The sentence that a caption adds if not all runs are shown.
pub(super) fn omitted(runs: &[RunReport]) -> String {
    match runs.len().saturating_sub(MOST_RUNS) {
        0 => String::new(),
        _ => format!(" Only the first {MOST_RUNS} of {} runs are shown.", runs.len()),
    }
}

/// A name with the mark of a latency that the harness limited.
pub(super) fn starred(name: String, limited: bool) -> String {
    if limited { name + " *" } else { name }
}

/// The sentence that a caption adds if one of the runs is marked.
pub(super) fn limited<'r>(runs: impl IntoIterator<Item = &'r RunReport>) -> &'static str {
    if runs.into_iter().any(|run| run.harness_limited) {
        " (*) The load generator itself was late, so that the latency is an upper bound."
    } else {
        ""
    }
}

impl<'r> Part<'r, RunReport> {
    /// The part of a run, plotted if `plotted`; otherwise with `nothing` in the place of the plot.
    fn new(run: &'r RunReport, names: Names, plotted: bool, nothing: &str) -> Self {
        let words = (!plotted).then(|| match (run.was_made(), run.debts.is_some()) {
            (true, true) => nothing.to_owned(),
            (true, false) => {
                format!("inconclusive: {}", run.why.first().map_or("no figures", String::as_str))
            }
            (false, _) => format!("not run: {}", run.why.first().map_or("not applicable", String::as_str)),
        });
        Self { name: names.whole(run), of: run, words, faults: &run.faults }
    }

    /// This part for a plot in which x is something else than time, so without faults.
    pub(super) fn timeless(self) -> Self {
        Self { faults: &[], ..self }
    }

    /// This part with a mark, if what is plotted is a latency that the harness limited.
    pub(super) fn marked(self) -> Self {
        let limited = self.words.is_none() && self.of.harness_limited;
        Self { name: starred(self.name, limited), ..self }
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
        let above = legend::height(&self.keys);
        let heights: Vec<_> = (self.parts.iter().enumerate())
            .map(|(i, part)| match part.words {
                Some(_) => LINE + 10,
                None => LINE + 6 + strip + panel::height(self.plot, i == last) + 6,
            })
            .collect();
        let height = above + heights.iter().sum::<i32>() + 8;
        Sheet::picture(id, title, caption, height, |sheet| {
            legend::draw(sheet, 0, &self.keys)?;
            let mut top = above;
            for (i, (part, height)) in self.parts.iter().zip(&heights).enumerate() {
                let room = WIDTH - panel::RIGHT - 10;
                let name = fitted(&part.name, if part.words.is_some() { room / 2 } else { room });
                sheet.heading(&name, (10, top + LINE / 2))?;
                match &part.words {
                    Some(words) => {
                        // The letters of the name are bold, and so wider.
                        let left = LEFT.max(24 + width_of(&name) * 12 / 10);
                        let words = fitted(words, WIDTH - left - panel::RIGHT);
                        sheet.text(&words, (left, top + LINE / 2), Anchor::Start, MUTED)?;
                    }
                    None => {
                        let place = top + LINE + 6 + strip;
                        let panel = Panel::new(sheet, place, self.plot, i == last, &self.x, &self.y)?;
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
