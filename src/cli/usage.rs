//! A command line that could not be understood, told in the form of every other error: a sentence and a hint.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::failure::{Failure, USAGE};

/// The error that a user is told. `None` for what is no error: help and version, which print themselves.
pub fn failure(error: &clap::Error) -> Option<Failure> {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return None;
    }
    let text = error.render().to_string();
    // The text after the first empty line holds tips and the usage; both are in the hint.
    let said = text.split("\n\n").next().unwrap_or_default().trim_end();
    let message = said.strip_prefix("error: ").unwrap_or(said);
    let help = format!("see `{} --help`", command(&text));
    let hint = match near(error) {
        Some(near) => format!("did you mean `{near}`? Else {help}"),
        None => help,
    };
    Some(Failure::new(USAGE, message, hint))
}

/// The known word for which the parser takes a mistyped one.
fn near(error: &clap::Error) -> Option<String> {
    let kinds = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    kinds.into_iter().find_map(|kind| match error.get(kind)? {
        ContextValue::String(word) => Some(word.clone()),
        ContextValue::Strings(words) => words.first().cloned(),
        _ => None,
    })
}

/// The command whose usage the text shows, up to its first argument.
fn command(text: &str) -> String {
    let usage = text.split_once("Usage: ").map_or("pubsub-lab", |(_, usage)| usage);
    let words =
        usage.split_whitespace().take_while(|word| word.starts_with(|c: char| c.is_ascii_lowercase()));
    words.collect::<Vec<_>>().join(" ")
}
