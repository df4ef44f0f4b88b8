//! How a table is drawn for a terminal.

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};

/// A table without rows.
pub(super) fn empty() -> Table {
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─')));
    table
}

/// The lines of a table: `gap` blanks between two columns, names to the left and figures to the right.
pub(super) fn finish(table: Table, gap: u16) -> String {
    aligned(table, gap, CellAlignment::Right)
}

/// The lines of a table of words: `gap` blanks between two columns, everything to the left.
pub(super) fn finish_words(table: Table, gap: u16) -> String {
    aligned(table, gap, CellAlignment::Left)
}

fn aligned(mut table: Table, gap: u16, alignment: CellAlignment) -> String {
    for (i, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if i == 0 { 0 } else { gap }, 0));
        column.set_cell_alignment(if i == 0 { CellAlignment::Left } else { alignment });
    }
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n") + "\n"
}
