//! A rectangle on the sheet.

/// A rectangle on the sheet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) right: i32,
    pub(super) bottom: i32,
}

impl Frame {
    /// Whether two rectangles have a point in common.
    pub(super) fn overlaps(self, other: Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    /// The rectangle as a filled element.
    pub(super) fn filled(self, fill: &str, opacity: f64) -> String {
        let frame = self.attributes();
        // Neighbours must have no seam between them, so the edges are crisp.
        format!("<rect {frame} fill=\"{fill}\" opacity=\"{opacity}\" shape-rendering=\"crispEdges\"/>\n")
    }

    /// The rectangle as the attributes of an element.
    pub(super) fn attributes(self) -> String {
        let Frame { left, top, right, bottom } = self;
        let (width, height) = ((right - left).max(0), (bottom - top).max(0));
        format!("x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\"")
    }
}
