//! What a picture is drawn on: an SVG that scales, with room under the drawing for shades and over it for what
//! tells its value when pointed at.

use std::fmt::Write;

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{PathElement, Polygon, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontTransform, IntoFont, RGBColor, TextStyle};
use quick_xml::escape::escape;

use super::Picture;
use super::palette::{INK, hex};

/// How wide every picture is, in its own units.
pub(super) const WIDTH: i32 = 760;
/// The size of text: half of it is left on a telephone.
pub(super) const TEXT: i32 = 17;
/// Between the base lines of two lines of text.
pub(super) const LINE: i32 = 24;

/// Drawing into memory fails only if a picture asks for the impossible.
pub(super) type Drawn<T = ()> = Result<T, DrawingAreaErrorKind<std::io::Error>>;

/// A rectangle on the sheet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) right: i32,
    pub(super) bottom: i32,
}

/// The sheet of one picture.
pub(super) struct Sheet<'a> {
    pub(super) root: DrawingArea<SVGBackend<'a>, Shift>,
    id: String,
    /// Elements behind all that is drawn.
    under: String,
    /// Elements before it.
    over: String,
    /// What is pointed at: before everything else, or something would hide it.
    hits: String,
}

/// How a text stands at its place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl<'a> Sheet<'a> {
    /// Makes a picture of what `paint` draws. `None` if it draws nothing.
    pub(super) fn picture(
        id: &str,
        title: &str,
        caption: String,
        height: i32,
        paint: impl FnOnce(&mut Sheet) -> Drawn,
    ) -> Option<Picture> {
        let mut drawn = String::new();
        let size = (WIDTH as u32, u32::try_from(height).ok()?);
        let [under, over, hits] = Sheet::painted(&mut drawn, id, size, paint)?;
        // Its own opening element has a size in pixels, and no title.
        let (_, body) = drawn.split_once('>')?;
        let title_id = format!("{id}-title");
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
             aria-labelledby=\"{title_id}\" class=\"chart\"><title id=\"{title_id}\">{}</title>{}{under}{}{over}{hits}</svg>",
            escape(title),
            super::hatch::patterns(id),
            body.trim_end().strip_suffix("</svg>")?,
        );
        Some(Picture { id: id.into(), title: title.into(), caption, svg })
    }

    /// What comes under and over the drawing; the drawing itself is in `drawn`.
    fn painted(
        drawn: &mut String,
        id: &str,
        size: (u32, u32),
        paint: impl FnOnce(&mut Sheet) -> Drawn,
    ) -> Option<[String; 3]> {
        let root = SVGBackend::with_string(drawn, size).into_drawing_area();
        let (under, over, hits) = Default::default();
        let mut sheet = Sheet { root, id: id.into(), under, over, hits };
        paint(&mut sheet).ok()?;
        sheet.root.present().ok()?;
        Some([sheet.under, sheet.over, sheet.hits])
    }

    /// The reference to a hatch of this picture.
    pub(super) fn hatch(&self, name: &str) -> String {
        format!("url(#{}-{name})", self.id)
    }

    /// A rectangle behind the drawing.
    pub(super) fn shade(&mut self, frame: Frame, fill: &str, opacity: f64) {
        let _ = writeln!(self.under, "<rect {} fill=\"{fill}\" opacity=\"{opacity}\"/>", frame.attributes());
    }

    /// An area before the drawing, filled with a hatch.
    pub(super) fn cover(&mut self, points: &[(i32, i32)], fill: &str) {
        let _ = writeln!(self.over, "<polygon points=\"{}\" fill=\"{fill}\"/>", listed(points));
    }

    /// A line in dashes.
    pub(super) fn dashed(&mut self, points: &[(i32, i32)], colour: RGBColor, width: u32) {
        let _ = writeln!(
            self.over,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\" \
             stroke-dasharray=\"7 5\"/>",
            listed(points),
            hex(colour)
        );
    }

    /// What is told when one points there.
    pub(super) fn hit(&mut self, frame: Frame, words: &str) {
        let _ = writeln!(
            self.hits,
            "<rect {} fill=\"transparent\"><title>{}</title></rect>",
            frame.attributes(),
            escape(readable(words))
        );
    }

    /// A line.
    pub(super) fn line(&mut self, points: Vec<(i32, i32)>, colour: RGBColor, width: u32) -> Drawn {
        self.root.draw(&PathElement::new(points, colour.stroke_width(width)))
    }

    /// A filled area.
    pub(super) fn area(&mut self, points: Vec<(i32, i32)>, colour: RGBColor) -> Drawn {
        self.root.draw(&Polygon::new(points, colour.filled()))
    }

    /// A line of text; `at` is the middle of its height.
    pub(super) fn text(&mut self, text: &str, at: (i32, i32), anchor: Anchor, colour: RGBColor) -> Drawn {
        self.root.draw(&Text::new(readable(text), at, style(colour, anchor)))
    }

    /// A line of text that is read from below.
    pub(super) fn upright(&mut self, text: &str, at: (i32, i32), anchor: Anchor) -> Drawn {
        self.root.draw(&Text::new(readable(text), at, style(INK, anchor).transform(FontTransform::Rotate270)))
    }

    /// A heading.
    pub(super) fn heading(&mut self, text: &str, at: (i32, i32)) -> Drawn {
        let bold = ("sans-serif", f64::from(TEXT) * SHRINKS)
            .into_font()
            .style(plotters::style::FontStyle::Bold)
            .color(&INK)
            .pos(Pos::new(HPos::Left, VPos::Center));
        self.root.draw(&Text::new(readable(text), at, bold))
    }
}

impl Frame {
    fn attributes(self) -> String {
        let Frame { left, top, right, bottom } = self;
        let (width, height) = ((right - left).max(0), (bottom - top).max(0));
        format!("x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\"")
    }
}

/// The SVG backend divides the size of its text by this.
const SHRINKS: f64 = 1.24;

/// How a text looks.
pub(super) fn style<'a>(colour: RGBColor, anchor: Anchor) -> TextStyle<'a> {
    let across = match anchor {
        Anchor::Start => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::End => HPos::Right,
    };
    let font = ("sans-serif", f64::from(TEXT) * SHRINKS).into_font();
    font.color(&colour).pos(Pos::new(across, VPos::Center))
}

/// About how wide a text is: nobody here knows the font.
pub(super) fn width_of(text: &str) -> i32 {
    let letters = i32::try_from(text.chars().count()).unwrap_or(i32::MAX / 100);
    letters * TEXT * 56 / 100
}

/// A text that is no wider than this, with what is left out marked.
pub(super) fn fitted(text: &str, width: i32) -> String {
    if width_of(text) <= width {
        return text.into();
    }
    let letters = usize::try_from(width * 100 / (TEXT * 56)).unwrap_or(0);
    let mut cut: String = text.chars().take(letters.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// A text without what XML cannot carry at all.
fn readable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') { ' ' } else { c })
        .collect()
}

fn listed(points: &[(i32, i32)]) -> String {
    points.iter().map(|(x, y)| format!("{x},{y}")).collect::<Vec<_>>().join(" ")
}
