//! What a bench prints on stdout.

use std::io::{IsTerminal, Write};

use clap::ValueEnum;

use crate::report::{self, Report};

/// Columns of a table that nobody looks at on a terminal.
const WIDTH: usize = 160;

/// What goes to stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// A table and a sentence a pattern
    Text,
    /// The report alone
    Json,
    /// Test results as CI servers read them: a suite a run, a test case an expectation
    Junit,
}

/// Prints a report.
pub(super) fn print(report: &Report, format: Format) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    match format {
        Format::Junit => write!(stdout, "{}", report::junit(report)?),
        Format::Json => write!(stdout, "{}", report.to_json()?),
        Format::Text => {
            let terminal = stdout.is_terminal();
            let width = if terminal { console::Term::stdout().size().1.into() } else { WIDTH };
            writeln!(stdout, "{}\n", report::table(report, width).trim_end())?;
            for sentence in report::sentences(report) {
                // A program that reads them wants a line each.
                writeln!(stdout, "{}", if terminal { wrapped(&sentence, width) } else { sentence })?;
            }
            Ok(())
        }
    }
}

/// The text in lines of at most so many characters, broken between words.
fn wrapped(text: &str, width: usize) -> String {
    let mut lines = String::new();
    let mut column = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width.max(40) {
            lines.push('\n');
            column = 0;
        } else if column > 0 {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += length;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_break_between_words() {
        let text = "aaaa ".repeat(20);
        let lines = wrapped(text.trim_end(), 40);
        assert!(lines.lines().all(|line| line.len() <= 40 && !line.ends_with(' ')), "{lines}");
        assert_eq!(lines.replace('\n', " "), text.trim_end());
    }
}
