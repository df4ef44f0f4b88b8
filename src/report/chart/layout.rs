//! The runs of a report side by side: a plot each under one another, all with the same axes.

use super::Picture;
use super::axis::Axis;
use super::legend::{self, Key};
use super::palette::MUTED;
use super::panel::{self, LEFT, Panel};
use super::sheet::{Anchor, Drawn, LINE, Sheet, WIDTH, fitted};
use super::window;
use crate::report::RunReport;
use crate::report::label::label;

/// So many runs are shown.
pub(super) const MOST_RUNS: usize = 12;

/// A run and, if there is nothing to plot, the words that say so.
pub(super) struct Part<'r> {
    pub(super) run: &'r RunReport,
    pub(super) words: Option<String>,
}

/// Plots under one another.
pub(super) struct Layout<'r> {
    pub(super) parts: Vec<Part<'r>>,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) keys: Vec<Key>,
    /// How high a plot is.
    pub(super) plot: i32,
    /// Whether x is the time of the run: its faults are shown.
    pub(super) over_time: bool,
}

/// The runs that pictures show.
pub(super) fn shown(runs: &[RunReport]) -> &[RunReport] {
    &runs[..runs.len().min(MOST_RUNS)]
}

/// What a caption adds if not all runs are shown.
pub(super) fn omitted(runs: &[RunReport]) -> String {
    match runs.len().saturating_sub(MOST_RUNS) {
        0 => String::new(),
        _ => format!(" Only the first {MOST_RUNS} of {} runs are shown.", runs.len()),
    }
}

impl<'r> Part<'r> {
    /// A run, plotted if `plotted`; else with `nothing` in the place of the plot.
    pub(super) fn new(run: &'r RunReport, plotted: bool, nothing: &str) -> Self {
        let words = (!plotted).then(|| match (run.was_made(), run.debts.is_some()) {
            (true, true) => nothing.to_owned(),
            (true, false) => {
                format!("inconclusive: {}", run.why.first().map_or("no figures", String::as_str))
            }
            (false, _) => format!("not run: {}", run.why.first().map_or("not applicable", String::as_str)),
        });
        Self { run, words }
    }
}

impl Layout<'_> {
    /// The picture. `None` if no run has anything to plot.
    pub(super) fn picture(
        mut self,
        id: &str,
        title: &str,
        caption: String,
        draw: impl Fn(&mut Sheet, &Panel, &RunReport) -> Drawn,
    ) -> Option<Picture> {
        let last = self.parts.iter().rposition(|part| part.words.is_none())?;
        let plotted = || self.parts.iter().filter(|part| part.words.is_none()).map(|part| part.run);
        let mut strip = 0;
        if self.over_time {
            let more = window::keys(plotted());
            strip = window::rows(plotted()) * window::ROW;
            self.keys.extend(more);
        }
        let above = legend::height(&self.keys);
        let heights: Vec<_> = (self.parts.iter().enumerate())
            .map(|(i, part)| match part.words {
                Some(_) => 2 * LINE + 6,
                None => LINE + 6 + strip + panel::height(self.plot, i == last) + 6,
            })
            .collect();
        let height = above + heights.iter().sum::<i32>() + 8;
        Sheet::picture(id, title, caption, height, |sheet| {
            legend::draw(sheet, 0, &self.keys)?;
            let mut top = above;
            for (i, (part, height)) in self.parts.iter().zip(&heights).enumerate() {
                let room = WIDTH - panel::RIGHT - 10;
                sheet.heading(&fitted(&label(part.run), room), (10, top + LINE / 2))?;
                match &part.words {
                    Some(words) => {
                        let words = fitted(words, WIDTH - LEFT - panel::RIGHT);
                        sheet.text(&words, (LEFT, top + LINE * 3 / 2), Anchor::Start, MUTED)?;
                    }
                    None => {
                        let place = top + LINE + 6 + strip;
                        let panel = Panel::new(sheet, place, self.plot, i == last, &self.x, &self.y)?;
                        if self.over_time {
                            window::draw(sheet, &panel, part.run)?;
                        }
                        draw(sheet, &panel, part.run)?;
                    }
                }
                top += height;
            }
            Ok(())
        })
    }
}
