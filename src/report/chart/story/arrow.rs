//! The arrows of a story.

use plotters::style::RGBColor;

use super::labels::Labels;
use super::lanes::Lanes;
use super::time::Times;
use crate::chart::axis::exact;
use crate::chart::cross;
use crate::chart::frame::Frame;
use crate::chart::lettering::width_of;
use crate::chart::palette::{DELIVERED, INK, LOST, RECOVERED, REFUSED, WELL};
use crate::chart::sheet::{Drawn, Sheet};
use crate::story::{Arrow, Carries, Story};

/// The length of an arrow's tip, in the picture's units.
const TIP: f64 = 15.0;
/// How near to an arrow one has to point, in the picture's units.
const NEAR: f64 = 8.0;
/// How far from its middle a cross reaches, in the picture's units.
const CROSS: i32 = 11;
/// How far down an arrow that never arrives goes, in the picture's units.
const FALL: i32 = 26;
/// The places of the word of an arrow that never arrives, measured downwards from the arrow's end, in the order in
/// which they are tried.
const BELOW: [i32; 4] = [22, 44, 66, -22];

/// The colour and the name of an arrow.
pub(super) fn look(carries: Carries) -> (RGBColor, &'static str) {
    match carries {
        Carries::Message => (DELIVERED, "message"),
        Carries::Replay => (RECOVERED, "replay"),
        Carries::Ack => (WELL, "ack"),
        Carries::Refusal => (REFUSED, "refusal"),
        // This colour is as dark as that of no other arrow, for those who see no colours.
        Carries::Unknown => (INK, "unknown answer"),
    }
}

/// The frame of the cross of an arrow that never arrives.
pub(super) fn cross(lanes: &Lanes, times: &Times, arrow: &Arrow) -> Option<Frame> {
    if arrow.arrives_us.is_some() || arrow.from.max(arrow.to) >= lanes.many() {
        return None;
    }
    let (x, y) = fallen(lanes, times, arrow);
    Some(Frame { left: x - CROSS, top: y - CROSS, right: x + CROSS, bottom: y + CROSS })
}

/// The place where an arrow that never arrives ends.
fn fallen(lanes: &Lanes, times: &Times, arrow: &Arrow) -> (i32, i32) {
    (on_the_way(lanes, arrow), (times.at(arrow.leaves_us) + FALL).min(times.bottom()))
}

/// Draws an arrow; one that waited leaves when its wait was over. An arrow that leads to no lane of the sheet is left
/// out.
pub(super) fn draw(
    sheet: &mut Sheet,
    lanes: &Lanes,
    times: &Times,
    labels: &mut Labels,
    story: &Story,
    (arrow, until): (&Arrow, Option<i64>),
) -> Drawn {
    if arrow.from.max(arrow.to) >= story.lanes.len() {
        return Ok(());
    }
    let (colour, word) = look(arrow.carries);
    let from = (lanes.at(arrow.from), times.at(until.unwrap_or(arrow.leaves_us)));
    let to = match arrow.arrives_us {
        Some(us) => (lanes.at(arrow.to), times.at(us)),
        None => fallen(lanes, times, arrow),
    };
    if arrow.traced {
        sheet.line(vec![from, to], colour, 3)?;
    } else {
        sheet.dashed(&[from, to], colour, 3);
    }
    match arrow.arrives_us {
        Some(_) => tip(sheet, from, to, colour)?,
        None => cross::draw(sheet, to)?,
    }
    let words = match (&arrow.note, arrow.carries) {
        // The words of a wait stand beside its bar.
        (Some(note), _) if until.is_some() && note.starts_with("waited for") => "",
        (Some(note), _) => note,
        (None, Carries::Message) => "",
        (None, _) => word,
    };
    if !words.is_empty() {
        let (places, colour) = match arrow.arrives_us {
            Some(_) => (beside(words, from, to), INK),
            None => (BELOW.map(|below| (to.0, to.1 + below)).to_vec(), LOST),
        };
        labels.put(sheet, words, places, colour);
    }
    sheet.hit_line(from, to, NEAR, &told(story, arrow));
    Ok(())
}

