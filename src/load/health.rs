//! How well the load generator itself does: the figures that it measures about itself, and its remarks.

use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;

use super::clauses::Clauses;
use ledger::{Harness, micros_histogram};

/// The most characters of one remark.
const REMARK_CHARS: usize = 300;
/// The most characters of a frame that is shown as an example.
const EXAMPLE_CHARS: usize = 100;

/// Gathers the figures that become the [`Harness`].
#[derive(Debug)]
pub(super) struct LoadHealth {
    /// Whether the measured load has begun. Only then do delays count: connecting ten thousand clients delays
    /// everything, and harms nothing.
    measuring: AtomicBool,
    publish_delay: Mutex<Histogram<u64>>,
    loop_lag: Mutex<Histogram<u64>>,
    overruns: AtomicU64,
    problems: Mutex<Vec<String>>,
    remarks: Mutex<Clauses>,
    causes: Mutex<Clauses>,
    /// What would have been a cause, had the load begun before it.
    early_causes: Mutex<Clauses>,
    /// Frames that were no message. The first shows what is wrong with a template.
    chatter: Sample,
    /// Frames that are not of the dialect at all.
    unreadable: Sample,
    /// Frames that hold texts of this run which could not be taken out.
    misread: Sample,
    /// The texts of the measured load that the ledger counts as wrong, each kind with the word that it has there.
    wrong: [(&'static str, Sample); 3],
}

/// How many frames of a kind came, and the first of them.
#[derive(Debug, Default)]
struct Sample {
    count: AtomicU64,
    first: OnceLock<String>,
}

impl Sample {
    fn add(&self, frame: &str) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.first.get_or_init(|| excerpt(frame));
    }

    /// The number and the first; `None` if there was none.
    fn taken(&self) -> Option<(u64, &str)> {
        Some((self.count.load(Ordering::Relaxed), self.first.get()?))
    }
}

/// What is wrong with a text, in the word of the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    /// Its checksum is wrong.
    Corrupted,
    /// It is of another run.
    Foreign,
    /// It was never sent, or not to that room.
    Unexpected,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn micros(delay: Duration) -> u64 {
    u64::try_from(delay.as_micros()).unwrap_or(u64::MAX)
}

fn add(clauses: &Mutex<Clauses>, what: &str, times: u64) {
    lock(clauses).add(printable(what), times);
}

/// A clause for each of these, with its number, the most frequent first.
fn counted(clauses: &Mutex<Clauses>) -> Vec<String> {
    let clause = |(what, count): (&str, u64)| match count {
        1 => what.to_owned(),
        _ => format!("{what} ({count} times)"),
    };
    lock(clauses).by_number().into_iter().map(clause).collect()
}

/// A server's frame as an example: as it may be shown, and short. What was cut off is marked.
pub(super) fn excerpt(frame: &str) -> String {
    let shown = printable(frame);
    match shown.char_indices().nth(EXAMPLE_CHARS) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown,
    }
}

/// A server's text as it may be shown: without control characters that could reach a terminal, and not too long.
pub(super) fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(REMARK_CHARS).collect()
}

impl LoadHealth {
    /// Makes an empty record.
    pub(super) fn new() -> Self {
        Self {
            measuring: AtomicBool::new(false),
            publish_delay: Mutex::new(micros_histogram()),
            loop_lag: Mutex::new(micros_histogram()),
            overruns: AtomicU64::new(0),
            problems: Mutex::default(),
            remarks: Mutex::default(),
            causes: Mutex::default(),
            early_causes: Mutex::default(),
            chatter: Sample::default(),
            unreadable: Sample::default(),
            misread: Sample::default(),
            wrong: ["corrupted", "foreign", "unexpected"].map(|word| (word, Sample::default())),
        }
    }

    /// Records that the measured load begins: from here on loop lag, overruns and causes count.
    pub(super) fn measure(&self) {
        self.measuring.store(true, Ordering::Relaxed);
    }

    /// Records how late a message of the measured load was handed over for writing.
    pub(super) fn publish_delay(&self, delay: Duration) {
        lock(&self.publish_delay).saturating_record(micros(delay));
    }

    /// Records how late a time stamp of the pacing thread reached the receivers' loop.
    pub(super) fn loop_lag(&self, delay: Duration) {
        if self.measuring.load(Ordering::Relaxed) {
            lock(&self.loop_lag).saturating_record(micros(delay));
        }
    }

