//! A pattern on the command line.

use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::failure::{Failure, USAGE};
use scenario::{Pattern, nearest};

/// The parser that reads one pattern; completions and help know the words.
pub fn parser() -> impl TypedValueParser<Value = Pattern> {
    PossibleValuesParser::new(Pattern::BUILT.map(Pattern::name))
        .try_map(|word| Pattern::named(&word).ok_or("no such pattern"))
}

/// Reads a word of `--pattern`.
pub fn read(word: &str) -> Result<Pattern, Failure> {
    let built = Pattern::BUILT.into_iter().find(|pattern| pattern.name() == word);
    built.ok_or_else(|| {
        let names = Pattern::BUILT.map(Pattern::name);
        let message = format!("--pattern {word}: no such pattern; this version runs {}", names.join(", "));
        let how = "give patterns separated by commas, or `all`";
        let meant = Pattern::meant_by(word).map(Pattern::name);
        let hint = match meant.or_else(|| nearest(word, names.into_iter().chain(["all"]))) {
            Some(near) => format!("did you mean `{near}`? Else {how}"),
            None => how.into(),
        };
        Failure::new(USAGE, message, hint)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_pattern_gets_the_nearest() {
        let hint = |word| read(word).unwrap_err().hint;
        assert!(hint("zeromp").starts_with("did you mean `zeromq`? "), "{}", hint("zeromp"));
        assert!(hint("al").starts_with("did you mean `all`? "), "{}", hint("al"));
        assert_eq!(hint("kafka"), "give patterns separated by commas, or `all`");
    }
}
