//! The figures of a comparison as people read them.

use super::super::numbers::{amount, millis, percent};
use super::comparison::{Compared, Comparison, Direction, Value};
use super::unit::Unit;
use ledger::grouped;

/// The name of the figure with its unit.
fn name(figure: &Compared) -> String {
    match figure.unit {
        Unit::Us | Unit::Ms => format!("{} (ms)", figure.figure),
        Unit::Count | Unit::Share | Unit::Amount => figure.figure.to_owned(),
    }
}

/// The name, the baseline, the value, the difference, the ratio and the direction of a figure; `None` where neither
/// side has it, or where both count nothing.
pub(super) fn cells(figure: &Compared, side: usize) -> Option<[String; 6]> {
    let (before, after) = (figure.sides.first()?, figure.sides.get(side)?);
    let empty = |value: &Value| value.value.is_none_or(|value| value == 0.0 && figure.unit == Unit::Count);
    if empty(before) && empty(after) {
        return None;
    }
    let difference = after.difference.map_or("-".into(), |difference| signed(difference, figure.unit));
    let ratio = after.ratio.map_or("-".into(), |ratio| format!("{ratio:.2}x"));
    Some([
        name(figure),
        shown(before, figure.unit),
        shown(after, figure.unit),
        difference,
        ratio,
        word(before, after),
    ])
}

/// The value, and the number of runs in which it exists if it does not in all of them.
fn shown(side: &Value, unit: Unit) -> String {
    let Some(value) = side.value else { return "-".into() };
    let with = side.runs.iter().flatten().count();
    let part =
        if with < side.runs.len() { format!(" ({with} of {} runs)", side.runs.len()) } else { String::new() };
    plain(value, unit) + &part
}

fn plain(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Share => percent(value),
        Unit::Us => millis(value.round() as u64),
        Unit::Amount => amount(value),
        // The median of an even number of runs may lie between two counts.
        Unit::Count | Unit::Ms if value.fract() != 0.0 => format!("{}.5", grouped(value as u64)),
        Unit::Count | Unit::Ms => grouped(value as u64),
    }
}

fn signed(difference: f64, unit: Unit) -> String {
    let size = difference.abs();
    let sign = match difference {
        0.0 => "",
        difference if difference < 0.0 => "-",
        _ => "+",
    };
    let text = match unit {
        Unit::Share => format!("{:.1} points", size * 100.0),
        unit => plain(size, unit),
    };
    format!("{sign}{text}")
}

/// The word for a difference: `worse`, or `worse *` if it is more than noise. Two single runs differ, and no more can be
/// said of them: the next two may differ the other way.
fn word(before: &Value, side: &Value) -> String {
    let single = before.runs.len() <= 1 && side.runs.len() <= 1;
    let word = match side.direction {
        Some(Direction::Better | Direction::Worse) if single => "differs",
        Some(Direction::Better) => "better",
        Some(Direction::Worse) => "worse",
        Some(Direction::NoJudgement) => "differs",
        Some(Direction::Same) | None => "",
    };
    if side.beyond_noise { format!("{word} *") } else { word.to_owned() }
}

/// The meaning of the mark; `None` if nothing could have been marked.
pub(super) fn legend(comparison: &Comparison) -> Option<String> {
    let marks = comparison.groups.iter().any(|group| group.no_noise_known.is_none());
    marks.then(|| {
        format!(
            "* more than noise: chance alone parts such runs in at most {:.0} of 100 cases (exact Mann-Whitney U test, two-sided)",
            comparison.marked_at * 100.0
        )
    })
}

/// The name of a side with its number of runs, where that is not one.
pub(super) fn heading(name: &str, runs: usize) -> String {
    if runs == 1 { name.to_owned() } else { format!("{name} ({runs} runs)") }
}
