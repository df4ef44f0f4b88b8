//! The grid as a picture: for a slide, or a page that takes no tables.

use std::fmt::Write as _;

use quick_xml::escape::escape;

use super::{Harm, Overview};
use crate::chart::lettering::{self, readable, width_of};

/// The size of the letters.
const TEXT: i32 = 15;
/// The distance between two lines of text.
const LINE: i32 = 20;
/// The room between a cell's text and its edge.
const PAD: i32 = 10;

/// The text of the file.
pub(super) fn svg(overview: &Overview) -> String {
    let cell = |row: usize, column: usize| -> Vec<String> {
        let Some(cell) = overview.rows[row].cell(&overview.subjects[column]) else { return Vec::new() };
        let mut lines = cell.lines();
        if let Some(first) = lines.first_mut() {
            *first = format!("{} {first}", cell.harm.mark());
        }
        lines
    };
    let wide = |text: &str| width_of(text) * TEXT / lettering::TEXT + 2 * PAD;
    let first = overview.rows.iter().map(|row| wide(&row.name)).max().unwrap_or(0).max(60);
    let columns: Vec<i32> = (0..overview.subjects.len())
        .map(|column| {
            let lines = (0..overview.rows.len()).flat_map(|row| cell(row, column));
            lines.map(|line| wide(&line)).max().unwrap_or(0).max(wide(&overview.subjects[column]))
        })
        .collect();
    let height = |row: usize| {
        let most = (0..columns.len()).map(|column| cell(row, column).len()).max().unwrap_or(0).max(1);
        i32::try_from(most).unwrap_or(1) * LINE + 2 * PAD
    };
    let width = first + columns.iter().sum::<i32>();
    let whole = LINE + 2 * PAD + (0..overview.rows.len()).map(height).sum::<i32>();
    let mut svg = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" \
         height=\"{whole}\" viewBox=\"0 0 {width} {whole}\" role=\"img\" font-family=\"sans-serif\" \
         font-size=\"{TEXT}\"><title>{}</title>\n<rect width=\"{width}\" height=\"{whole}\" fill=\"#FFFFFF\"/>\n",
        "Scenarios and patterns: what was lost, late or doubled"
    );
    let mut at = first;
    for (subject, width) in overview.subjects.iter().zip(&columns) {
        text(&mut svg, subject, (at + PAD, PAD + LINE / 2), "#1B1F24");
        at += width;
    }
    let mut top = LINE + 2 * PAD;
    for (number, row) in overview.rows.iter().enumerate() {
        text(&mut svg, &row.name, (PAD, top + PAD + LINE / 2), "#1B1F24");
        let mut left = first;
        for (column, width) in columns.iter().enumerate() {
            let harm = row.cell(&overview.subjects[column]).map_or(Harm::NotRun, |cell| cell.harm);
            let (ground, ink) = (harm.look().ground, harm.look().ink);
            let _ = writeln!(
                svg,
                "<rect x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{}\" fill=\"{ground}\" stroke=\"#FFFFFF\"/>",
                width,
                height(number)
            );
            for (i, line) in (0..).zip(cell(number, column)) {
                text(&mut svg, &line, (left + PAD, top + PAD + LINE / 2 + i * LINE), ink);
            }
            left += width;
        }
        top += height(number);
    }
    svg + "</svg>\n"
}

fn text(svg: &mut String, words: &str, (x, y): (i32, i32), colour: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x}\" y=\"{y}\" dy=\"0.36em\" fill=\"{colour}\">{}</text>",
        escape(readable(words))
    );
}
