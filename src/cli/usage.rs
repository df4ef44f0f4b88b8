//! A command line that could not be understood, told in the form of every other error: a sentence and a hint.

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::failure::{Failure, USAGE};
use scenario::Pattern;

/// The error that a user is told. `None` for what is no error: help and version, which print themselves.
pub fn failure(error: &clap::Error, command_line: Command) -> Option<Failure> {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return None;
    }
    let text = error.render().to_string();
    // The text after the first empty line holds tips and the usage; both are in the hint.
    let said = text.split("\n\n").next().unwrap_or_default().trim_end();
    let message = said.strip_prefix("error: ").unwrap_or(said);
    let help = format!("see `{} --help`", command(&text).unwrap_or_else(|| called(command_line)));
    let hint = match meant(error).or_else(|| near(error)) {
        Some(near) => format!("did you mean `{near}`? Else {help}"),
        None if error.kind() == ErrorKind::MissingRequiredArgument && said.contains("--scenario") => {
            format!("`pubsub-lab scenarios` lists them: `--scenario steady` is one. Else {help}")
        }
        None => help,
    };
    Some(Failure::new(USAGE, message, hint))
}

/// The pattern that somebody means who names its product.
fn meant(error: &clap::Error) -> Option<String> {
    let ContextValue::String(argument) = error.get(ContextKind::InvalidArg)? else { return None };
    let ContextValue::String(word) = error.get(ContextKind::InvalidValue)? else { return None };
    Pattern::meant_by(word).filter(|_| argument.contains("PATTERN")).map(|pattern| pattern.name().to_owned())
}

/// The known word for which the parser takes a mistyped one.
fn near(error: &clap::Error) -> Option<String> {
    let kinds = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    kinds.into_iter().find_map(|kind| match error.get(kind)? {
        ContextValue::String(word) => Some(word.clone()),
        // The likeliest word stands last.
        ContextValue::Strings(words) => words.last().cloned(),
        _ => None,
    })
}

/// The command whose usage the text shows, up to its first argument. An error about a value shows none.
fn command(text: &str) -> Option<String> {
    let (_, usage) = text.split_once("Usage: ")?;
    let words =
        usage.split_whitespace().take_while(|word| word.starts_with(|c: char| c.is_ascii_lowercase()));
    Some(words.collect::<Vec<_>>().join(" "))
}

/// The command that this process was called with: its subcommands, up to the first word that is none.
fn called(mut command: Command) -> String {
    let mut words = vec!["pubsub-lab".to_owned()];
    for argument in std::env::args().skip(1).filter(|argument| !argument.starts_with('-')) {
        let Some(subcommand) = command.find_subcommand(&argument).cloned() else { break };
        words.push(subcommand.get_name().to_owned());
        command = subcommand;
    }
    words.join(" ")
}
