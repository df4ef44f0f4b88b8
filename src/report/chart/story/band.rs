//! The faults of a story: a band over the lane of the process that was struck, or between two lanes, or at the edge
//! where none of these is in the story.

use super::labels::Labels;
use super::lanes::Lanes;
use super::time::Times;
use crate::FaultReport;
use crate::chart::frame::Frame;
use crate::chart::hatch;
use crate::chart::legend::{FAULT_TINT, HEALING_TINT, Key, Look};
use crate::chart::lettering::{LINE, width_of};
use crate::chart::palette::{FAULT, INK, hex};
use crate::chart::sheet::Sheet;
use crate::chart::window::told;
use crate::story::{Lane, LaneKind};
use scenario::{End, Link, Target};

/// The width of a fault that strikes no lane, in the picture's units.
const EDGE: i32 = 8;
/// The least height of a fault, in the picture's units.
const LEAST: i32 = 4;

/// Whether a fault or its healing falls into a time, in microseconds.
pub(super) fn overlaps(fault: &FaultReport, from_us: i64, to_us: i64) -> bool {
    let end = fault.healed_ms.or(fault.heal_begin_ms).map_or(i64::MAX, micros);
    micros(fault.begin_ms) <= to_us && end >= from_us
}

/// A time in milliseconds as microseconds.
pub(super) fn micros(ms: u64) -> i64 {
    i64::try_from(ms.saturating_mul(1_000)).unwrap_or(i64::MAX)
}

/// A fault of a story, and where across the sheet it is drawn.
pub(super) struct Band<'r> {
    fault: &'r FaultReport,
    /// The places of the band: its left and its right end, one pair for each place.
    places: Vec<(i32, i32)>,
    /// The place of the name, from the left.
    name: i32,
}

/// The shades of a band at one place.
struct Shades {
    struck: Option<Frame>,
    healing: Option<Frame>,
}

/// The bands of all faults. Those that strike none of these lanes stand side by side at the right edge.
pub(super) fn all<'r>(lanes: &Lanes, faults: impl Iterator<Item = &'r FaultReport>) -> Vec<Band<'r>> {
    let mut edge = lanes.width - 2;
    let band = |fault: &'r FaultReport| {
        let places = places(lanes, fault);
        if let Some((left, right)) = places.first() {
            return Band { fault, name: i32::midpoint(*left, *right), places };
        }
        let (left, right) = (edge - EDGE, edge);
        // Bands for which there is no room lie on each other.
        if left - EDGE * 3 / 2 > lanes.right() {
            edge -= EDGE + EDGE / 2;
        }
        Band { fault, name: left - 6 - width_of(&fault.what) / 2, places: vec![(left, right)] }
    };
    faults.map(band).collect()
}

/// The keys of the shades that are drawn.
pub(super) fn keys(bands: &[Band], times: &Times) -> Vec<Key> {
    let any = |is: fn(Shades) -> bool| bands.iter().any(|band| is(band.shades(times, (0, 1))));
    let fault = any(|shades| shades.struck.is_some()).then(|| (Look::Fault, "fault".to_owned()));
    let healing = any(|shades| shades.healing.is_some()).then(|| (Look::Healing, "healing".to_owned()));
    fault.into_iter().chain(healing).collect()
}

impl Band<'_> {
    /// Draws the band, and its name once.
    pub(super) fn draw(&self, sheet: &mut Sheet, times: &Times, labels: &mut Labels) {
        let mut drawn = None;
        for place in &self.places {
            let Shades { struck, healing } = self.shades(times, *place);
            if let Some(frame) = struck {
                let fill = sheet.hatch(hatch::FAULT);
                sheet.shade(frame, &hex(FAULT), FAULT_TINT);
                sheet.shade(frame, &fill, 0.5);
            }
            if let Some(frame) = healing {
                sheet.shade(frame, &hex(FAULT), HEALING_TINT);
            }
            if let Some(first) = struck.or(healing) {
                let whole = Frame { bottom: healing.map_or(first.bottom, |healing| healing.bottom), ..first };
                sheet.hit(whole, &told(self.fault));
                drawn.get_or_insert(whole);
            }
        }
        if let Some(Frame { top, bottom, .. }) = drawn {
            let lines = (top + LINE / 2 + 2..=bottom.max(top + LINE)).step_by(LINE as usize);
            let places = lines.map(|y| (self.name, y.min(times.bottom() - LINE / 2)));
            labels.put(sheet, &self.fault.what, places, INK);
        }
    }

    /// The parts of the fault that fall into the time of the sheet.
    fn shades(&self, times: &Times, (left, right): (i32, i32)) -> Shades {
        let upto = |ms: Option<u64>| ms.map_or(times.bottom(), |ms| times.at(micros(ms)));
        let began = micros(self.fault.begin_ms);
        let (top, mut bottom) = (times.at(began), upto(self.fault.heal_begin_ms));
        if times.holds(began) {
            // A fault that is over at once must be seen, too.
            bottom = bottom.max(top + LEAST);
        }
        let frame = |top, bottom| Some(Frame { left, top, right, bottom }).filter(|_| bottom > top);
        let heals = self.fault.heal_begin_ms.is_some() && self.fault.healed_ms.is_some();
        let healing = frame(bottom, upto(self.fault.healed_ms)).filter(|_| heals);
        Shades { struck: frame(top, bottom), healing }
    }
}

