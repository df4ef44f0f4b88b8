//! The colours of a picture that stands alone: those of daylight, or those for a dark ground.

use super::palette::COLOURS;

/// The colours of a picture that stands alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    /// Dark letters on a light ground.
    #[default]
    Light,
    /// Light letters on a dark ground: the colours that a page has in the dark.
    Dark,
}

impl Theme {
    /// The drawing in the colours of this theme. The drawing's own are those of daylight.
    pub(super) fn applied(self, svg: String) -> String {
        let dark = |svg: String, (light, _, dark): &(&str, &str, &str)| {
            // Only attributes are replaced: a word may look like a colour.
            ["fill", "stroke"].into_iter().fold(svg, |svg, name| {
                svg.replace(&format!(" {name}=\"{light}\""), &format!(" {name}=\"{dark}\""))
            })
        };
        match self {
            Theme::Light => svg,
            Theme::Dark => COLOURS.iter().fold(svg, dark),
        }
    }
}
