//! The lanes of a story: a line down for each process and client, with its name on top.

use crate::chart::lettering::{Anchor, LINE, fitted, width_of};
use crate::chart::palette::{INK, MUTED};
use crate::chart::panel::{LEFT, RIGHT};
use crate::chart::sheet::{Drawn, Sheet, WIDTH};
use crate::story::Lane;

/// The greatest width of a name that is read from below, in the picture's units.
const LONGEST: i32 = 230;

/// The places of the lanes.
pub(super) struct Lanes<'s> {
    lanes: &'s [Lane],
    /// The distance from one lane to the next, in the picture's units.
    pub(super) apart: i32,
}

impl<'s> Lanes<'s> {
    /// The lanes of a story, spread evenly over the sheet.
    pub(super) fn new(lanes: &'s [Lane]) -> Self {
        let many = i32::try_from(lanes.len()).unwrap_or(i32::MAX).max(1);
        Self { lanes, apart: (WIDTH - LEFT - RIGHT) / many }
    }

    /// The place of a lane, from the left.
    pub(super) fn at(&self, lane: usize) -> i32 {
        LEFT + self.apart * (lane as i32) + self.apart / 2
    }

    /// How far what lies over a lane reaches to either side of it, in the picture's units.
    pub(super) fn half(&self) -> i32 {
        (self.apart * 3 / 10).min(44)
    }

    /// The place to the right of which nothing of a lane lies.
    pub(super) fn right(&self) -> i32 {
        self.at(self.lanes.len().saturating_sub(1)) + self.half()
    }

    /// The lanes for which `of` holds.
    pub(super) fn which(&self, of: impl Fn(&Lane) -> bool) -> Vec<usize> {
        (0..self.lanes.len()).filter(|lane| of(&self.lanes[*lane])).collect()
    }

    /// Whether there is no room for the words of the names side by side, so that they are read from below.
    fn upright(&self) -> bool {
        let mut words = self.lanes.iter().flat_map(|lane| lane.name.split(' '));
        words.any(|word| width_of(word) > self.apart)
    }

    /// The height of the names, in the picture's units.
    pub(super) fn head(&self) -> i32 {
        let names = self.lanes.iter().map(|lane| lane.name.as_str());
        if self.upright() {
            return names.map(width_of).max().unwrap_or(0).min(LONGEST) + 12;
        }
        let lines = names.map(|name| name.split(' ').count()).max().unwrap_or(1);
        i32::try_from(lines).unwrap_or(1) * LINE + 8
    }

    /// Draws the names and the lines.
    pub(super) fn draw(&self, sheet: &mut Sheet, top: i32, bottom: i32) -> Drawn {
        let upright = self.upright();
        let head = top + self.head();
        for (i, lane) in self.lanes.iter().enumerate() {
            let x = self.at(i);
            sheet.line(vec![(x, head), (x, bottom)], MUTED, 2)?;
            if upright {
                sheet.upright(&fitted(&lane.name, LONGEST), (x, head - 6), Anchor::Start)?;
                continue;
            }
            let words: Vec<_> = lane.name.split(' ').collect();
            for (line, word) in words.iter().rev().enumerate() {
                let middle = head - 4 - LINE / 2 - LINE * line as i32;
                sheet.text(word, (x, middle), Anchor::Middle, INK)?;
            }
        }
        Ok(())
    }
}
