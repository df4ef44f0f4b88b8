//! Words that are masked.

use std::borrow::Cow;
use std::collections::HashSet;

/// Words of which a star takes the place of each letter, wherever they stand as whole words, in capitals or not.
#[derive(Debug, Default)]
pub(super) struct Mask(HashSet<String>);

impl Mask {
    /// Masks these words.
    pub(super) fn new(words: impl IntoIterator<Item = String>) -> Self {
        Self(words.into_iter().map(|word| word.to_lowercase()).collect())
    }

    /// Number of words.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Puts stars in place of the words.
    pub(super) fn apply(&self, text: &mut Cow<'_, str>) {
        if self.0.is_empty() {
            return;
        }
        let mut masked = String::new();
        // Up to where the text is in `masked`.
        let mut copied = 0;
        for (at, word) in words(text) {
            if self.0.contains(&word.to_lowercase()) {
                masked.push_str(&text[copied..at]);
                masked.extend(word.chars().map(|_| '*'));
                copied = at + word.len();
            }
        }
        if copied > 0 {
            masked.push_str(&text[copied..]);
            *text = masked.into();
        }
    }
}

/// The words of a text, each with the byte at which it begins.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let start = text.as_ptr() as usize;
    let parts = text.split(|letter: char| !letter.is_alphanumeric());
    parts.filter(|word| !word.is_empty()).map(move |word| (word.as_ptr() as usize - start, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_are_masked_in_capitals_or_not() {
        let mask = Mask::new(["damn".to_owned(), "Öl".to_owned()]);
        for (said, masked) in [
            ("damn", "****"),
            ("Damn! DAMN, öl.", "****! ****, **."),
            ("damnation and goddamn", "damnation and goddamn"),
            ("", ""),
            ("a <damn>damn</damn>", "a <****>****</****>"),
        ] {
            let mut text = Cow::Borrowed(said);
            mask.apply(&mut text);
            assert_eq!(text, masked);
        }
        let mut text = Cow::Borrowed("fine");
        mask.apply(&mut text);
        assert!(matches!(text, Cow::Borrowed(_)), "what has no such word is not copied");
    }
}
