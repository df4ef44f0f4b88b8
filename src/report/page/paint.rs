//! The colours of the charts on the page. A chart carries the colours of daylight; in the dark the page maps each of
//! them to another, by the colour itself.

use std::fmt::Write;

/// The style rules for colours that are given as the colour in the chart, the variable's name, and the colour in the
/// dark.
pub(super) fn rules(colours: &[(&str, &str, &str)]) -> String {
    let mut rules = String::new();
    let mut dark = String::new();
    for (light, name, other) in colours {
        // Writing into a string cannot fail.
        let _ = write!(rules, ":root{{{name}:{light}}}");
        let _ = write!(dark, "{name}:{other};");
        for property in ["fill", "stroke"] {
            // Attribute values of SVG tell upper case from lower case, so the selector has an `i`.
            let _ = write!(rules, "svg [{property}=\"{light}\" i]{{{property}:var({name})}}");
        }
    }
    let _ = write!(rules, "@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}");
    rules
}
