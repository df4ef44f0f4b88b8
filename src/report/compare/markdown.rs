//! The comparison as a pull request shows it.

use std::fmt::Write as _;

use super::super::files::{row, text};
use super::comparison::{Comparison, Group};
use super::words::{cells, heading, legend};

/// The text of a comparison: a heading and a table for each group and each side that is compared with the baseline.
pub(super) fn markdown(comparison: &Comparison) -> String {
    let mut page = format!("## pubsub-lab: {} compared\n", text(&comparison.sides.join(", ")));
    if !comparison.warnings.is_empty() {
        page.push('\n');
    }
    for warning in &comparison.warnings {
        let _ = writeln!(page, "- **warning** {}", text(warning));
    }
    for group in &comparison.groups {
        for side in 1..comparison.sides.len() {
            page += &block(comparison, group, side);
        }
        if let Some(why) = &group.no_noise_known {
            let _ = writeln!(page, "\n{}", text(why));
        }
    }
    if let Some(legend) = legend(comparison) {
        let _ = writeln!(page, "\n{}", text(&legend));
    }
    page
}

fn block(comparison: &Comparison, group: &Group, side: usize) -> String {
    let name = |side: usize| heading(&comparison.sides[side], group.runs[side]);
    let header =
        [group.name.clone(), name(0), name(side), "difference".into(), "ratio".into(), String::new()];
    let mut block = format!("\n{}| :--- | ---: | ---: | ---: | ---: | :--- |\n", row(&header));
    for figure in &group.figures {
        if let Some(cells) = cells(figure, side) {
            block += &row(&cells);
        }
    }
    block
}
