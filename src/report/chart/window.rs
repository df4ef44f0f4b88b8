//! The times of the faults behind a plot over time, each with its name.

use super::axis::seconds;
use super::frame::Frame;
use super::hatch;
use super::legend::{FAULT_TINT, HEALING_TINT, Key, Look};
use super::lettering::{Anchor, fitted, width_of};
use super::palette::{FAULT, INK, hex};
use super::panel::Panel;
use super::sheet::{Drawn, Sheet};
use crate::FaultReport;

/// The height of a line of names, in the picture's units.
const ROW: i32 = 22;
/// The most lines of names above a plot; names that find no room are told when pointed at.
const MOST_ROWS: usize = 3;
/// The least gap between two names of a line, in the picture's units.
const BETWEEN: i32 = 10;

/// The keys of the shades, if there is a fault.
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
    let name = |fault: &FaultReport| fitted(&fault.what, plot.right - plot.left);
    let mut places = Vec::new();
    for fault in faults {
        let whole = shade(sheet, panel, fault);
        let width = width_of(&name(fault));
        let left = whole.left.min(plot.right - width).max(plot.left);
        // The strip of a short fault is hard to point at, so that the area to point at is at least as wide as the name.
        places.push((left, left + width, whole.right.max(left + width)));
    }
    let names: Vec<_> = faults.iter().map(|fault| fault.what.as_str()).collect();
    let spans: Vec<_> = places.iter().map(|(left, end, _)| (*left, *end)).collect();
    for ((fault, (left, _, right)), row) in faults.iter().zip(places).zip(rows(&names, &spans)) {
        let top = row.map_or(plot.top, |row| plot.top - ROW * (row as i32 + 1));
        if row.is_some() {
            sheet.text(&name(fault), (left, top + ROW / 2), Anchor::Start, INK)?;
        }
        sheet.hit(Frame { left, top, right, bottom: top + ROW }, &told(fault));
    }
    Ok(())
}

/// The line of each name, counted from the plot upwards; `None` where all lines are taken. The spans say where each
/// name stands from left to right. A name that does not stand yet goes before one that does already: a fault that comes
/// again and again leaves room for others.
fn rows(names: &[&str], spans: &[(i32, i32)]) -> Vec<Option<usize>> {
    let mut taken: [Vec<(i32, i32)>; MOST_ROWS] = Default::default();
    let mut take = |(left, right): (i32, i32)| {
        let free = |row: &Vec<(i32, i32)>| {
            row.iter().all(|(from, to)| right + BETWEEN <= *from || to + BETWEEN <= left)
        };
        let row = taken.iter().position(free)?;
        taken[row].push((left, right));
        Some(row)
    };
    let mut rows: Vec<Option<usize>> = vec![None; spans.len()];
    for (i, span) in spans.iter().enumerate() {
        let named = names.iter().zip(&rows).any(|(name, row)| *name == names[i] && row.is_some());
        if !named {
            rows[i] = take(*span);
        }
    }
    for (row, span) in rows.iter_mut().zip(spans).filter(|(row, _)| row.is_none()) {
        *row = take(*span);
    }
    rows
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

/// The words for a fault and its moments.
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

/// The height that the names of these runs' faults need above a plot, in the picture's units.
pub(super) fn height<'r>(runs: impl IntoIterator<Item = &'r [FaultReport]>) -> i32 {
    let most = runs.into_iter().map(<[_]>::len).max().unwrap_or(0);
    most.min(MOST_ROWS) as i32 * ROW
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_named_before_one_is_named_again() {
        let names = ["kill", "kill", "kill", "pause", "kill", "cut", "pause", "kill"];
        let spans: Vec<_> = (0..8).map(|i| (i * 20, i * 20 + 130)).collect();
        let rows = rows(&names, &spans);
        assert_eq!([rows[0], rows[3], rows[5]], [Some(0), Some(1), Some(2)], "{rows:?}");
        assert_eq!([rows[1], rows[2], rows[4], rows[6]], [None; 4], "{rows:?}");
        assert_eq!(rows[7], Some(0), "where there is room, it is named again");
    }
}
