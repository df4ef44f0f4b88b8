//! Text that XML can hold.

/// The text without the characters that XML 1.0 forbids, even escaped: each becomes U+FFFD, so that one sees that
/// something stood there. A line ends as a reader of XML would read its end.
pub(super) fn clean(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .map(|c| match c {
            '\r' => '\n',
            '\n' | '\t' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'.. => c,
            _ => char::REPLACEMENT_CHARACTER,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_forbids_is_replaced_and_the_rest_stays() {
        assert_eq!(clean("a\u{0}b\u{1b}[0m\u{fffe}\u{ffff}"), "a\u{fffd}b\u{fffd}[0m\u{fffd}\u{fffd}");
        for kept in ["<&\"'>]]>", "Zürich 🦀\u{10ffff}", "one\n\ttwo", "\u{7f}\u{85}"] {
            assert_eq!(clean(kept), kept);
        }
        assert_eq!(clean("one\r\ntwo\rthree"), "one\ntwo\nthree");
    }
}