    /// Records that a queue of the generator was full, and something was dropped.
    pub(super) fn overrun(&self) {
        if self.measuring.load(Ordering::Relaxed) {
            self.overruns.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Records a problem that makes the run inconclusive.
    pub(super) fn problem(&self, what: String) {
        lock(&self.problems).push(what);
    }

    /// Records that something worth telling happened `times` more. Beyond a number of different remarks, new ones
    /// are dropped.
    pub(super) fn remark(&self, what: &str, times: u64) {
        add(&self.remarks, what, times);
    }

    /// Records that a server did or said something that may be the cause of a violation. What it did before the load is
    /// a note, unless no load ever began. The same bound holds as for remarks.
    pub(super) fn cause(&self, what: &str) {
        let early = !self.measuring.load(Ordering::Relaxed);
        add(if early { &self.early_causes } else { &self.causes }, what, 1);
    }

    /// Records what a server said of a message of the probe or the warm-up, as a cause from before the load: the answer
    /// may come after the load has begun.
    pub(super) fn early_cause(&self, what: &str) {
        add(&self.early_causes, what, 1);
    }

    /// Records a frame that is no message, from a server that may send such frames.
    pub(super) fn chatter(&self, frame: &str) {
        self.chatter.add(frame);
    }

    /// Records a frame that is not of the dialect, from a server whose every frame should be.
    pub(super) fn unreadable(&self, frame: &str) {
        self.unreadable.add(frame);
    }

    /// Records a frame that holds texts of this run which could not be taken out: the dialect is read wrongly.
    pub(super) fn misread(&self, frame: &str) {
        self.misread.add(frame);
    }

    /// Records a text of the measured load that the ledger counts as wrong.
    pub(super) fn wrong(&self, what: Wrong, text: &str) {
        if self.measuring.load(Ordering::Relaxed) {
            self.wrong[what as usize].1.add(text);
        }
    }

    /// The first frame that came and was no message, if there was one.
    pub(super) fn first_strange_frame(&self) -> Option<String> {
        let mut strange = [&self.misread, &self.unreadable, &self.chatter].into_iter();
        strange.find_map(|sample| sample.first.get().cloned())
    }

    fn frame_notes(&self) -> impl Iterator<Item = String> {
        let chatter = self.chatter.taken().map(|(count, first)| match count {
            1 => format!("the server sent a frame that is no message: {first}"),
            _ => format!("the server sent {count} frames that are no messages, the first: {first}"),
        });
        let unreadable = self.unreadable.taken().map(|(count, first)| match count {
            1 => format!("the server sent an unreadable frame: {first}"),
            _ => format!("the server sent {count} unreadable frames, the first: {first}"),
        });
        let wrong = self.wrong.iter().filter_map(|(word, sample)| {
            sample.taken().map(|(_, first)| format!("the first {word} text: {first}"))
        });
        chatter.into_iter().chain(unreadable).chain(wrong)
    }

    fn misread_problem(&self) -> Option<String> {
        self.misread.taken().map(|(count, first)| match count {
            1 => format!(
                "a frame holds this run's texts and cannot be taken apart, so the dialect is read wrongly: {first}"
            ),
            _ => format!(
                "{count} frames hold this run's texts and cannot be taken apart, so the dialect is read wrongly, the \
                 first: {first}"
            ),
        })
    }

    /// Everything that was recorded, for the verdict. `notes` stand before the remarks.
    pub(super) fn harness(&self, mut notes: Vec<String>) -> Harness {
        notes.extend(self.frame_notes());
        let mut problems = mem::take(&mut *lock(&self.problems));
        problems.extend(self.misread_problem());
        notes.extend(counted(&self.remarks));
        let (mut causes, early) = (counted(&self.causes), counted(&self.early_causes));
        if self.measuring.load(Ordering::Relaxed) {
            notes.extend(early.into_iter().map(|clause| format!("before the load, {clause}")));
        } else {
            causes = early;
        }
        Harness {
            publish_delay: lock(&self.publish_delay).clone(),
            loop_lag: lock(&self.loop_lag).clone(),
            overruns: self.overruns.load(Ordering::Relaxed),
            problems,
            causes,
            misread: self.misread.taken().is_some(),
            notes,
            ..Harness::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(health: &LoadHealth, times: usize) {
        (0..times).for_each(|_| health.cause("a node refused a message: no"));
    }

    #[test]
    fn what_a_server_did_before_the_load_is_a_note_and_no_cause_of_what_happens_in_it() {
        let health = LoadHealth::new();
        refused(&health, 1);
        health.measure();
        refused(&health, 3);
        health.early_cause("a node refused a message: no");
        let harness = health.harness(vec![]);
        assert_eq!(harness.causes, ["a node refused a message: no (3 times)"]);
        assert_eq!(harness.notes, ["before the load, a node refused a message: no (2 times)"]);
    }

    #[test]
    fn where_no_load_began_what_a_server_did_is_why() {
        let health = LoadHealth::new();
        refused(&health, 2);
        let harness = health.harness(vec![]);
        assert_eq!((harness.causes.len(), harness.notes.len()), (1, 0));
    }

    #[test]
    fn an_example_that_was_cut_short_says_so() {
        assert_eq!(excerpt("short\u{1b}"), "short");
        let long = excerpt(&"é".repeat(EXAMPLE_CHARS + 1));
        assert_eq!(long, "é".repeat(EXAMPLE_CHARS) + "…");
    }
}
