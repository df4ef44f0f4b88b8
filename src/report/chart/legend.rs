//! What the colours and hatches of a picture mean.

use plotters::style::RGBColor;

use super::frame::Frame;
use super::lettering::{Anchor, LINE, width_of};
use super::palette::{FAULT, INK, hex};
use super::sheet::{Drawn, Sheet};
use super::{hatch, panel};

/// How a thing looks in a picture.
#[derive(Debug, Clone, Copy)]
pub(super) enum Look {
    /// A line of this colour and width.
    Line(RGBColor, u32),
    Dashed(RGBColor),
    /// A line of this colour, with dashes and gaps of these lengths.
    Dashes(RGBColor, &'static str),
    /// An area of this colour, and its hatch.
    Area(RGBColor, Option<&'static str>),
    /// An area of this colour and opacity.
    Tint(RGBColor, f64),
    /// The time of a fault.
    Fault,
    /// The time of a healing.
    Healing,
    /// A cross at the end of an arrow.
    Cross,
}

/// A look and its meaning, in words.
pub(super) type Key = (Look, String);

/// The opacity of the time of a fault.
pub(super) const FAULT_TINT: f64 = 0.45;
/// The opacity of the time of a healing.
pub(super) const HEALING_TINT: f64 = 0.22;

/// The width of the sample in front of the words, in the picture's units.
const SAMPLE: i32 = 34;
/// The gap between two keys, in the picture's units.
const GAP: i32 = 22;

/// Where each key stands, from the left, and in which line from above; and the number of lines.
fn places(keys: &[Key], room: i32) -> (Vec<(i32, i32)>, i32) {
    let (mut x, mut line) = (panel::RIGHT, 0);
    let mut places = Vec::new();
    for (_, words) in keys {
        let width = SAMPLE + 8 + width_of(words);
        if x > panel::RIGHT && x + width > room - panel::RIGHT {
            (x, line) = (panel::RIGHT, line + 1);
        }
        places.push((x, line));
        x += width + GAP;
    }
    (places, if keys.is_empty() { 0 } else { line + 1 })
}

/// The height of the legend of a picture of this width, in the picture's units.
pub(super) fn height(keys: &[Key], width: i32) -> i32 {
    places(keys, width).1 * LINE + 6
}

/// Draws the legend.
pub(super) fn draw(sheet: &mut Sheet, top: i32, keys: &[Key]) -> Drawn {
    let (places, _) = places(keys, sheet.width);
    for ((look, words), (x, line)) in keys.iter().zip(places) {
        let middle = top + line * LINE + LINE / 2;
        let frame = Frame { left: x, top: middle - 8, right: x + SAMPLE, bottom: middle + 8 };
        sample(sheet, *look, frame, middle)?;
        sheet.text(words, (x + SAMPLE + 8, middle), Anchor::Start, INK)?;
    }
    Ok(())
}

fn sample(sheet: &mut Sheet, look: Look, frame: Frame, middle: i32) -> Drawn {
    let Frame { left, top, right, bottom } = frame;
    let line = vec![(left, middle), (right, middle)];
    let corners = vec![(left, top), (right, top), (right, bottom), (left, bottom)];
    match look {
        Look::Line(colour, width) => sheet.line(line, colour, width)?,
        Look::Dashed(colour) => sheet.dashed(&line, colour, 3),
        Look::Dashes(colour, dashes) => sheet.dashes(&line, colour, 3, dashes),
        Look::Area(colour, over) => {
            sheet.area(corners.clone(), colour)?;
            if let Some(over) = over {
                let fill = sheet.hatch(over);
                sheet.cover(&corners, &fill);
            }
        }
        Look::Tint(colour, share) => sheet.tint(frame, &hex(colour), share),
        Look::Fault => {
            sheet.shade(frame, &hex(FAULT), FAULT_TINT);
            let fill = sheet.hatch(hatch::FAULT);
            sheet.shade(frame, &fill, 0.5);
        }
        Look::Healing => sheet.shade(frame, &hex(FAULT), HEALING_TINT),
        Look::Cross => {
            let centre = i32::midpoint(left, right);
            super::cross::draw(sheet, (centre, middle))?;
        }
    }
    Ok(())
}
