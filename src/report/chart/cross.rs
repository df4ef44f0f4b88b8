//! The mark where something ended on the way.

use super::palette::LOST;
use super::sheet::{Drawn, Sheet};

/// Draws the cross around a point.
pub(super) fn draw(sheet: &mut Sheet, (x, y): (i32, i32)) -> Drawn {
    const ARM: i32 = 8;
    sheet.line(vec![(x - ARM, y - ARM), (x + ARM, y + ARM)], LOST, 4)?;
    sheet.line(vec![(x - ARM, y + ARM), (x + ARM, y - ARM)], LOST, 4)
}
