//! The words in a story: each at the first of its places where it hides no other.

use plotters::style::RGBColor;

use crate::report::chart::frame::Frame;
use crate::report::chart::lettering::{TEXT, fitted, width_of};
use crate::report::chart::panel::LEFT;
use crate::report::chart::sheet::{Sheet, WIDTH};

/// A word is no longer than this.
const LONGEST: i32 = 420;

/// Where words stand already.
#[derive(Default)]
pub(super) struct Labels {
    taken: Vec<Frame>,
}

impl Labels {
    /// Writes a word around one of these points, the last one if all are taken.
    pub(super) fn put(
        &mut self,
        sheet: &mut Sheet,
        words: &str,
        places: impl IntoIterator<Item = (i32, i32)>,
        colour: RGBColor,
    ) {
        let words = fitted(words, LONGEST);
        let half = width_of(&words) / 2 + 2;
        let mut found = None;
        for (x, y) in places {
            // Not over the marks of the time.
            let x = x.max(LEFT - 10 + half).min(WIDTH - half).max(half);
            let frame =
                Frame { left: x - half, top: y - TEXT / 2 - 2, right: x + half, bottom: y + TEXT / 2 + 2 };
            let free = !self.taken.iter().any(|taken| taken.overlaps(frame));
            found = Some((x, y, frame));
            if free {
                break;
            }
        }
        if let Some((x, y, frame)) = found {
            self.taken.push(frame);
            sheet.label(&words, (x, y), colour);
        }
    }
}
