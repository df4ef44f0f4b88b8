//! One plot: two axes with their marks and titles, and where a value lies on the sheet.

use plotters::backend::SVGBackend;
use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::drawing::DrawingArea;
use plotters::style::Color;

use super::axis::Axis;
use super::frame::Frame;
use super::lettering::{Anchor, LINE, style};
use super::palette::{GRID, INK, MUTED};
use super::sheet::{Drawn, Sheet};

/// The room left of a plot for the marks' words and the title, in the picture's units.
pub(super) const LEFT: i32 = 104;
/// The room right of a plot, in the picture's units.
pub(super) const RIGHT: i32 = 18;
/// The room below a plot for the marks' words, in the picture's units.
const BELOW: i32 = 30;

/// A plot on the sheet.
pub(super) struct Panel<'a> {
    chart: ChartContext<'a, SVGBackend<'a>, Cartesian2d<Axis, Axis>>,
    x: Axis,
    y: Axis,
}

/// The height of a plot together with what stands below it, in the picture's units.
pub(super) fn height(plot: i32, titled: bool) -> i32 {
    plot + BELOW + if titled { LINE } else { 0 }
}

impl<'a> Panel<'a> {
    /// Draws the axes. `titled` says whether the x axis has its title, too: of plots under each other the last has it
    /// for all.
    pub(super) fn new(
        sheet: &Sheet<'a>,
        top: i32,
        plot: i32,
        titled: bool,
        x: &Axis,
        y: &Axis,
    ) -> Drawn<Self> {
        let all = height(plot, titled);
        let area: DrawingArea<SVGBackend<'a>, Shift> =
            sheet.root.clone().shrink((0, top), (sheet.width, all));
        let mut chart = ChartBuilder::on(&area)
            .margin_right(RIGHT)
            .y_label_area_size(LEFT)
            .x_label_area_size(all - plot)
            .build_cartesian_2d(x.clone(), y.clone())?;
        chart
            .configure_mesh()
            .bold_line_style(GRID.stroke_width(1))
            .axis_style(MUTED.stroke_width(1))
            .x_label_style(style(INK, Anchor::Middle))
            .y_label_style(style(INK, Anchor::Middle))
            .axis_desc_style(style(INK, Anchor::Middle))
            .y_desc(y.title.as_str())
            .x_desc(if titled { x.title.as_str() } else { "" })
            .draw()?;
        Ok(Self { chart, x: x.clone(), y: y.clone() })
    }

    /// The point of the sheet at which a value lies.
    pub(super) fn at(&self, x: f64, y: f64) -> (i32, i32) {
        self.chart.backend_coord(&(self.x.at(x), self.y.at(y)))
    }

    /// The frame of the plot itself, without marks and titles.
    pub(super) fn frame(&self) -> Frame {
        let (left, top) = self.at(self.x.low, self.y.high);
        let (right, bottom) = self.at(self.x.high, self.y.low);
        Frame { left, top, right, bottom }
    }

    /// The strip from one place of the x axis to another, over the whole height.
    pub(super) fn strip(&self, from: f64, to: f64) -> Frame {
        let (left, right) = (self.at(from, self.y.low).0, self.at(to, self.y.low).0);
        Frame { left, right: right.max(left + 1), ..self.frame() }
    }
}
