//! The grid as Markdown.

use std::fmt::Write as _;

use super::Overview;
use super::text::marks;
use crate::files::{row, text};

pub(super) fn markdown(overview: &Overview) -> String {
    let mut page = String::from("## pubsub-lab: the grid\n\n");
    let header: Vec<_> = std::iter::once(String::new()).chain(overview.subjects.iter().cloned()).collect();
    page += &row(&header);
    page += &row(&header.iter().map(|_| "---".to_owned()).collect::<Vec<_>>());
    for line in &overview.rows {
        let cells = overview.subjects.iter().map(|subject| match line.cell(subject) {
            None => String::new(),
            Some(cell) => format!("{} {}", cell.harm.mark(), cell.lines().join(", ")),
        });
        page += &row(&std::iter::once(line.name.clone()).chain(cells).collect::<Vec<_>>());
    }
    let marks = marks(overview).map(|harm| format!("{} {}", harm.mark(), harm.meaning()));
    let _ = writeln!(page, "\n{}.", text(&marks.collect::<Vec<_>>().join("; ")));
    let parts = [
        ("What each promised, and what it kept", &overview.promises),
        ("What follows", &overview.advice),
        ("Where it was measured", &overview.machines),
    ];
    for (title, sentences) in parts.into_iter().filter(|(_, sentences)| !sentences.is_empty()) {
        let _ = writeln!(page, "\n### {title}\n");
        for sentence in sentences {
            // A name between backticks is code; everything else is prose.
            let said: Vec<_> = sentence.split('`').map(text).collect();
            let _ = writeln!(page, "- {}", said.join("`"));
        }
    }
    page
}
