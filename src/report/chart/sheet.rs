//! The sheet on which a picture is drawn: an SVG that scales, with room under the drawing for shades and over it for
//! what tells its value when pointed at.

use std::fmt::Write;

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{PathElement, Polygon, Text};
use plotters::style::{Color, FontTransform, RGBColor};
use quick_xml::escape::escape;

use super::frame::Frame;
use super::lettering::{Anchor, TEXT, bold, readable, style};
use super::palette::{GROUND, INK, hex};
use super::picture::Picture;

/// The result of drawing. Drawing into memory fails only if a picture asks for the impossible.
pub(super) type Drawn<T = ()> = Result<T, DrawingAreaErrorKind<std::io::Error>>;

/// The sheet of one picture.
pub(super) struct Sheet<'a> {
    pub(super) root: DrawingArea<SVGBackend<'a>, Shift>,
    /// The width of the sheet, in its own units.
    pub(super) width: i32,
    id: String,
    /// The elements behind all that is drawn.
    under: String,
    /// The elements before all that is drawn.
    over: String,
    /// The elements that one points at: they stand before everything else, or something would hide them.
    hits: String,
}

impl<'a> Sheet<'a> {
    /// Makes a picture of what `paint` draws. `None` if drawing fails.
    pub(super) fn picture(
        id: &str,
        title: &str,
        caption: String,
        (width, height): (i32, i32),
        paint: impl FnOnce(&mut Sheet) -> Drawn,
    ) -> Option<Picture> {
        let mut drawn = String::new();
        let size = (u32::try_from(width).ok()?, u32::try_from(height).ok()?);
        let [under, over, hits] = Sheet::painted(&mut drawn, id, size, paint)?;
        // The drawing's own opening element has a size in pixels and no title, so it is cut off.
        let (_, body) = drawn.split_once('>')?;
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
             class=\"chart\"><title>{}</title>{}{under}{}{over}{hits}</svg>",
            escape(title),
            super::hatch::patterns(id),
            body.trim_end().strip_suffix("</svg>")?,
        );
        Some(Picture { id: id.into(), title: title.into(), caption, svg })
    }

    /// Runs `paint`, and gives what comes under and over the drawing; the drawing itself is in `drawn`.
    fn painted(
        drawn: &mut String,
        id: &str,
        size: (u32, u32),
        paint: impl FnOnce(&mut Sheet) -> Drawn,
    ) -> Option<[String; 3]> {
        let root = SVGBackend::with_string(drawn, size).into_drawing_area();
        let (under, over, hits) = Default::default();
        let width = i32::try_from(size.0).ok()?;
        let mut sheet = Sheet { root, width, id: id.into(), under, over, hits };
        paint(&mut sheet).ok()?;
        sheet.root.present().ok()?;
        Some([sheet.under, sheet.over, sheet.hits])
    }

    /// The reference to a hatch of this picture.
    pub(super) fn hatch(&self, name: &str) -> String {
        format!("url(#{}-{name})", self.id)
    }

    /// Draws a rectangle behind the drawing.
    pub(super) fn shade(&mut self, frame: Frame, fill: &str, opacity: f64) {
        self.under += &frame.filled(fill, opacity);
    }

    /// Draws a rectangle before the drawing.
    pub(super) fn tint(&mut self, frame: Frame, fill: &str, opacity: f64) {
        self.over += &frame.filled(fill, opacity);
    }

    /// Draws an area before the drawing, filled with a hatch.
    pub(super) fn cover(&mut self, points: &[(i32, i32)], fill: &str) {
        let _ = writeln!(self.over, "<polygon points=\"{}\" fill=\"{fill}\"/>", listed(points));
    }

    /// Draws a line over the drawing.
    pub(super) fn stroke(&mut self, points: &[(i32, i32)], colour: RGBColor, width: u32) {
        let (points, colour) = (listed(points), hex(colour));
        let _ = writeln!(
            self.over,
            "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"/>"
        );
    }

    /// Draws a dashed line.
    pub(super) fn dashed(&mut self, points: &[(i32, i32)], colour: RGBColor, width: u32) {
        self.dashes(points, colour, width, "7 5");
    }

    /// Draws a line whose dashes and gaps are so long, in the picture's units.
    pub(super) fn dashes(&mut self, points: &[(i32, i32)], colour: RGBColor, width: u32, dashes: &str) {
        let _ = writeln!(
            self.over,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\" \
             stroke-dasharray=\"{dashes}\"/>",
            listed(points),
            hex(colour)
        );
    }

    /// Makes the sheet tell these words when one points at the frame.
    pub(super) fn hit(&mut self, frame: Frame, words: &str) {
        let _ = writeln!(
            self.hits,
            "<rect {} fill=\"transparent\"><title>{}</title></rect>",
            frame.attributes(),
            escape(readable(words))
        );
    }

    /// Makes the sheet tell these words when one points at a line, or as near to it as `near`.
    pub(super) fn hit_line(&mut self, from: (i32, i32), to: (i32, i32), near: f64, words: &str) {
        let (dx, dy) = (f64::from(to.0 - from.0), f64::from(to.1 - from.1));
        let length = dx.hypot(dy).max(1.0);
        let (x, y) = ((-dy / length * near).round() as i32, (dx / length * near).round() as i32);
        let corners =
            [(from.0 + x, from.1 + y), (to.0 + x, to.1 + y), (to.0 - x, to.1 - y), (from.0 - x, from.1 - y)];
        let (points, words) = (listed(&corners), readable(words));
        let _ = writeln!(
            self.hits,
            "<polygon points=\"{points}\" fill=\"transparent\"><title>{}</title></polygon>",
            escape(words)
        );
    }

    /// Draws a word over the drawing, with ground around it; `at` is its middle.
    pub(super) fn label(&mut self, words: &str, (x, y): (i32, i32), colour: RGBColor) {
        let (colour, ground, words) = (hex(colour), hex(GROUND), readable(words));
        let _ = writeln!(
            self.over,
            "<text x=\"{x}\" y=\"{y}\" dy=\"0.36em\" text-anchor=\"middle\" font-family=\"sans-serif\" \
             font-size=\"{TEXT}\" fill=\"{colour}\" stroke=\"{ground}\" stroke-width=\"4\" \
             stroke-linejoin=\"round\" paint-order=\"stroke\">{}</text>",
            escape(words)
        );
    }

    /// Draws a line.
    pub(super) fn line(&mut self, points: Vec<(i32, i32)>, colour: RGBColor, width: u32) -> Drawn {
        self.root.draw(&PathElement::new(points, colour.stroke_width(width)))
    }

    /// Draws a filled area.
    pub(super) fn area(&mut self, points: Vec<(i32, i32)>, colour: RGBColor) -> Drawn {
        self.root.draw(&Polygon::new(points, colour.filled()))
    }

    /// Draws a line of text; `at` is the middle of its height.
    pub(super) fn text(&mut self, text: &str, at: (i32, i32), anchor: Anchor, colour: RGBColor) -> Drawn {
        self.root.draw(&Text::new(readable(text), at, style(colour, anchor)))
    }

    /// Draws a line of text that is read from below.
    pub(super) fn upright(&mut self, text: &str, at: (i32, i32), anchor: Anchor) -> Drawn {
        self.root.draw(&Text::new(readable(text), at, style(INK, anchor).transform(FontTransform::Rotate270)))
    }

    /// Draws a heading.
    pub(super) fn heading(&mut self, text: &str, at: (i32, i32)) -> Drawn {
        self.root.draw(&Text::new(readable(text), at, bold()))
    }
}

fn listed(points: &[(i32, i32)]) -> String {
    points.iter().map(|(x, y)| format!("{x},{y}")).collect::<Vec<_>>().join(" ")
}
