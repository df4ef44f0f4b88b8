//! The grid for a terminal.

use super::{Harm, Overview};
use crate::grid::{empty, finish_words};

/// The table, what its marks mean, and the sentences.
pub(super) fn text(overview: &Overview, width: usize) -> String {
    let mut table = empty();
    table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    table.set_header(std::iter::once(String::new()).chain(overview.subjects.iter().cloned()));
    for row in &overview.rows {
        let cells = overview.subjects.iter().map(|subject| match row.cell(subject) {
            None => String::new(),
            Some(cell) => {
                let mut lines = cell.lines();
                if let Some(first) = lines.first_mut() {
                    *first = format!("{} {first}", cell.harm.mark());
                }
                lines.join("\n")
            }
        });
        table.add_row(std::iter::once(row.name.clone()).chain(cells));
    }
    let marks = marks(overview).map(|harm| format!("{} {}", harm.mark(), harm.meaning()));
    let mut text = finish_words(table, 2) + "\n" + &marks.collect::<Vec<_>>().join("; ") + ".\n";
    for sentences in [&overview.promises, &overview.advice, &overview.machines] {
        if !sentences.is_empty() {
            text += &format!("\n{}\n", sentences.join("\n"));
        }
    }
    text
}

/// The kinds of harm that stand in the grid, the least first.
pub(super) fn marks(overview: &Overview) -> impl Iterator<Item = Harm> {
    let shown = |harm: &Harm| overview.rows.iter().flat_map(|row| &row.cells).any(|cell| cell.harm == *harm);
    Harm::ALL.into_iter().filter(shown)
}
