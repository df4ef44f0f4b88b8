//! The words in a story: each at the first of its places where it hides no other.

use plotters::style::RGBColor;

use crate::chart::frame::Frame;
use crate::chart::lettering::{TEXT, fitted, width_of};
use crate::chart::panel::LEFT;
use crate::chart::sheet::{Sheet, WIDTH};

/// A word is no longer than this.
const LONGEST: i32 = 420;

/// How far a word reaches above and below its middle.
const HALF: i32 = TEXT / 2 + 2;

/// Where words stand already.
pub(super) struct Labels {
    taken: Vec<Frame>,
    /// No word stands here: it would be crossed out.
    never: Vec<Frame>,
}

impl Labels {
    /// Words that avoid these.
    pub(super) fn beside(never: Vec<Frame>) -> Self {
        Self { taken: Vec::new(), never }
    }

    /// Writes a word around one of these points, the last one if all are taken.
    pub(super) fn put(
        &mut self,
        sheet: &mut Sheet,
        words: &str,
        places: impl IntoIterator<Item = (i32, i32)>,
        colour: RGBColor,
    ) {
        let words = fitted(words, LONGEST);
        if let Some(at) = self.place(width_of(&words), places) {
            sheet.label(&words, at, colour);
        }
    }

    /// Where a word of this width stands.
    fn place(&mut self, width: i32, places: impl IntoIterator<Item = (i32, i32)>) -> Option<(i32, i32)> {
        let half = width / 2 + 2;
        let mut found = None;
        for (x, y) in places {
            // Not over the marks of the time.
            let x = x.max(LEFT - 10 + half).min(WIDTH - half).max(half);
            let frame = |y| Frame { left: x - half, top: y - HALF, right: x + half, bottom: y + HALF };
            for y in self.allowed(y, frame) {
                found = Some((x, y, frame(y)));
                if !self.taken.iter().any(|taken| taken.overlaps(frame(y))) {
                    self.taken.push(frame(y));
                    return Some((x, y));
                }
            }
        }
        let (x, y, frame) = found?;
        self.taken.push(frame);
        Some((x, y))
    }

    /// This height, or the nearest above and below what no word stands on.
    fn allowed(&self, y: i32, frame: impl Fn(i32) -> Frame) -> Vec<i32> {
        match self.never.iter().find(|never| never.overlaps(frame(y))) {
            None => vec![y],
            Some(never) => vec![never.top - HALF, never.bottom + HALF],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_stands_where_it_would_be_crossed_out() {
        let cut = Frame { left: 0, top: 100, right: WIDTH, bottom: 132 };
        let mut labels = Labels::beside(vec![cut]);
        let mut place = |y| labels.place(80, [(300, y)]).unwrap();
        assert_eq!(place(50), (300, 50));
        assert_eq!(place(116), (300, 100 - HALF), "above it");
        assert_eq!(place(130), (300, 132 + HALF), "below it, as above is taken");
        // Even when both are taken.
        assert_eq!(place(110), (300, 132 + HALF));
    }
}
