//! The one line of a RabbitMQ's log that says why it ended. RabbitMQ goes on for pages after it.

use std::path::Path;

/// The longest line that is shown, in characters.
const WIDTH: usize = 300;
/// What a boot that failed says after the reasons.
const FAILED: &str = "BOOT FAILED";

/// The line of a log that says why the server ended, if the log has any line.
pub(super) fn why(log: &Path) -> Option<String> {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let errors: Vec<&str> = text.lines().filter_map(error).filter(|line| says_something(line)).collect();
    // The reasons come before the failure, the most exact one last. Without any, the failure is explained after it.
    let failed = errors.iter().rposition(|line| line.starts_with(FAILED));
    let said = match failed {
        Some(0) => errors.get(1),
        Some(failed) => errors.get(failed - 1),
        None => errors.last(),
    };
    let last_words = || text.lines().rev().find(|line| says_something(line));
    let line = said.copied().or_else(last_words)?;
    let shown = line.trim_start_matches([' ', '-']).chars().filter(|c| !c.is_control()).take(WIDTH);
    Some(shown.collect())
}

/// The text of an error. A line has a time, a level, an Erlang process and a text; a line of a list may have no text.
fn error(line: &str) -> Option<&str> {
    Some(line.split_once("[error] <")?.1.split_once("> ")?.1.trim())
}

/// Whether a line is more than a rule, a heading, or empty.
fn says_something(line: &str) -> bool {
    let line = line.trim();
    !line.ends_with(':') && line.chars().any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why_of(lines: &[&str]) -> Option<String> {
        let log = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(log.path(), lines.join("\n")).unwrap();
        why(log.path())
    }

    fn error(text: &str) -> String {
        format!("2026-11-21 09:56:46.8 [error] <0.132.0> {text}")
    }

    #[test]
    fn one_line_says_why() {
        let well = "2026-11-21 09:56:46.1 [info] <0.1.0> all is well";
        let lines =
            ["Error preparing configuration:", "  - \"nowhere\" is no port", " ", "BOOT FAILED", "==="];
        let reasons = lines.map(error);
        let pages: Vec<String> = (0..50).map(|n| error(&format!("page {n}"))).collect();
        let said = |lines: &[String]| {
            let lines: Vec<&str> = std::iter::once(well).chain(lines.iter().map(String::as_str)).collect();
            why_of(&lines)
        };
        assert_eq!(said(&reasons).as_deref(), Some("\"nowhere\" is no port"));
        let bare = ["BOOT FAILED", "===========", "Exception during startup:", "exit:eaddrinuse"].map(error);
        assert_eq!(said(&[&bare[..], &pages].concat()).as_deref(), Some("exit:eaddrinuse"));
        assert_eq!(said(&pages).as_deref(), Some("page 49"));
        assert_eq!(said(&[]).as_deref(), Some(well));
        assert_eq!(why_of(&["no such luck", ""]).as_deref(), Some("no such luck"));
        assert_eq!(why_of(&[]), None);
    }
}
