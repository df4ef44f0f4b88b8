//! The words in a story: each stands at the first of its places where it hides no other.

use plotters::style::RGBColor;

use crate::chart::frame::Frame;
use crate::chart::lettering::{LINE, TEXT, fitted, width_of};
use crate::chart::panel::LEFT;
use crate::chart::sheet::Sheet;

/// The greatest width of a word, in the picture's units.
const LONGEST: i32 = 420;

/// How many lines away from its place a word may stand.
const FARTHEST: i32 = 12;
/// How far a word reaches above and below its middle, in the picture's units.
const HALF: i32 = TEXT / 2 + 2;

/// The places where words stand already.
pub(super) struct Labels {
    taken: Vec<Frame>,
    /// The places where no word stands, because it would be crossed out.
    never: Vec<Frame>,
    /// The width of the sheet, in the picture's units.
    width: i32,
    /// The heights between which words stand.
    within: (i32, i32),
}

impl Labels {
    /// Labels on a sheet of this width, between these heights, that avoid these frames.
    pub(super) fn beside(never: Vec<Frame>, width: i32, within: (i32, i32)) -> Self {
        Self { taken: Vec::new(), never, width, within }
    }

    /// Keeps words away from a frame.
    pub(super) fn keep(&mut self, frame: Frame) {
        self.taken.push(frame);
    }

    /// Writes a word around the first of these points that is free, or as near to them as there is room. Where there is
    /// none at all, it stands over another.
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

    /// Finds the place of a word of this width.
    fn place(&mut self, width: i32, places: impl IntoIterator<Item = (i32, i32)>) -> Option<(i32, i32)> {
        let half = width / 2 + 2;
        // The word must not stand over the marks of the time.
        let across = |x: i32| x.max(LEFT + half).min(self.width - half).max(half);
        let places: Vec<_> = places.into_iter().map(|(x, y)| (across(x), y)).collect();
        // Further away, line by line: above and below each place in turn.
        let steps = (0..=FARTHEST).flat_map(|step| [step * LINE, -step * LINE]);
        let all = steps.flat_map(|step| places.iter().map(move |(x, y)| (*x, *y + step)));
        let mut found = None;
        for (x, y) in all {
            let frame = |y| Frame { left: x - half, top: y - HALF, right: x + half, bottom: y + HALF };
            for y in self.allowed(y, frame) {
                found = found.or(Some((x, y, frame(y))));
                let inside = y - HALF >= self.within.0 && y + HALF <= self.within.1;
                if inside && !self.taken.iter().chain(&self.never).any(|taken| taken.overlaps(frame(y))) {
                    self.taken.push(frame(y));
                    return Some((x, y));
                }
            }
        }
        let (x, y, frame) = found?;
        self.taken.push(frame);
        Some((x, y))
    }

    /// This height if no forbidden frame is there, otherwise the nearest allowed ones above and below.
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
    use crate::chart::shape::WIDTH;

    #[test]
    fn no_word_stands_where_it_would_be_crossed_out() {
        let cut = Frame { left: 0, top: 100, right: WIDTH, bottom: 132 };
        let mut labels = Labels::beside(vec![cut], WIDTH, (0, 500));
        let mut place = |y| labels.place(80, [(300, y)]).unwrap();
        assert_eq!(place(50), (300, 50));
        assert_eq!(place(116), (300, 100 - HALF), "above it");
        assert_eq!(place(130), (300, 132 + HALF), "below it, as above is taken");
        // When words stand both above and below, there is room beyond them.
        assert_eq!(place(110), (300, 110 + 3 * LINE), "below both");
    }
}
