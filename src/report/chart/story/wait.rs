//! The waits of a story: a message that lay somewhere is a bar on the lane where it lay, and not an arrow that seems to
//! be slow.

use super::labels::Labels;
use super::lanes::Lanes;
use super::time::Times;
use crate::FaultReport;
use crate::chart::axis::exact;
use crate::chart::frame::Frame;
use crate::chart::lettering::width_of;
use crate::chart::palette::INK;
use crate::chart::sheet::{Drawn, Sheet};
use crate::numbers::span;
use crate::story::{Arrow, Story};
use scenario::Target;

/// From how long on something on its way between two processes of one machine must have waited, in microseconds.
const LONG_US: u64 = 100_000;
/// How many times as long as the others an arrow takes that stands for a wait.
const TIMES: u64 = 10;
/// The time that an arrow takes where nobody knows, in microseconds.
const USUAL_US: u64 = 500;
/// The width of a bar, in the picture's units.
const WIDTH: i32 = 8;
/// The distance from one bar of a lane to the next, in the picture's units.
const APART: i32 = 11;

/// What was on its way for long because it lay somewhere.
pub(super) struct Waits {
    /// How long what did not wait was on its way, in microseconds.
    way_us: u64,
    /// Whether a link was slow, so that something may have been on its way for long.
    slow_links: bool,
}

impl Waits {
    /// The waits of a story, during which these faults held.
    pub(super) fn of<'r>(story: &Story, faults: impl Iterator<Item = &'r FaultReport>) -> Self {
        let mut ways: Vec<u64> = story.arrows.iter().filter_map(length).filter(|us| *us < LONG_US).collect();
        ways.sort_unstable();
        let way_us = ways.get(ways.len() / 2).copied().unwrap_or(USUAL_US).max(1);
        let mut links = faults.filter_map(|fault| fault.planned.as_ref());
        Self {
            way_us,
            slow_links: links.any(|fault| matches!(fault.target, Target::Link(_) | Target::Groups(_))),
        }
    }

    /// The moment until which the message waited before it left, in microseconds; `None` if it did not wait.
    pub(super) fn until(&self, arrow: &Arrow) -> Option<i64> {
        let (length, arrives) = (length(arrow)?, arrow.arrives_us?);
        let named = arrow.note.as_ref().is_some_and(|note| note.starts_with("waited for"));
        let long = length >= LONG_US && !self.slow_links;
        let waited = length / TIMES > self.way_us && (named || long);
        waited.then(|| arrives.saturating_sub_unsigned(self.way_us))
    }

    /// The moments at which waits ended.
    pub(super) fn ends(&self, story: &Story) -> impl Iterator<Item = i64> {
        story.arrows.iter().filter_map(|arrow| self.until(arrow))
    }

    /// Draws the bars. Beside the longest of each lane stands how long it was.
    pub(super) fn draw(
        &self,
        sheet: &mut Sheet,
        lanes: &Lanes,
        times: &Times,
        labels: &mut Labels,
        story: &Story,
    ) -> Drawn {
        for lane in 0..story.lanes.len() {
            let of_lane = |arrow: &&Arrow| arrow.from == lane && arrow.to < story.lanes.len();
            let waits =
                story.arrows.iter().filter(of_lane).filter_map(|arrow| Some((arrow, self.until(arrow)?)));
            let mut waits: Vec<_> = waits.collect();
            waits.sort_by_key(|(arrow, until)| std::cmp::Reverse(until.abs_diff(arrow.leaves_us)));
            // What waits for several is one bar, as long as the longest wait.
            let mut seen = Vec::new();
            waits.retain(|(arrow, _)| {
                let new = !seen.contains(&arrow.carries);
                seen.push(arrow.carries);
                new
            });
            for (i, (arrow, until)) in waits.iter().enumerate() {
                let x = lanes.at(lane) + (i as i32).min(3) * APART;
                let (top, bottom) = (times.at(arrow.leaves_us), times.at(*until));
                let frame = Frame { left: x - WIDTH / 2, top, right: x + WIDTH / 2, bottom };
                let (colour, word) = super::arrow::look(arrow.carries);
                let Frame { left, right, .. } = frame;
                sheet.area(vec![(left, top), (right, top), (right, bottom), (left, bottom)], colour)?;
                let us = until.abs_diff(arrow.leaves_us);
                let told = format!("{word} waited at {} for {}", story.lanes[lane].name, exact(us));
                sheet.hit(frame, &told);
                if i == 0 {
                    let words = words(arrow, us);
                    let aside = width_of(&words) / 2 + WIDTH;
                    let y = i32::midpoint(top, bottom);
                    let sides = [x + aside, x - aside];
                    let places = [y, y - 26, y + 26].into_iter().flat_map(|y| sides.map(|x| (x, y)));
                    labels.put(sheet, &words, places, INK);
                }
            }
        }
        Ok(())
    }
}

/// The words beside a wait: `waited 10.1 s for the broker`.
fn words(arrow: &Arrow, us: u64) -> String {
    let whom = arrow.note.as_ref().and_then(|note| note.strip_prefix("waited for "));
    format!("waited {}{}", span(us), whom.map_or_else(String::new, |whom| format!(" for {whom}")))
}

fn length(arrow: &Arrow) -> Option<u64> {
    Some(arrow.arrives_us?.abs_diff(arrow.leaves_us))
}
