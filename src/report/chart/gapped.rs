//! A line through the points of a run, with gaps where there are no values.

use plotters::style::RGBColor;

use super::panel::Panel;
use super::sheet::{Drawn, Sheet};

/// Draws the line. A value between two gaps is a short stroke, or it would be invisible.
pub(super) fn draw(
    sheet: &mut Sheet,
    panel: &Panel,
    points: impl IntoIterator<Item = (f64, Option<f64>)>,
    (colour, width): (RGBColor, u32),
) -> Drawn {
    let mut run: Vec<(i32, i32)> = Vec::new();
    for (x, y) in points.into_iter().chain([(0.0, None)]) {
        match y {
            Some(y) => run.push(panel.at(x, y)),
            None => {
                if let [(x, y)] = run[..] {
                    run = vec![(x - 2, y), (x + 2, y)];
                }
                if !run.is_empty() {
                    sheet.line(std::mem::take(&mut run), colour, width)?;
                }
            }
        }
    }
    Ok(())
}
