//! Reads the list of patterns of a scenario or of a fault.

use toml::Spanned;

use super::error::{InputError, Source};
use super::pattern::Pattern;
use super::section::{Value, texts};
use super::words::suggestion;

/// Reads the list of patterns of a scenario or of a fault.
pub(super) fn read(source: &Source<'_>, value: Value<'_>) -> Result<Vec<Pattern>, InputError> {
    let mut patterns = Vec::new();
    for name in texts(source, value, "patterns", "a list such as [\"local\", \"redis\"]")? {
        let pattern = Pattern::named(name.get_ref())
            .ok_or_else(|| unknown_pattern(source, &name, Pattern::ALL.map(Pattern::name)))?;
        if patterns.contains(&pattern) {
            let error = source.error(&name.span(), format!("`patterns` names `{pattern}` twice"));
            return Err(error.with_hint("name each pattern once; `bench --runs 2` runs each twice"));
        }
        patterns.push(pattern);
    }
    if patterns.is_empty() {
        let error = source.error(&value.span(), "`patterns` names none");
        return Err(error.with_hint("leave `patterns` out for all of them"));
    }
    Ok(patterns)
}

/// The error about a name that no pattern has.
pub(super) fn unknown_pattern(
    source: &Source<'_>,
    name: &Spanned<impl AsRef<str>>,
    known: impl IntoIterator<Item = &'static str> + Clone,
) -> InputError {
    let word = name.get_ref().as_ref();
    let error = source.error(&name.span(), format!("no pattern is called `{word}`"));
    error.with_hint(suggestion(word, known))
}
