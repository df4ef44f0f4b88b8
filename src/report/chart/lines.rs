//! Several lines on one pair of axes, one for each subject.

use std::fmt::Write;

use plotters::style::RGBColor;
use quick_xml::escape::escape;

use super::axis::Axis;
use super::lettering::{TEXT, readable, width_of};
use super::palette::{DELIVERED, GRID, INK, LATE, MUTED, RECOVERED, REFUSED, WELL, hex};
use super::picture::Picture;

/// The size of the drawing.
const SIZE: (i32, i32) = (900, 440);
/// The edges of the axes: left, top, right, bottom.
const PLOT: (i32, i32, i32, i32) = (84, 48, 880, 372);
/// How near to a point one has to point.
const NEAR: i32 = 7;

/// How the lines are told apart, in colour and without. Debts do not stand in these pictures, so a colour that means one
/// of their fates elsewhere means a subject here.
const LOOKS: [(RGBColor, &str); 6] =
    [(DELIVERED, ""), (REFUSED, "9 5"), (WELL, "3 4"), (LATE, "12 4 3 4"), (INK, "2 7"), (RECOVERED, "16 6")];

/// One line.
pub(crate) struct Line {
    pub(crate) name: String,
    /// The places on both axes, and what is said of each.
    pub(crate) points: Vec<(f64, f64, String)>,
}

/// What a picture of lines says beside them.
pub(crate) struct Words<'a> {
    pub(crate) id: &'a str,
    pub(crate) title: &'a str,
    pub(crate) caption: String,
}

/// The picture of these lines; `None` if there are none.
pub(crate) fn picture(words: Words<'_>, x: &Axis, y: &Axis, lines: &[Line]) -> Option<Picture> {
    if lines.iter().all(|line| line.points.is_empty()) {
        return None;
    }
    let (width, height) = SIZE;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         class=\"chart\"><title>{}</title>\n",
        escape(words.title)
    );
    axes(&mut svg, x, y);
    let mut hits = String::new();
    let mut at = PLOT.0;
    for (line, (colour, dashes)) in lines.iter().zip(LOOKS.iter().cycle()) {
        let places: Vec<_> = line.points.iter().map(|(x_at, y_at, _)| at_place(x, y, *x_at, *y_at)).collect();
        let points: Vec<_> = places.iter().map(|(x, y)| format!("{x},{y}")).collect();
        let stroke = format!(
            "fill=\"none\" stroke=\"{}\" stroke-width=\"3\" stroke-dasharray=\"{dashes}\"",
            hex(*colour)
        );
        let _ = writeln!(svg, "<polyline points=\"{}\" {stroke}/>", points.join(" "));
        let _ = writeln!(svg, "<polyline points=\"{at},18 {},18\" {stroke}/>", at + 42);
        text(&mut svg, &line.name, (at + 50, 18), "start", INK);
        at += 50 + width_of(&line.name) + 28;
        for ((x, y), (_, _, said)) in places.iter().zip(&line.points) {
            let _ = writeln!(
                hits,
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"transparent\"><title>{}</title></rect>",
                x - NEAR,
                y - NEAR,
                2 * NEAR,
                2 * NEAR,
                escape(readable(&format!("{}: {said}", line.name)))
            );
        }
    }
    svg += &hits;
    svg += "</svg>";
    Some(Picture { id: words.id.into(), title: words.title.into(), caption: words.caption, svg })
}

fn at_place(x: &Axis, y: &Axis, x_at: f64, y_at: f64) -> (i32, i32) {
    let share = |axis: &Axis, at: f64| (axis.at(at) - axis.low) / (axis.high - axis.low);
    let (left, top, right, bottom) = PLOT;
    let across = f64::from(left) + share(x, x_at) * f64::from(right - left);
    let up = f64::from(bottom) - share(y, y_at) * f64::from(bottom - top);
    (across.round() as i32, up.round() as i32)
}

/// Draws the lines of the marks, their words, and the titles.
fn axes(svg: &mut String, x: &Axis, y: &Axis) {
    let (left, top, right, bottom) = PLOT;
    let mut line = |from: (i32, i32), to: (i32, i32), colour| {
        let _ = writeln!(
            svg,
            "<polyline points=\"{},{} {},{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1\"/>",
            from.0,
            from.1,
            to.0,
            to.1,
            hex(colour)
        );
    };
    for (mark, _) in &x.marks {
        let (at, _) = at_place(x, y, *mark, y.low);
        line((at, top), (at, bottom), GRID);
    }
    for (mark, _) in &y.marks {
        let (_, at) = at_place(x, y, x.low, *mark);
        line((left, at), (right, at), GRID);
    }
    line((left, bottom), (right, bottom), MUTED);
    line((left, top), (left, bottom), MUTED);
    for (mark, word) in &x.marks {
        let (at, _) = at_place(x, y, *mark, y.low);
        text(svg, word, (at, bottom + 20), "middle", INK);
    }
    for (mark, word) in &y.marks {
        let (_, at) = at_place(x, y, x.low, *mark);
        text(svg, word, (left - 10, at), "end", INK);
    }
    text(svg, &x.title, ((left + right) / 2, bottom + 50), "middle", MUTED);
    let middle = (top + bottom) / 2;
    let _ = writeln!(
        svg,
        "<text x=\"18\" y=\"{middle}\" transform=\"rotate(-90 18 {middle})\" text-anchor=\"middle\" \
         font-family=\"sans-serif\" font-size=\"{TEXT}\" fill=\"{}\">{}</text>",
        hex(MUTED),
        escape(readable(&y.title))
    );
}

fn text(svg: &mut String, words: &str, (x, y): (i32, i32), anchor: &str, colour: RGBColor) {
    let _ = writeln!(
        svg,
        "<text x=\"{x}\" y=\"{y}\" dy=\"0.36em\" text-anchor=\"{anchor}\" font-family=\"sans-serif\" \
         font-size=\"{TEXT}\" fill=\"{}\">{}</text>",
        hex(colour),
        escape(readable(words))
    );
}
