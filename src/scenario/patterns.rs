//! Reads the list of patterns of a scenario or of a fault.

use toml::Spanned;

use super::error::{InputError, Source};
use super::pattern::Pattern;
use super::section::FileValue;
use super::words::suggestion;

/// Reads the list of patterns of a scenario or of a fault.
pub(super) fn read(value: FileValue<'_>) -> Result<Vec<Pattern>, InputError> {
    let mut patterns = Vec::new();
    for name in value.list("a list such as [\"local\", \"redis\"]")? {
        let word = name.text()?;
        let pattern = Pattern::named(word).ok_or_else(|| {
            unknown_pattern(value.source, &Spanned::new(name.span(), word), Pattern::ALL.map(Pattern::name))
        })?;
        if patterns.contains(&pattern) {
            let error = name.error(format!("`patterns` names `{pattern}` twice"));
            return Err(error.with_hint("name each pattern once; `bench --runs 2` runs each twice"));
        }
        patterns.push(pattern);
    }
    if patterns.is_empty() {
        let error = value.error("`patterns` names none");
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
    // Who names the product means the pattern.
    let meant = match Pattern::meant_by(word) {
        Some(pattern) => pattern.name(),
        None => word,
    };
    error.with_hint(suggestion(meant, known))
}
