//! Text: how it looks, how wide it is, and what of it can be shown at all.

use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontDesc, FontStyle, IntoFont, RGBColor, TextStyle};

use super::palette::INK;

/// The size of text, in the picture's units: half of it is left on a telephone, where a picture is as wide as the
/// screen.
pub(crate) const TEXT: i32 = 18;
/// The distance between the base lines of two lines of text, in the picture's units.
pub(super) const LINE: i32 = 24;

/// How a text stands at its place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
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
    font().color(&colour).pos(Pos::new(across, VPos::Center))
}

/// How a heading looks.
pub(super) fn bold<'a>() -> TextStyle<'a> {
    font().style(FontStyle::Bold).color(&INK).pos(Pos::new(HPos::Left, VPos::Center))
}

fn font<'a>() -> FontDesc<'a> {
    ("sans-serif", f64::from(TEXT) * SHRINKS).into_font()
}

/// About how wide a text is, in the picture's units: nobody here knows the font.
pub(crate) fn width_of(text: &str) -> i32 {
    let letters = i32::try_from(text.chars().count()).unwrap_or(i32::MAX / 100);
    letters.saturating_mul(TEXT * 56) / 100
}

/// A text that is no wider than this, with a mark for what is left out.
pub(super) fn fitted(text: &str, width: i32) -> String {
    if width_of(text) <= width {
        return text.into();
    }
    let letters = usize::try_from(width * 100 / (TEXT * 56)).unwrap_or(0);
    let mut cut: String = text.chars().take(letters.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// A text without the characters that XML cannot carry at all.
pub(crate) fn readable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') { ' ' } else { c })
        .collect()
}
