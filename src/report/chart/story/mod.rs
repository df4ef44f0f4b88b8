//! The way of one message: a space-time diagram, with the time from above to below.

mod arrow;
mod band;
mod labels;
mod lanes;
mod time;
mod wait;
mod words;

use super::axis::seconds;
use super::frame::Frame;
use super::legend::{self, Key, Look};
use super::lettering::Anchor;
use super::palette::{DELIVERED, GRID, INK, MUTED};
use super::panel::LEFT;
use super::picture::Picture;
use super::shape::Shape;
use super::sheet::{Drawn, Sheet};
use crate::label::Names;
use crate::story::{Carries, Story};
use crate::{FaultReport, LaneKind, RunReport};
use labels::Labels;
use lanes::Lanes;
use time::Times;
use wait::Waits;

/// The distance of a zigzag from the edge of what is cut out, in the picture's units.
const INTO_CUT: i32 = 12;
/// How far the teeth of a zigzag reach, in the picture's units.
const TOOTH: i32 = 5;

/// The pictures of a run's stories.
pub(super) fn pictures(run: &RunReport, names: Names, shape: Shape) -> impl Iterator<Item = Picture> {
    run.stories.iter().filter_map(move |story| picture(run, names, story, shape))
}

fn picture(run: &RunReport, names: Names, story: &Story, shape: Shape) -> Option<Picture> {
    let choice = words::choice(story.choice);
    let run_id: String =
        run.id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
    let waits = Waits::of(story, told(run, story));
    let high = 320 + 18 * i32::try_from(story.arrows.len()).unwrap_or(i32::MAX).min(30);
    let moments = moments(run, story, &waits);
    let times = |begin, high| Times::new(moments.clone(), begin, begin + high);
    let keys = |lanes: &Lanes| {
        let bands = band::all(lanes, told(run, story));
        // Which shades are drawn does not depend on the height of the legend, so any start of the time will do.
        keys(story, band::keys(&bands, &times(0, high)))
    };
    let above = |lanes: &Lanes| legend::height(&keys(lanes), lanes.width) + 6;
    let height = |width: i32, high: i32| {
        let lanes = Lanes::new(&story.lanes, width);
        times(above(&lanes) + lanes.head() + 6, high).bottom() + 20
    };
    let width = shape.width(|width| height(width, high));
    let high = high + shape.left_over(width, height(width, high));
    let lanes = Lanes::new(&story.lanes, width);
    let bands = band::all(&lanes, told(run, story));
    let (keys, top) = (keys(&lanes), above(&lanes));
    let times = times(top + lanes.head() + 6, high);
    let mut caption = words::caption(story) + &words::unwitnessed(run, story);
    if waits.ends(story).next().is_some() {
        caption += " A bar is a wait, on the lane where it was.";
    }
    let title = format!("{}: {}", names.whole(run), words::title(story));
    let size = (width, times.bottom() + 20);
    Sheet::picture(&format!("story-{run_id}-{choice}"), &title, caption, size, |sheet| {
        legend::draw(sheet, 0, &keys)?;
        scale(sheet, &times, story)?;
        lanes.draw(sheet, top, times.bottom())?;
        let mut labels = Labels::beside(zigzags(&times, width), width, (top + lanes.head(), times.bottom()));
        // No word stands over a cross: what it marks would be hidden.
        story
            .arrows
            .iter()
            .filter_map(|arrow| arrow::cross(&lanes, &times, arrow))
            .for_each(|at| labels.keep(at));
        waits.draw(sheet, &lanes, &times, &mut labels, story)?;
        bands.iter().for_each(|band| band.draw(sheet, &times, &mut labels));
        due(sheet, &lanes, &times, story)?;
        for arrow in &story.arrows {
            let until = waits.until(arrow);
            arrow::draw(sheet, &lanes, &times, &mut labels, story, (arrow, until))?;
        }
        cuts(sheet, &times);
        Ok(())
    })
}

/// The first and the last moment of a story.
fn span(story: &Story) -> (i64, i64) {
    let arrows = story.arrows.iter().flat_map(|arrow| [Some(arrow.leaves_us), arrow.arrives_us]);
    let all = arrows.flatten().chain([story.due_us]).chain(story.sent_us);
    all.fold((story.due_us, story.due_us), |(first, last), us| (first.min(us), last.max(us)))
}

