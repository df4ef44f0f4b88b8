//! Every delivery by time and latency: darker where more came. The top row holds what never came, so that the cells
//! together are all that was owed.

use std::collections::BTreeMap;

use super::axis::{Axis, exact, place, seconds};
use super::frame::Frame;
use super::layout::{Layout, limited, omitted, parts, shown};
use super::legend::{Key, Look};
use super::palette::{DELIVERED, GROUND, INK, LATE, LOST, MUTED, RECOVERED, hex};
use super::panel::Panel;
use super::picture::Picture;
use super::shape::Shape;
use super::sheet::Sheet;
use super::titles;
use crate::{IntervalReport, Report, RunReport};
use ledger::{Slice, grouped};
use plotters::style::RGBColor;

/// Number of rows to a decade of latency. A row begins at a second.
const ROWS: f64 = 5.0;
/// The most columns: more are no longer told apart.
const MOST_COLUMNS: usize = 120;
/// Number of shades that are told apart.
const SHADES: u32 = 4;
/// The height of a row that is no latency, as a share of the axis.
const SPECIAL: f64 = 0.09;
/// The gap before such a row, as a part of its height. The words of two rows do not touch.
const GAP: f64 = 0.6;

/// The row of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Row {
    /// Received by somebody who had it already.
    Again,
    /// Delivered live: the number of the row, counted in [`ROWS`] from a millisecond.
    Live(i32),
    /// Received by replay only.
    Replay,
    /// Lost.
    Never,
}

/// A stretch of time, and the count of each row that is not empty.
#[derive(Debug, Clone, Default, PartialEq)]
struct Column {
    at_ms: u64,
    until_ms: u64,
    cells: BTreeMap<Row, u64>,
}

/// The picture of every delivery; `None` if no run has latencies by time.
pub(super) fn picture(report: &Report, shape: Shape) -> Option<Picture> {
    let runs = shown(&report.runs);
    let has = |run: &RunReport| !columns(run).is_empty();
    let all: Vec<Column> = runs.iter().flat_map(columns).collect();
    let cells = || all.iter().flat_map(|column| column.cells.iter().map(|(row, count)| (*row, *count)));
    let most = cells().map(|(_, count)| count).max()?;
    let end = all.iter().map(|column| column.until_ms).max()?;
    let rows = Rows::of(cells().map(|(row, _)| row));
    let layout = Layout {
        parts: parts(report, has, "nothing was owed"),
        x: Axis::linear("seconds since the load began", end as f64 / 1_000.0, 7),
        y: rows.axis.clone(),
        keys: keys(cells().map(|(row, _)| row), most),
        plot: 260,
        shape,
    };
    let caption = format!(
        "Each cell counts the deliveries of the messages that were due in its time and took so long; the top row \
         those that never came. Together they are all that was owed. The scale of latency and that of the shades are \
         logarithmic.{}{}{}",
        if cells().any(|(row, _)| row == Row::Again) {
            " The lowest row counts what came to somebody who had it already."
        } else {
            ""
        },
        limited(report),
        omitted(&report.runs)
    );
    layout.picture("heat", &titles::heat(report), caption, |sheet, panel, run| {
        for column in columns(run) {
            for (row, count) in &column.cells {
                cell(sheet, panel, &rows, &column, (*row, *count), most);
            }
        }
        Ok(())
    })
}

fn cell(sheet: &mut Sheet, panel: &Panel, rows: &Rows, column: &Column, (row, count): (Row, u64), most: u64) {
    let (low, high) = rows.bounds(row);
    let (left, top) = panel.at(column.at_ms as f64 / 1_000.0, high);
    let (right, bottom) = panel.at(column.until_ms as f64 / 1_000.0, low);
    let frame = Frame { left, top, right: right.max(left + 1), bottom: bottom.max(top + 1) };
    // A cell does not lie on the shade of a fault, because it would look like more.
    sheet.tint(frame, &hex(GROUND), 1.0);
    sheet.tint(frame, &hex(look(row).0), share(shade(count, most)));
    let (from, to) = (seconds(column.at_ms), seconds(column.until_ms));
    sheet.hit(frame, &format!("{from} to {to}, {}: {}", words(row), grouped(count)));
}

/// The columns of a run: its intervals, several together if there are too many.
fn columns(run: &RunReport) -> Vec<Column> {
    let many = run.intervals.len().div_ceil(MOST_COLUMNS).max(1);
    let mut columns: Vec<Column> = run.intervals.chunks(many).map(live).collect();
    let starts: Vec<u64> = columns.iter().map(|column| column.at_ms).collect();
    for slice in &run.timeline {
        let at = starts.partition_point(|start| *start <= slice.at_ms).saturating_sub(1);
        if let Some(column) = columns.get_mut(at) {
            let Slice { recovered, lost, duplicates, .. } = slice;
            let rest =
                [(Row::Replay, *recovered), (Row::Never, *lost), (Row::Again, duplicates.unwrap_or(0))];
            for (row, count) in rest.into_iter().filter(|(_, count)| *count > 0) {
                *column.cells.entry(row).or_default() += count;
            }
        }
    }
    columns
}

