//! The faults of a story: a band over the lane of the process that was struck, or between two lanes.

use super::labels::Labels;
use super::lanes::Lanes;
use super::time::Times;
use crate::report::FaultReport;
use crate::report::chart::frame::Frame;
use crate::report::chart::hatch;
use crate::report::chart::legend::{FAULT_TINT, HEALING_TINT};
use crate::report::chart::lettering::LINE;
use crate::report::chart::palette::{FAULT, INK, hex};
use crate::report::chart::sheet::Sheet;
use crate::report::chart::window::told;
use crate::report::fault_words::{Strikes, strikes};
use crate::report::place::Groups;
use crate::report::story::{Lane, LaneKind};
use crate::scenario::End;

/// Whether a fault or its healing falls into a time, in microseconds.
pub(super) fn overlaps(fault: &FaultReport, from_us: i64, to_us: i64) -> bool {
    let end = fault.healed_ms.or(fault.heal_begin_ms).map_or(i64::MAX, micros);
    micros(fault.begin_ms) <= to_us && end >= from_us
}

/// Milliseconds as microseconds.
pub(super) fn micros(ms: u64) -> i64 {
    i64::try_from(ms.saturating_mul(1_000)).unwrap_or(i64::MAX)
}

/// Draws one, if it strikes a lane of the story.
pub(super) fn draw(
    sheet: &mut Sheet,
    lanes: &Lanes,
    times: &Times,
    labels: &mut Labels,
    fault: &FaultReport,
) {
    for (left, right) in places(lanes, fault) {
        let upto = |ms: Option<u64>| ms.map_or(times.bottom(), |ms| times.at(micros(ms)));
        let (top, healing) = (times.at(micros(fault.begin_ms)), upto(fault.heal_begin_ms));
        let struck = Frame { left, top, right, bottom: healing };
        if struck.bottom > struck.top {
            let fill = sheet.hatch(hatch::FAULT);
            sheet.shade(struck, &hex(FAULT), FAULT_TINT);
            sheet.shade(struck, &fill, 0.5);
        }
        let mut whole = struck;
        if fault.heal_begin_ms.is_some() && fault.healed_ms.is_some() {
            whole.bottom = upto(fault.healed_ms);
            sheet.shade(Frame { top: healing, ..whole }, &hex(FAULT), HEALING_TINT);
        }
        if whole.bottom > whole.top {
            sheet.hit(whole, &told(fault));
            let middle = i32::midpoint(left, right);
            labels.put(
                sheet,
                &fault.what,
                [(middle, (top + LINE / 2 + 2).min(times.bottom() - LINE / 2))],
                INK,
            );
        }
    }
}

/// From where to where on the sheet it strikes.
fn places(lanes: &Lanes, fault: &FaultReport) -> Vec<(i32, i32)> {
    let over = |which: Vec<usize>| {
        let half = (lanes.apart * 3 / 10).min(44);
        which.into_iter().map(|lane| (lanes.at(lane) - half, lanes.at(lane) + half)).collect()
    };
    let between = |which: Vec<usize>| match (which.iter().min(), which.iter().max()) {
        (Some(first), Some(last)) if first < last => vec![(lanes.at(*first), lanes.at(*last))],
        _ => Vec::new(),
    };
    match strikes(fault) {
        Some(Strikes::Process(end)) => over(lanes.which(|lane| means(end, lane))),
        Some(Strikes::Link(link)) => {
            let (one, other) =
                (lanes.which(|lane| means(link.from, lane)), lanes.which(|lane| means(link.to, lane)));
            // Without a lane for one of its ends there is no link in this story.
            if one.is_empty() || other.is_empty() { Vec::new() } else { between([one, other].concat()) }
        }
        Some(Strikes::Groups(groups)) => {
            let groups = Groups::of(groups);
            between(lanes.which(|lane| groups.divides(&lane.name) || lane.kind == LaneKind::Node))
        }
        Some(Strikes::Client(who)) => over(lanes.which(|lane| lane.name == who)),
        None => Vec::new(),
    }
}

/// Whether an end of a link is this lane.
fn means(end: End, lane: &Lane) -> bool {
    match lane.kind {
        LaneKind::Publisher | LaneKind::Subscriber => end == End::Clients,
        LaneKind::Broker => end == End::Broker,
        LaneKind::History => end == End::History,
        LaneKind::Node => match lane.number.and_then(|number| usize::try_from(number).ok()) {
            Some(number) => end.means(number),
            None => end == End::AllNodes,
        },
    }
}