/// The places at which the fault strikes, each from left to right; empty if it strikes no lane of the story.
fn places(lanes: &Lanes, fault: &FaultReport) -> Vec<(i32, i32)> {
    let over = |which: Vec<usize>| {
        let half = lanes.half();
        which.into_iter().map(|lane| (lanes.at(lane) - half, lanes.at(lane) + half)).collect()
    };
    let between = |which: Vec<usize>| match (which.iter().min(), which.iter().max()) {
        (Some(first), Some(last)) if first < last => vec![(lanes.at(*first), lanes.at(*last))],
        _ => Vec::new(),
    };
    let Some(planned) = &fault.planned else { return Vec::new() };
    match &planned.target {
        Target::Link(
            Link { from: node, to: End::Clients, .. } | Link { from: End::Clients, to: node, .. },
        ) => {
            let nodes = lanes.which(|lane| node.means(end_of(lane)));
            let clients = lanes.which(|lane| is_with(lane, *node));
            // The clients of a node may stand anywhere among those of others, so each has a place of its own.
            if nodes.is_empty() || clients.is_empty() { Vec::new() } else { over([nodes, clients].concat()) }
        }
        Target::Link(link) => {
            let which = |end: End| lanes.which(|lane| end.means(end_of(lane)));
            let (one, other) = (which(link.from), which(link.to));
            // A link with no lane for one of its ends is not in this story.
            if one.is_empty() || other.is_empty() { Vec::new() } else { between([one, other].concat()) }
        }
        Target::Groups(groups) => {
            let named = |lane: &Lane| groups.iter().flatten().any(|end| *end == end_of(lane));
            between(lanes.which(|lane| named(lane) || lane.kind == LaneKind::Node))
        }
        Target::Subscriber(_) => {
            let who = planned.target.to_string();
            over(lanes.which(|lane| lane.name == who))
        }
        process => over(lanes.which(|lane| process.strikes(end_of(lane)))),
    }
}

/// Whether the lane is a client of a node.
fn is_with(lane: &Lane, node: End) -> bool {
    let client = matches!(lane.kind, LaneKind::Publisher | LaneKind::Subscriber);
    client && node.means(number(lane.node).map_or(End::AllNodes, End::Node))
}

/// The end of links that a lane is.
fn end_of(lane: &Lane) -> End {
    match lane.kind {
        LaneKind::Publisher | LaneKind::Subscriber => End::Clients,
        LaneKind::Broker => End::Broker,
        LaneKind::History => End::History,
        LaneKind::Node => number(lane.number).map_or(End::AllNodes, End::Node),
    }
}

fn number(number: Option<u64>) -> Option<usize> {
    number.and_then(|number| usize::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::shape::WIDTH;
    use crate::sample::fault;

    fn lane(kind: LaneKind, name: &str, number: Option<u64>, node: Option<u64>) -> Lane {
        Lane { kind, name: name.into(), number, node }
    }

    /// The lanes of two nodes; the clients of node 1 are not side by side.
    fn two_nodes() -> Vec<Lane> {
        use LaneKind::{Broker, Node, Publisher, Subscriber};
        vec![
            lane(Publisher, "publisher 0", Some(0), Some(0)),
            lane(Node, "node 0", Some(0), None),
            lane(Broker, "broker", None, None),
            lane(Node, "node 1", Some(1), None),
            lane(Subscriber, "subscriber 1", Some(1), Some(1)),
            lane(Subscriber, "subscribers 2-3", Some(2), Some(0)),
            lane(Subscriber, "subscriber 5", Some(5), Some(1)),
        ]
    }

    /// The lanes that lie within the places of a fault.
    fn touched(what: &str) -> Vec<usize> {
        let all = two_nodes();
        let lanes = Lanes::new(&all, WIDTH);
        let places = places(&lanes, &fault(what, 0, None));
        let touched = |lane: &usize| places.iter().any(|(from, to)| (from..=to).contains(&&lanes.at(*lane)));
        (0..all.len()).filter(touched).collect()
    }

    #[test]
    fn a_fault_between_a_node_and_its_clients_covers_no_others() {
        assert_eq!(touched("cut = 'node 1 <-> client *'"), [3, 4, 6]);
        assert_eq!(touched("delay = 'client * -> node 0'\nby = '100ms'"), [0, 1, 5]);
        assert_eq!(touched("blackhole = 'node * <-> client *'"), [0, 1, 3, 4, 5, 6]);
        assert!(touched("cut = 'node 2 <-> client *'").is_empty());
        assert_eq!(touched("cut = 'node 1 <-> broker'"), [2, 3]);
    }

    #[test]
    fn what_strikes_no_lane_stands_at_the_edge_side_by_side() {
        let all = two_nodes();
        let lanes = Lanes::new(&all, WIDTH);
        let faults = ["kill = 'node 7'", "surge = 3\nfor = '1s'", "run = 'true'", "kill = 'broker'"]
            .map(|what| fault(what, 0, None));
        let bands = super::all(&lanes, faults.iter());
        let places: Vec<_> = bands.iter().map(|band| band.places[0]).collect();
        assert!(
            places[..3].iter().all(|(left, right)| *left > lanes.right() && *right < lanes.width),
            "{places:?}"
        );
        assert!(places[1].1 < places[0].0 && places[2].1 < places[1].0, "{places:?}");
        assert!(places[3].1 < places[2].0, "the broker has a lane");
    }
}