/// A column with what was delivered live.
fn live(intervals: &[IntervalReport]) -> Column {
    let at_ms = intervals.first().map_or(0, |interval| interval.at_ms);
    let mut column = Column { at_ms, ..Column::default() };
    for interval in intervals {
        column.until_ms = interval.at_ms.saturating_add(interval.length_ms);
        let Some(histogram) = interval.latency.as_ref().and_then(|latency| latency.decode()) else {
            continue;
        };
        for step in histogram.iter_recorded() {
            let row = Row::Live(row_of(step.value_iterated_to()));
            *column.cells.entry(row).or_default() += step.count_at_value();
        }
    }
    column
}

fn row_of(us: u64) -> i32 {
    (place(us) * ROWS + 1e-9).floor() as i32
}

/// Where the rows lie on the axis.
struct Rows {
    axis: Axis,
    replay: (f64, f64),
    never: (f64, f64),
    again: (f64, f64),
}

impl Rows {
    fn of(rows: impl Iterator<Item = Row>) -> Self {
        let rows: Vec<Row> = rows.collect();
        let live = rows.iter().filter_map(|row| if let Row::Live(row) = row { Some(*row) } else { None });
        let (least, most) =
            live.fold((i32::MAX, i32::MIN), |(least, most), row| (least.min(row), most.max(row)));
        let us = |row: i32| (10f64.powf(f64::from(row) / ROWS) * 1_000.0).round() as u64;
        let (least, most) = if least > most { (0, 0) } else { (least, most + 1) };
        let mut axis = Axis::latency("latency (ms)", us(least), us(most));
        let height = (axis.high - axis.low) * SPECIAL;
        let mut above = axis.high;
        let mut add = |is: bool, word: &str, axis: &mut Axis| {
            let (low, high) = (above + height * GAP, above + height * (1.0 + GAP));
            if is {
                above = high;
                axis.marks.push((f64::midpoint(low, high), word.into()));
            }
            (low, high)
        };
        let has = |row: Row| rows.contains(&row);
        let replay = add(has(Row::Replay), "replay", &mut axis);
        let never = add(true, "never", &mut axis);
        let again = (axis.low - height * (1.0 + GAP), axis.low - height * GAP);
        if has(Row::Again) {
            axis.marks.push((f64::midpoint(again.0, again.1), "again".into()));
            axis.low = again.0;
        }
        axis.high = above;
        Self { axis, replay, never, again }
    }

    fn bounds(&self, row: Row) -> (f64, f64) {
        match row {
            Row::Live(row) => (f64::from(row) / ROWS, f64::from(row + 1) / ROWS),
            Row::Replay => self.replay,
            Row::Never => self.never,
            Row::Again => self.again,
        }
    }
}

/// The colour of a row, and its meaning.
fn look(row: Row) -> (RGBColor, &'static str) {
    match row {
        Row::Live(row) if f64::from(row) >= 3.0 * ROWS => (LATE, "live, but later"),
        Row::Live(_) => (DELIVERED, "live within a second"),
        Row::Replay => (RECOVERED, "recovered by replay"),
        Row::Never => (LOST, "lost"),
        Row::Again => (INK, "received again"),
    }
}

fn words(row: Row) -> String {
    let ends = |row: i32| (10f64.powf(f64::from(row) / ROWS) * 1_000.0).round() as u64;
    match row {
        Row::Live(row) => format!("{} to {}", exact(ends(row)), exact(ends(row + 1))),
        Row::Replay => "by replay".into(),
        Row::Never => "never".into(),
        Row::Again => "again".into(),
    }
}

/// The greatest count of a shade.
fn upto(shade: u32, most: u64) -> u64 {
    if shade >= SHADES {
        most
    } else {
        (most as f64).powf(f64::from(shade) / f64::from(SHADES)).round() as u64
    }
}

/// The shade of a count, from 1.
fn shade(count: u64, most: u64) -> u32 {
    (1..SHADES).find(|shade| count <= upto(*shade, most)).unwrap_or(SHADES)
}

fn share(shade: u32) -> f64 {
    0.25 + 0.75 * f64::from(shade - 1) / f64::from(SHADES - 1)
}

/// The meaning of the colours that are there, and of the shades.
fn keys(rows: impl Iterator<Item = Row>, most: u64) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    let mut rows: Vec<Row> = rows.collect();
    rows.sort_unstable();
    for (colour, word) in rows.into_iter().rev().map(look) {
        if keys.iter().all(|(_, known)| known != word) {
            keys.push((Look::Area(colour, None), word.into()));
        }
    }
    let key = |shade: u32| {
        let from = if shade == 1 { 1 } else { upto(shade - 1, most) + 1 };
        let to = upto(shade, most);
        let words = if from == to { grouped(to) } else { format!("{}–{}", grouped(from), grouped(to)) };
        (from <= to).then(|| (Look::Tint(MUTED, share(shade)), words))
    };
    keys.extend((1..=SHADES).filter_map(key));
    keys
}

#[cfg(test)]
#[path = "heat_tests.rs"]
mod tests;