/// The place where an arrow that never arrives ends: halfway, and between two lanes. Halfway may be the lane of
/// somebody who has nothing to do with it.
fn on_the_way(lanes: &Lanes, arrow: &Arrow) -> i32 {
    let (from, to) = (lanes.at(arrow.from), lanes.at(arrow.to));
    let aside = if arrow.from.abs_diff(arrow.to).is_multiple_of(2) { lanes.apart / 2 } else { 0 };
    i32::midpoint(from, to) - (to - from).signum() * aside
}

/// Places along an arrow for its word: above and below the arrow, on the side from which it falls away.
fn beside(words: &str, from: (i32, i32), to: (i32, i32)) -> Vec<(i32, i32)> {
    let steep = (to.1 - from.1).abs() * 3 > (to.0 - from.0).abs();
    let aside = if steep { (to.0 - from.0).signum() * (width_of(words) / 2 + 2) } else { 0 };
    let along = |a: i32, b: i32, share: f64| a + (f64::from(b - a) * share) as i32;
    let sides = [(aside, -13), (-aside, 14), (aside, -36), (-aside, 36)];
    let point = |(x, y): (i32, i32), share| (along(from.0, to.0, share) + x, along(from.1, to.1, share) + y);
    sides.into_iter().flat_map(|side| [0.5, 0.35, 0.65].map(|share| point(side, share))).collect()
}

fn tip(sheet: &mut Sheet, from: (i32, i32), to: (i32, i32), colour: RGBColor) -> Drawn {
    let (dx, dy) = (f64::from(to.0 - from.0), f64::from(to.1 - from.1));
    let length = dx.hypot(dy).max(1.0);
    let (dx, dy) = (dx / length * TIP, dy / length * TIP);
    let point = |x: f64, y: f64| (to.0 + x.round() as i32, to.1 + y.round() as i32);
    sheet.area(vec![to, point(-dx - dy * 0.4, -dy + dx * 0.4), point(-dx + dy * 0.4, -dy - dx * 0.4)], colour)
}

/// The words for what an arrow was, and when.
fn told(story: &Story, arrow: &Arrow) -> String {
    let name = |lane: usize| story.lanes.get(lane).map_or("?", |lane| lane.name.as_str());
    let (_, word) = look(arrow.carries);
    let mut told = format!(
        "{word} from {} to {}: left at {}",
        name(arrow.from),
        name(arrow.to),
        since(story, arrow.leaves_us)
    );
    told += &match arrow.arrives_us {
        Some(us) => format!(", arrived at {}", since(story, us)),
        None => ", never arrived".into(),
    };
    if let Some(note) = &arrow.note {
        told += &format!(" ({note})");
    }
    if !arrow.traced {
        told += ", inferred";
    }
    told
}

/// A moment in words, counted from the intended send time.
fn since(story: &Story, us: i64) -> String {
    let sign = if us < story.due_us { "−" } else { "" };
    format!("{sign}{}", exact(us.abs_diff(story.due_us)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::sample::first_lost;
    use crate::chart::shape::WIDTH;

    #[test]
    fn what_never_arrives_ends_on_nobodys_lane() {
        let story = first_lost();
        let lanes = Lanes::new(&story.lanes, WIDTH);
        let many = story.lanes.len();
        for (from, to) in (0..many).flat_map(|from| (0..many).map(move |to| (from, to))) {
            let end = on_the_way(&lanes, &Arrow { from, to, ..story.arrows[1].clone() });
            let within = lanes.at(from.min(to))..=lanes.at(from.max(to));
            assert!(from == to || within.contains(&end), "{from} -> {to}");
            let near = (0..many).map(|lane| (lanes.at(lane) - end).abs()).min().unwrap();
            assert!(from == to || near > lanes.apart / 3, "{from} -> {to} ends {near} from a lane");
        }
    }
}
