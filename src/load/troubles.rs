//! What went wrong while clients connected: the latest failure, how often each kind came, and what was received.

use std::collections::VecDeque;
use std::fmt;

use super::clauses::Clauses;
use super::health::{excerpt, printable};

/// Number of different failures that are named.
const NAMED: usize = 3;
/// Number of frames that are kept.
const FRAMES: usize = 3;

/// The failures to connect so far. Written out, they continue a sentence; nothing is written if there was none.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    latest: String,
    /// How often each failure came, by its words.
    kinds: Clauses,
    /// The last frames that came over connections that were not usable yet.
    frames: VecDeque<String>,
}

impl Troubles {
    /// Records that an attempt to connect failed at a place.
    pub(super) fn failed(&mut self, place: &str, why: &str) {
        self.latest = printable(&format!("{place}: {why}"));
        self.kinds.add(why.to_owned(), 1);
    }

    /// Records a frame that came over a connection that was not usable yet.
    pub(super) fn overheard(&mut self, frame: &str) {
        if self.frames.len() == FRAMES {
            self.frames.pop_front();
        }
        self.frames.push_back(excerpt(frame));
    }
}

impl fmt::Display for Troubles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.latest.is_empty() {
            write!(f, "; the latest failure: {}", self.latest)?;
        }
        let kinds = self.kinds.by_number();
        if kinds.iter().any(|(_, times)| *times > 1) {
            let named = kinds.iter().take(NAMED).map(|(why, times)| match times {
                1 => format!("{why} (once)"),
                _ => format!("{why} ({times} times)"),
            });
            write!(f, "; all failures: {}", named.collect::<Vec<_>>().join(", "))?;
            if kinds.len() > NAMED {
                write!(f, " and {} other kinds", kinds.len() - NAMED)?;
            }
        }
        if !self.frames.is_empty() {
            let frames: Vec<_> = self.frames.iter().map(String::as_str).collect();
            write!(f, "; the last frames that came: {}", frames.join(" | "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_with_their_number_and_the_last_frames() {
        let mut troubles = Troubles::default();
        assert_eq!(troubles.to_string(), "");
        troubles.failed("node 1", "HTTP 403");
        assert_eq!(troubles.to_string(), "; the latest failure: node 1: HTTP 403");
        (0..3).for_each(|_| troubles.failed("node 0", "closed with 4001 before it said welcome: banned"));
        ["a", "b", "c", "{\"d\":\u{1b}1}"].into_iter().for_each(|frame| troubles.overheard(frame));
        assert_eq!(
            troubles.to_string(),
            "; the latest failure: node 0: closed with 4001 before it said welcome: banned; all failures: closed with \
             4001 before it said welcome: banned (3 times), HTTP 403 (once); the last frames that came: b | c | {\"d\":1}"
        );
    }
}