/// The faults that fall into a story.
fn told<'r>(run: &'r RunReport, story: &Story) -> impl Iterator<Item = &'r FaultReport> {
    let (first, last) = span(story);
    run.faults.iter().filter(move |fault| band::overlaps(fault, first, last))
}

/// The moments at which something happened in a story or to a process.
fn moments(run: &RunReport, story: &Story, waits: &Waits) -> Vec<i64> {
    let (first, last) = span(story);
    let arrows = story.arrows.iter().flat_map(|arrow| [Some(arrow.leaves_us), arrow.arrives_us]);
    let faults =
        told(run, story).flat_map(|fault| [Some(fault.begin_ms), fault.heal_begin_ms, fault.healed_ms]);
    let faults = faults.flatten().map(band::micros).filter(|us| (first..=last).contains(us));
    let told = arrows.flatten().chain([first, last, story.due_us]).chain(story.sent_us);
    told.chain(faults).chain(waits.ends(story)).collect()
}

/// The keys of the arrows, and then those of the faults.
fn keys(story: &Story, faults: Vec<Key>) -> Vec<Key> {
    let all = [Carries::Message, Carries::Replay, Carries::Ack, Carries::Refusal, Carries::Unknown];
    let there = all.into_iter().filter(|carries| story.arrows.iter().any(|arrow| arrow.carries == *carries));
    let mut keys: Vec<Key> =
        there.map(arrow::look).map(|(colour, word)| (Look::Line(colour, 3), word.to_owned())).collect();
    if story.arrows.iter().any(|arrow| !arrow.traced) {
        keys.push((Look::Dashed(INK), "inferred".into()));
    }
    if story.arrows.iter().any(|arrow| arrow.arrives_us.is_none()) {
        keys.push((Look::Cross, "never arrived".into()));
    }
    keys.extend(faults);
    keys
}

/// Draws the time on the left.
fn scale(sheet: &mut Sheet, times: &Times, story: &Story) -> Drawn {
    for (y, word) in times.marks(story.due_us) {
        sheet.line(vec![(LEFT, y), (sheet.width, y)], GRID, 1)?;
        sheet.text(&word, (LEFT - 8, y), Anchor::End, INK)?;
    }
    let top = times.at(i64::MIN);
    sheet.upright("ms since the intended send time", (12, i32::midpoint(top, times.bottom())), Anchor::Middle)
}

/// Draws the moment that the schedule asked for, at the publisher.
fn due(sheet: &mut Sheet, lanes: &Lanes, times: &Times, story: &Story) -> Drawn {
    let publishers = lanes.which(|lane| lane.kind == LaneKind::Publisher);
    let Some(publisher) = publishers.first() else { return Ok(()) };
    let (x, y) = (lanes.at(*publisher), times.at(story.due_us));
    let waits = story.sent_us.map_or(y, |us| times.at(us));
    sheet.line(vec![(x, y), (x, waits)], DELIVERED, 6)?;
    sheet.line(vec![(x - 10, y), (x + 10, y)], DELIVERED, 4)?;
    let at = seconds(u64::try_from(story.due_us / 1_000).unwrap_or(0));
    let frame = Frame { left: x - 12, top: y - 8, right: x + 12, bottom: waits.max(y) + 8 };
    sheet.hit(frame, &format!("due at {at} since the load began"));
    Ok(())
}

/// The frames that the zigzags take.
fn zigzags(times: &Times, width: i32) -> Vec<Frame> {
    let across = |(from, to): (i32, i32)| {
        let tooth = INTO_CUT - TOOTH - 1;
        Frame { left: 0, top: from + tooth, right: width, bottom: to - tooth }
    };
    times.cuts().map(across).collect()
}

/// Draws a zigzag over the whole width where a wait is cut out.
fn cuts(sheet: &mut Sheet, times: &Times) {
    let width = sheet.width;
    for (from, to) in times.cuts() {
        for y in [from + INTO_CUT, to - INTO_CUT] {
            let side = |tooth| if tooth % 2 == 0 { -TOOTH } else { TOOTH };
            let teeth = (0..).map(|tooth| (LEFT - 30 + tooth * 14, y + side(tooth)));
            sheet.stroke(&teeth.take_while(|(x, _)| *x <= width).collect::<Vec<_>>(), MUTED, 2);
        }
    }
}
