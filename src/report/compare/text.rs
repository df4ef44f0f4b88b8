//! The comparison as a terminal shows it.

use std::fmt::Write as _;

use super::super::grid::{empty, finish};
use super::comparison::{Comparison, Group};
use super::words::{cells, heading, legend};

/// The text of a comparison: a block for each group and each side that is compared with the baseline.
pub(super) fn text(comparison: &Comparison) -> String {
    let mut text = String::new();
    for warning in &comparison.warnings {
        let _ = writeln!(text, "warning: {warning}");
    }
    if !text.is_empty() {
        text.push('\n');
    }
    for group in &comparison.groups {
        for side in 1..comparison.sides.len() {
            text += &block(comparison, group, side);
            text.push('\n');
        }
        if let Some(why) = &group.no_noise_known {
            let _ = writeln!(text, "{}: {why}\n", group.name);
        }
    }
    if comparison.groups.is_empty() {
        text += "no run was made in any of them\n";
    }
    if let Some(legend) = legend(comparison) {
        let _ = writeln!(text, "{legend}");
    }
    text
}

fn block(comparison: &Comparison, group: &Group, side: usize) -> String {
    let mut table = empty();
    let name = |side: usize| heading(&comparison.sides[side], group.runs[side]);
    table.set_header([
        group.name.clone(),
        name(0),
        name(side),
        "difference".into(),
        "ratio".into(),
        String::new(),
    ]);
    for figure in &group.figures {
        if let Some(cells) = cells(figure, side) {
            table.add_row(cells);
        }
    }
    finish(table, 2)
}
