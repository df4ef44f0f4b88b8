//! The colours of all pictures: Okabe and Ito's, which the colour-blind tell apart. One colour means one thing in
//! every picture.

use plotters::style::RGBColor;

/// Every colour that a picture may use: as it stands in the SVG, the CSS variable by which a page may replace it,
/// and what it becomes on a dark page.
pub const COLOURS: &[(&str, &str, &str)] = &[
    ("#222222", "--chart-ink", "#E8E8E8"),
    ("#666666", "--chart-muted", "#A8A8A8"),
    ("#DDDDDD", "--chart-grid", "#3C3C3C"),
    ("#FFFFFF", "--chart-ground", "#161616"),
    ("#0072B2", "--series-1", "#4DA3DD"),
    ("#E69F00", "--series-2", "#F2B233"),
    ("#D55E00", "--series-3", "#F27D2E"),
    ("#009E73", "--series-4", "#2CC295"),
    ("#CC79A7", "--series-5", "#E29CC4"),
    ("#56B4E9", "--series-6", "#7CC7F0"),
    ("#F0E442", "--series-7", "#8A8226"),
];

/// The colour of text, and of the curve that matters most: the 99th percentile, or a whole distribution.
pub(super) const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
/// The colour of axes, of lanes, and of the largest value.
pub(super) const MUTED: RGBColor = RGBColor(0x66, 0x66, 0x66);
/// The colour of the lines behind a curve.
pub(super) const GRID: RGBColor = RGBColor(0xDD, 0xDD, 0xDD);
/// The colour behind a word that crosses a line.
pub(super) const GROUND: RGBColor = RGBColor(0xFF, 0xFF, 0xFF);
/// The colour of what was delivered live and in time, or is on its way; and of the median of how long that took.
pub(super) const DELIVERED: RGBColor = RGBColor(0x00, 0x72, 0xB2);
/// The colour of what was delivered live, but late.
pub(super) const LATE: RGBColor = RGBColor(0xCC, 0x79, 0xA7);
/// The colour of what was recovered by replay. No other is as light, and it is far from that of a loss.
pub(super) const RECOVERED: RGBColor = RGBColor(0x56, 0xB4, 0xE9);
/// The colour of what was lost.
pub(super) const LOST: RGBColor = RGBColor(0xD5, 0x5E, 0x00);
/// The colour of what was acknowledged, and of who was online.
pub(super) const WELL: RGBColor = RGBColor(0x00, 0x9E, 0x73);
/// The colour of what was refused.
pub(super) const REFUSED: RGBColor = RGBColor(0xE6, 0x9F, 0x00);
/// The colour of a fault.
pub(super) const FAULT: RGBColor = RGBColor(0xF0, 0xE4, 0x42);

/// The colour as SVG writes it.
pub(super) fn hex(colour: RGBColor) -> String {
    format!("#{:02X}{:02X}{:02X}", colour.0, colour.1, colour.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_is_one_that_a_page_can_replace() {
        let used =
            [INK, MUTED, GRID, GROUND, DELIVERED, LATE, RECOVERED, LOST, WELL, REFUSED, FAULT].map(hex);
        let listed: Vec<_> = COLOURS.iter().map(|(light, ..)| *light).collect();
        assert_eq!(used.to_vec().len(), listed.len());
        assert!(used.iter().all(|colour| listed.contains(&colour.as_str())), "{used:?}");
    }
}
