//! The display of a bench for a file or a pipe: a line for each event, a line for each phase, and the counts every few
//! seconds.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::words;
use crate::stderr;
use lab::{Counts, Note};

/// The time between two lines with the counts.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Prints the lines.
pub(super) struct Plain {
    /// When the next line with the counts is due, since the load began.
    next_line: Mutex<Duration>,
}

impl Plain {
    pub(super) fn new() -> Self {
        Self { next_line: Mutex::new(LINE_EVERY) }
    }

    pub(super) fn say(&self, text: &str) {
        stderr::say(text);
    }

    pub(super) fn note(&self, note: Note<'_>) {
        if let Some(text) = words::of(&note) {
            self.say(&text);
        }
        match note {
            Note::Run { .. } => self.set_next_line(LINE_EVERY),
            Note::Phase { name, length: Some(length) } if matches!(name, "warm-up" | "load") => {
                self.say(&format!("  {name} ({})", humantime::format_duration(length)));
            }
            Note::Phase { name, .. } => self.say(&format!("  {name}")),
            Note::Progress { at, counts, .. } if at >= self.next_line() => {
                self.set_next_line(at + LINE_EVERY);
                self.say(&words::timed(at, &counted(&counts)));
            }
            _ => {}
        }
    }

    fn next_line(&self) -> Duration {
        *self.next_line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_next_line(&self, at: Duration) {
        *self.next_line.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }
}

/// The counts as a line: `506 sent, 15000 delivered, 0 missing, 4 refused`.
fn counted(counts: &Counts) -> String {
    let Counts { sent, refused, unknown, delivered, missing, .. } = counts;
    let mut text = format!("{sent} sent, {delivered} delivered, {missing} missing");
    for (count, word) in [(refused, "refused"), (unknown, "unknown")] {
        if *count > 0 {
            text += &format!(", {count} {word}");
        }
    }
    text
}
