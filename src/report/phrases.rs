//! Phrases that several sentences share.

use super::numbers::counted;

/// Number of reasons that are named; the others are counted.
const REASONS_NAMED: usize = 3;

/// The reasons for a verdict: `a; b; and 2 more`.
pub(super) fn reasons(why: &[String]) -> String {
    let named = why.iter().take(REASONS_NAMED).map(String::as_str).collect::<Vec<_>>().join("; ");
    match why.len().saturating_sub(REASONS_NAMED) {
        0 => named,
        more => format!("{named}; and {more} more"),
    }
}

/// A number with its noun and its verb: `1 delivery was`, `15 deliveries were`.
pub(super) fn were(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", counted(count, one, many), if count == 1 { "was" } else { "were" })
}

/// The text with a capital letter at its beginning.
pub(super) fn sentence_case(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
