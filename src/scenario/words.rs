//! What to say about a word that is not known: the nearest known word, or all of them.

/// The known word that a wrong word most likely stands for.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    known
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&wrong, word), word))
        .filter(|(distance, word)| *distance <= 1 + word.chars().count().min(wrong.chars().count()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// The hint `did you mean ...?`, or all known words where none comes near.
pub fn suggestion<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    suggestion_within(wrong, known, ("`", "`"))
}

/// The hint `did you mean ...?`, or all known words where none comes near, each word within these signs.
pub fn suggestion_within<'a>(
    wrong: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
    signs: (&str, &str),
) -> String {
    match nearest(wrong, known.clone()) {
        Some(word) => format!("did you mean {}{word}{}?", signs.0, signs.1),
        None => format!("known are {}", within(known, signs)),
    }
}

/// The words as a part of a sentence: `` `a`, `b` and `c` ``.
pub(super) fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    within(words, ("`", "`"))
}

/// The words as a part of a sentence, each within these signs.
fn within(words: impl IntoIterator<Item = impl std::fmt::Display>, (open, close): (&str, &str)) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("{open}{word}{close}")).collect();
    if words.is_empty() { "nothing".into() } else { listed(&words) }
}

/// Words or clauses in a row: `a, b and c`; empty for none.
pub fn listed(words: &[impl AsRef<str>]) -> String {
    match words {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_what_is_near_and_nothing_else() {
        let known = ["publishers", "subscribers", "rate"];
        assert_eq!(nearest("publisher", known), Some("publishers"));
        assert_eq!(nearest("Rate", known), Some("rate"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(suggestion("colour", ["a", "b", "c"]), "known are `a`, `b` and `c`");
        assert_eq!(suggestion_within("txt", ["text", "room"], ("{", "}")), "did you mean {text}?");
    }

    #[test]
    fn a_word_is_near_by_one_letter_and_one_more_for_every_four() {
        assert_eq!(nearest("abd", ["abc"]), Some("abc"));
        assert_eq!(nearest("adc", ["bac"]), None, "two of three");
        assert_eq!(nearest("abxy", ["abcd"]), Some("abcd"), "two of four");
        assert_eq!(nearest("axyz", ["abcd"]), None);
        assert_eq!(nearest("abcdexy", ["abcdefg"]), Some("abcdefg"), "two of seven");
        assert_eq!(nearest("abcdxyz", ["abcdefg"]), None);
        assert_eq!(nearest("abcdexyz", ["abcdefgh"]), Some("abcdefgh"), "three of eight");
        assert_eq!(nearest("abcdwxyz", ["abcdefgh"]), None);
        // The shorter of the two words counts, and the nearest of several wins.
        assert_eq!(nearest("abc", ["abcdefgh"]), None);
        assert_eq!(nearest("rats", ["rate", "rat"]), Some("rate"));
        assert_eq!(nearest("rots", ["rate", "rot"]), Some("rot"));
    }

    #[test]
    fn words_in_a_sentence() {
        assert_eq!(list(["a"]), "`a`");
        assert_eq!(list(["a", "b"]), "`a` and `b`");
        assert_eq!(list([]), "nothing");
    }
}
