//! What stands on every sheet of paper: the name of the run, and the number of the page.

use std::fmt::Write;

/// The style rule for sheets that bear this name.
pub(super) fn rule(name: &str) -> String {
    format!(
        "@page{{margin:16mm 14mm 15mm;\
         @top-left{{content:\"{}\";font:8pt system-ui,sans-serif;color:#59626d}}\
         @bottom-right{{content:\"page \" counter(page) \" of \" counter(pages);\
         font:8pt system-ui,sans-serif;color:#59626d}}}}",
        quoted(name)
    )
}

/// A text as it may stand between quotes in a style sheet, whatever it holds.
fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for letter in text.chars() {
        if letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '.' | ',' | ':' | '·') {
            quoted.push(letter);
        } else {
            // Writing into a string cannot fail.
            let _ = write!(quoted, "\\{:x} ", u32::from(letter));
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_ends_neither_its_quotes_nor_the_style_sheet() {
        assert_eq!(quoted("Broker down · seed 42"), "Broker down · seed 42");
        assert_eq!(quoted("\"}</style>"), "\\22 \\7d \\3c \\2f style\\3e ");
        assert!(rule("a\nb").contains("content:\"a\\a b\""), "{}", rule("a\nb"));
    }
}
