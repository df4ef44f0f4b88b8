//! A picture as a file of its own, for a slide or a decision: with its title drawn, and on a ground.

use quick_xml::escape::escape;

use super::lettering::TEXT;
use super::palette::{GROUND, INK, hex};
use super::picture::Picture;
use super::sheet::WIDTH;

/// The margin around the drawing, in the picture's units.
const MARGIN: i32 = 16;
/// The height that is left for the title, in the picture's units.
const HEAD: i32 = 44;

impl Picture {
    /// The picture as a whole SVG file: light, with a size, its title above and its caption as its description. `None`
    /// if the picture is none of this module's.
    pub fn alone(&self) -> Option<String> {
        let (_, rest) = self.svg.split_once("viewBox=\"0 0 ")?;
        let (size, _) = rest.split_once('"')?;
        let height: i32 = size.split_once(' ')?.1.parse().ok()?;
        let (_, body) = self.svg.split_once("</title>")?;
        let (width, height) = (WIDTH + 2 * MARGIN, height + HEAD + 2 * MARGIN);
        let (left, top) = (-MARGIN, -MARGIN - HEAD);
        let (title, caption) = (escape(self.title.as_str()), escape(self.caption.as_str()));
        let (ground, ink) = (hex(GROUND), hex(INK));
        Some(format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"{left} {top} {width} {height}\" role=\"img\"><title>{title}</title><desc>{caption}</desc>\
             <rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" fill=\"{ground}\"/>\
             <text x=\"0\" y=\"-{}\" font-family=\"sans-serif\" font-size=\"{}\" font-weight=\"bold\" \
             fill=\"{ink}\">{title}</text>{body}\n",
            HEAD / 2,
            TEXT + 3,
        ))
    }
}
