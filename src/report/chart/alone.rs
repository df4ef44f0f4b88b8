//! A picture as a file of its own, for a slide or a decision: with its title drawn, and on a ground.

use quick_xml::escape::escape;

use super::Theme;
use super::lettering::{TEXT, fitted, readable, width_of};
use super::palette::{GROUND, INK, hex};
use super::picture::Picture;
use super::shape::{HEAD, MARGIN, Shape};

/// The size of the letters of a title, in the picture's units.
const TITLE: i32 = TEXT + 3;
/// The most lines of a title.
const MOST_LINES: usize = 2;

impl Picture {
    /// The picture as a whole SVG file: with a size, its title above and its caption as its description. `None` if the
    /// picture is none of this module's.
    pub fn alone(&self, shape: Shape, theme: Theme) -> Option<String> {
        let (_, rest) = self.svg.split_once("viewBox=\"0 0 ")?;
        let (size, _) = rest.split_once('"')?;
        let (width, height) = size.split_once(' ')?;
        let (inner, height): (i32, i32) = (width.parse().ok()?, height.parse().ok()?);
        let (_, body) = self.svg.split_once("</title>")?;
        let (width, height) = (inner + 2 * MARGIN, height + HEAD + 2 * MARGIN);
        let height = height + shape.left_over(inner, height - HEAD - 2 * MARGIN);
        let (left, top) = (-MARGIN, -MARGIN - HEAD);
        let (title, caption) = (escape(readable(&self.title)), escape(self.caption.as_str()));
        let (ground, ink) = (hex(GROUND), hex(INK));
        let lines = lines(&self.title, inner);
        let line = |(i, text): (usize, &String)| {
            let y = -HEAD / 2 - 8 + i as i32 * (TITLE + 6) + if lines.len() == 1 { 12 } else { 0 };
            let text = escape(readable(text)).into_owned();
            format!(
                "<text x=\"0\" y=\"{y}\" font-family=\"sans-serif\" font-size=\"{TITLE}\" font-weight=\"bold\" \
                 fill=\"{ink}\">{text}</text>"
            )
        };
        let lines: String = lines.iter().enumerate().map(line).collect();
        let svg = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"{left} {top} {width} {height}\" role=\"img\"><title>{title}</title><desc>{caption}</desc>\
             <rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" fill=\"{ground}\"/>\
             {lines}{body}\n",
        );
        Some(theme.applied(svg))
    }
}

/// The lines of a title, none wider than this. What does not fit into the last is cut off.
fn lines(title: &str, width: i32) -> Vec<String> {
    // Letters of a title are larger than those of a text, and bold.
    let room = width * TEXT / TITLE * 10 / 11;
    let mut lines = vec![String::new()];
    for word in title.split(' ') {
        let many = lines.len();
        let Some(line) = lines.last_mut() else { continue };
        if line.is_empty() {
            line.push_str(word);
        } else if width_of(line) + width_of(word) + TEXT / 2 > room && many < MOST_LINES {
            lines.push(word.into());
        } else {
            *line += &format!(" {word}");
        }
    }
    lines.iter().map(|line| fitted(line, room)).collect()
}
