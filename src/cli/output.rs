//! The one way to stdout: what cannot be written there is an error, and never a silent success.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;

use super::failure::{ENVIRONMENT, Failure};
use super::stderr::say;
use report::{self, Report};

/// The width of a table that nobody looks at on a terminal, in columns.
const WIDTH: usize = 160;

/// What goes to stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// A table, and a sentence for each pattern
    Text,
    /// The report as JSON, and nothing else
    Json,
    /// Test results as CI servers read them: a suite for each run, a test case for each expectation
    Junit,
    /// Markdown, for a pull request
    Md,
    /// The timeline, with a row for each slice of 100 ms
    Csv,
}

impl Format {
    /// The word for the format on the command line.
    pub(super) fn name(self) -> String {
        word_of(self)
    }
}

/// The word on the command line that chooses a value.
pub(super) fn word_of(value: impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// Prints a report.
pub(super) fn print(report: &Report, format: Format) -> io::Result<()> {
    match format {
        Format::Junit => print_text(&report::junit(report)?),
        Format::Json => print_text(&report.to_json()?),
        Format::Md => print_text(&report::markdown(report)),
        Format::Csv => print_text(&report::timeline_csv(report)?),
        Format::Text => print_table(report, &report::sentences(report)),
    }
}

/// Prints a report's table, and these sentences below it.
pub(super) fn print_table(report: &Report, sentences: &[String]) -> io::Result<()> {
    let (terminal, width) = (is_on_terminal(), table_width());
    let mut text = format!("{}\n\n", report::table(report, width).trim_end());
    for sentence in sentences {
        // A program that reads the sentences wants one line for each.
        text += &if terminal { wrapped(sentence, width) } else { sentence.clone() };
        text.push('\n');
    }
    print_text(&text)
}

/// The width that a table on stdout may have, in columns.
pub(super) fn table_width() -> usize {
    if is_on_terminal() { console::Term::stdout().size().1.into() } else { WIDTH }
}

/// Whether stdout is a terminal.
pub(super) fn is_on_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Prints a text.
pub(super) fn print_text(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    unless_closed(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

/// A reader that closes early (`| head -1`) is no error.
fn unless_closed(printed: io::Result<()>) -> io::Result<()> {
    match printed {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

/// Prints what a command was asked for. It is an error with the exit code of the environment if stdout does not take all
/// of it: half a schema is no schema.
pub(super) fn deliver(text: &str) -> Result<(), Failure> {
    delivered(print_text(text), "send the output where there is room for it")
}

/// The error of output that stdout did not take; the hint says where else to find it, or what to do.
pub(super) fn delivered(printed: io::Result<()>, hint: &str) -> Result<(), Failure> {
    printed.map_err(|error| Failure::new(ENVIRONMENT, format!("cannot write to stdout: {error}"), hint))
}

/// Prints clap's own help or version, in colours where these are wanted.
pub(super) fn help(error: &clap::Error) -> Result<(), Failure> {
    let printed = error.print().and_then(|()| io::stdout().flush());
    delivered(unless_closed(printed), "send the output where there is room for it")
}

/// Prints a line of a command that goes on for long, such as an address. What serves does not stop for want of a
/// reader, but says so.
pub(super) fn announce(line: impl Display) {
    if let Err(failure) = deliver(&format!("{line}\n")) {
        say(failure);
    }
}

/// The text in lines of at most `width` characters, broken between words, but not between a number and its unit.
pub(super) fn wrapped(text: &str, width: usize) -> String {
    let mut lines = String::new();
    let mut column = 0;
    let mut words = text.split(' ').peekable();
    while let Some(word) = words.next() {
        let mut word = word.to_owned();
        while let Some(unit) = words.next_if(|next| is_unit(next)) {
            word = format!("{word} {unit}");
        }
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width.max(40) {
            lines.push('\n');
            column = 0;
        } else if column > 0 {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(&word);
        column += length;
    }
    lines
}

/// Whether a word is a unit that belongs to the number before it: `s`, `ms);`.
fn is_unit(word: &str) -> bool {
    matches!(word.trim_end_matches(|c: char| c.is_ascii_punctuation()), "s" | "ms" | "us" | "MiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A second way would be one that nobody checks.
    #[test]
    fn nobody_else_writes_to_stdout() {
        let mut folders = vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR"))];
        let mut files = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if entry.is_dir() {
                    folders.push(entry);
                } else if entry.extension().is_some_and(|it| it == "rs") && !entry.ends_with("output.rs") {
                    files += 1;
                    let text = std::fs::read_to_string(&entry).unwrap();
                    let ways = ["io::stdout()", "println!", "print!"];
                    let mut found = text
                        .lines()
                        .filter(|line| !line.contains("eprint") && ways.iter().any(|way| line.contains(way)));
                    assert_eq!(found.next(), None, "{}", entry.display());
                }
            }
        }
        assert!(files > 30, "the scan finds what is known to be there");
    }

    #[test]
    fn sentences_break_between_words() {
        let text = "aaaa ".repeat(20);
        let lines = wrapped(text.trim_end(), 40);
        assert!(lines.lines().all(|line| line.len() <= 40 && !line.ends_with(' ')), "{lines}");
        assert_eq!(lines.replace('\n', " "), text.trim_end());
    }

    #[test]
    fn a_number_keeps_its_unit() {
        let lines = wrapped("refused while the broker was away (5.0 s); of what", 40);
        assert_eq!(lines, "refused while the broker was away\n(5.0 s); of what");
    }
}
