//! The lanes of a story: a line down for each process and client, with its name on top.

use crate::chart::lettering::{Anchor, LINE, fitted, width_of};
use crate::chart::palette::{INK, MUTED};
use crate::chart::panel::{LEFT, RIGHT};
use crate::chart::sheet::{Drawn, Sheet};
use crate::story::Lane;

/// The places of the lanes.
pub(super) struct Lanes<'s> {
    lanes: &'s [Lane],
    /// The width of the sheet, in the picture's units.
    pub(super) width: i32,
    /// The distance from one lane to the next, in the picture's units.
    pub(super) apart: i32,
}

impl<'s> Lanes<'s> {
    /// The lanes of a story, spread evenly over a sheet of this width.
    pub(super) fn new(lanes: &'s [Lane], width: i32) -> Self {
        let many = i32::try_from(lanes.len()).unwrap_or(i32::MAX).max(1);
        Self { lanes, width, apart: (width - LEFT - RIGHT) / many }
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

    /// Number of lanes.
    pub(super) fn many(&self) -> usize {
        self.lanes.len()
    }

    /// Whether the names have no room side by side, so that every other stands above its neighbours.
    fn staggered(&self) -> bool {
        let mut words = self.lanes.iter().flat_map(|lane| lane.name.split(' '));
        words.any(|word| width_of(word) > self.apart)
    }

    /// The lines of a lane's name.
    fn lines(&self, lane: usize) -> Vec<String> {
        let room = if self.staggered() { self.apart * 2 - 4 } else { self.apart };
        // The name of the last lane ends at the edge of the sheet.
        let room = room.min((self.width - self.at(lane)) * 2);
        let name = self.lanes.get(lane).map_or("", |lane| lane.name.as_str());
        let mut lines: Vec<String> = Vec::new();
        for word in name.split(' ') {
            match lines.last_mut() {
                Some(line) if width_of(line) + width_of(word) + width_of(" ") <= room => {
                    *line += &format!(" {word}");
                }
                _ => lines.push(fitted(word, room.max(self.apart * 2 - 4))),
            }
        }
        lines
    }

    /// The height of one row of names, in the picture's units.
    fn row(&self) -> i32 {
        let lines = (0..self.lanes.len()).map(|lane| self.lines(lane).len()).max().unwrap_or(1);
        i32::try_from(lines).unwrap_or(1) * LINE + 8
    }

    /// The height of the names, in the picture's units.
    pub(super) fn head(&self) -> i32 {
        self.row() * if self.staggered() { 2 } else { 1 }
    }

    /// Draws the names and the lines.
    pub(super) fn draw(&self, sheet: &mut Sheet, top: i32, bottom: i32) -> Drawn {
        for i in 0..self.lanes.len() {
            let raised = self.staggered() && i % 2 == 1;
            let head = top + self.head() - if raised { self.row() } else { 0 };
            let x = self.at(i);
            sheet.line(vec![(x, head), (x, bottom)], MUTED, 2)?;
            for (line, words) in self.lines(i).iter().rev().enumerate() {
                let middle = head - 4 - LINE / 2 - LINE * line as i32;
                let x = x.min(self.width - width_of(words) / 2 - 2);
                sheet.text(words, (x, middle), Anchor::Middle, INK)?;
            }
        }
        Ok(())
    }
}
