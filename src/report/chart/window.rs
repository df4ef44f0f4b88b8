//! The times of the faults behind a plot over time, each with its name.

use super::axis::seconds;
use super::frame::Frame;
use super::hatch;
use super::legend::{FAULT_TINT, HEALING_TINT, Key, Look};
use super::lettering::{Anchor, fitted, width_of};
use super::palette::{FAULT, INK, hex};
use super::panel::Panel;
use super::sheet::{Drawn, Sheet};
use crate::report::FaultReport;

/// A line of names.
const ROW: i32 = 22;
/// So many lines of names stand above a plot; names that find no room are told when pointed at.
const MOST_ROWS: usize = 3;

/// What the shades mean, if there is a fault.
pub(super) fn keys<'r>(faults: impl IntoIterator<Item = &'r FaultReport>) -> Vec<Key> {
    let faults: Vec<_> = faults.into_iter().collect();
    let healing = |fault: &&FaultReport| fault.healed_ms > fault.heal_begin_ms;
    let mut keys = Vec::new();
    if !faults.is_empty() {
        keys.push((Look::Fault, "fault".into()));
    }
    if faults.iter().any(healing) {
        keys.push((Look::Healing, "healing".into()));
    }
    keys
}

/// Shades the faults of a run and names them above the plot.
pub(super) fn draw(sheet: &mut Sheet, panel: &Panel, faults: &[FaultReport]) -> Drawn {
    let plot = panel.frame();
    let mut free = [i32::MIN; MOST_ROWS];
    for fault in faults {
        let whole = shade(sheet, panel, fault);
        let name = fitted(&fault.what, plot.right - plot.left);
        let left = whole.left.min(plot.right - width_of(&name)).max(plot.left);
        let row = free.iter().position(|right| *right < left);
        let top = match row {
            Some(row) => {
                free[row] = left + width_of(&name) + 10;
                plot.top - ROW * (row as i32 + 1)
            }
            None => plot.top,
        };
        if row.is_some() {
            sheet.text(&name, (left, top + ROW / 2), Anchor::Start, INK)?;
        }
        // A narrow one is hard to point at.
        let right = whole.right.max(left + width_of(&name));
        sheet.hit(Frame { left, top, right, bottom: top + ROW }, &told(fault));
    }
    Ok(())
}

fn shade(sheet: &mut Sheet, panel: &Panel, fault: &FaultReport) -> Frame {
    let at = |ms: u64| ms as f64 / 1_000.0;
    let healed = |ms: Option<u64>| ms.map_or(f64::INFINITY, at);
    let struck = panel.strip(at(fault.begin_ms), healed(fault.heal_begin_ms));
    let fill = sheet.hatch(hatch::FAULT);
    sheet.shade(struck, &hex(FAULT), FAULT_TINT);
    sheet.shade(struck, &fill, 0.5);
    if let (Some(from), Some(to)) = (fault.heal_begin_ms, fault.healed_ms) {
        sheet.shade(panel.strip(at(from), at(to)), &hex(FAULT), HEALING_TINT);
    }
    struck
}

/// A fault and its moments.
pub(super) fn told(fault: &FaultReport) -> String {
    let mut told = format!("{}: began at {}", fault.what, seconds(fault.begin_ms));
    told += &match fault.heal_begin_ms {
        Some(ms) => format!(", healing began at {}", seconds(ms)),
        None => ", never healed".into(),
    };
    if let Some(ms) = fault.healed_ms {
        told += &format!(", ready at {}", seconds(ms));
    }
    told
}

/// How much room the names of the faults of these runs need above a plot.
pub(super) fn height<'r>(runs: impl IntoIterator<Item = &'r [FaultReport]>) -> i32 {
    let most = runs.into_iter().map(<[_]>::len).max().unwrap_or(0);
    most.min(MOST_ROWS) as i32 * ROW
}
