//! The hatches, so that a picture can be read without colours.

use super::palette::{GROUND, MUTED, hex};

/// The hatch behind a fault.
pub(super) const FAULT: &str = "fault";
/// The hatch over what was delivered late.
pub(super) const LATE: &str = "late";
/// The hatch over what was recovered.
pub(super) const RECOVERED: &str = "recovered";
/// The hatch over what was lost.
pub(super) const LOST: &str = "lost";

/// The definitions of the hatches. Names are unique on a page only with the picture's own id before them.
pub(super) fn patterns(id: &str) -> String {
    let (ground, muted) = (hex(GROUND), hex(MUTED));
    let pattern = |name: &str, size: u32, turned: i32, drawn: String| {
        format!(
            "<pattern id=\"{id}-{name}\" width=\"{size}\" height=\"{size}\" patternUnits=\"userSpaceOnUse\" \
             patternTransform=\"rotate({turned})\">{drawn}</pattern>"
        )
    };
    let stripe = |colour: &str, width: &str, height: u32| {
        format!("<rect width=\"{width}\" height=\"{height}\" fill=\"{colour}\"/>")
    };
    let crossed =
        stripe(&ground, "1.5", 7) + &format!("<rect width=\"7\" height=\"1.5\" fill=\"{ground}\"/>");
    format!(
        "<defs>{}{}{}{}</defs>",
        pattern(FAULT, 10, 45, stripe(&muted, "1.5", 10)),
        pattern(LATE, 6, 90, stripe(&ground, "1.5", 6)),
        pattern(RECOVERED, 8, -45, stripe(&ground, "3", 8)),
        pattern(LOST, 7, 45, crossed),
    )
}
