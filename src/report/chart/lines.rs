//! Several lines on one pair of axes, one for each subject.

use plotters::style::RGBColor;

use super::axis::Axis;
use super::frame::Frame;
use super::legend::{self, Key, Look};
use super::palette::{DELIVERED, INK, LATE, RECOVERED, REFUSED, WELL};
use super::panel::{self, Panel};
use super::picture::Picture;
use super::shape::WIDTH;
use super::sheet::{Drawn, Sheet};

/// The height of the plot, in the picture's units.
const PLOT: i32 = 330;
/// How near to a point one has to point, in the picture's units.
const NEAR: i32 = 7;

/// How the lines are told apart, in colour and without. Debts do not stand in these pictures, so a colour that means one
/// of their fates elsewhere means a subject here.
const LOOKS: [(RGBColor, &str); 6] = [
    (DELIVERED, "1 0"),
    (REFUSED, "9 5"),
    (WELL, "3 4"),
    (LATE, "12 4 3 4"),
    (INK, "2 7"),
    (RECOVERED, "16 6"),
];

/// One line.
pub(super) struct Line {
    pub(super) name: String,
    /// The places on both axes, and what is said of each.
    pub(super) points: Vec<(f64, f64, String)>,
}

/// The picture of these lines; `None` if there are none.
pub(super) fn picture(
    (id, title): (&str, &str),
    caption: String,
    x: &Axis,
    y: &Axis,
    lines: &[Line],
) -> Option<Picture> {
    if lines.iter().all(|line| line.points.is_empty()) {
        return None;
    }
    let looks = || lines.iter().zip(LOOKS.iter().cycle());
    let keys: Vec<Key> =
        looks().map(|(line, (colour, dashes))| (Look::Dashes(*colour, dashes), line.name.clone())).collect();
    let top = legend::height(&keys, WIDTH);
    let height = top + panel::height(PLOT, true) + 8;
    Sheet::picture(id, title, caption, (WIDTH, height), |sheet| {
        legend::draw(sheet, 0, &keys)?;
        let panel = Panel::new(sheet, top, PLOT, true, x, y)?;
        for (line, (colour, dashes)) in looks() {
            let places: Vec<_> = line.points.iter().map(|(x, y, _)| panel.at(*x, *y)).collect();
            sheet.dashes(&places, *colour, 3, dashes);
            for ((x, y), (_, _, said)) in places.iter().zip(&line.points) {
                let frame = Frame { left: x - NEAR, top: y - NEAR, right: x + NEAR, bottom: y + NEAR };
                sheet.hit(frame, &format!("{}: {said}", line.name));
            }
        }
        Drawn::Ok(())
    })
}
