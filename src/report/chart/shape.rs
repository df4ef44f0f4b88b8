//! The shape of a picture: as high as it needs to be on a page, or that of a slide.

/// The shape of a picture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shape {
    /// As wide as a page, and as high as need be.
    #[default]
    Page,
    /// As wide as a slide is to its height: 16 to 9. What takes more height makes the picture wider.
    Landscape,
}

/// The least width of a picture, in its own units.
pub(super) const WIDTH: i32 = 760;
/// The margin around the drawing of a picture that stands alone, in the picture's units.
pub(super) const MARGIN: i32 = 16;
/// The height that is left for the title of a picture that stands alone, in the picture's units.
pub(super) const HEAD: i32 = 72;

impl Shape {
    /// The width of a picture that needs such a height at a width.
    pub(super) fn width(self, height: impl Fn(i32) -> i32) -> i32 {
        match self {
            Shape::Page => WIDTH,
            Shape::Landscape => ((height(WIDTH) + HEAD + 2 * MARGIN) * 16 / 9 - 2 * MARGIN).max(WIDTH),
        }
    }

    /// The height that a picture of this width has to spare.
    pub(super) fn left_over(self, width: i32, height: i32) -> i32 {
        match self {
            Shape::Page => 0,
            Shape::Landscape => ((width + 2 * MARGIN) * 9 / 16 - 2 * MARGIN - HEAD - height).max(0),
        }
    }
}
