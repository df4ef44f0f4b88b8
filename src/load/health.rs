//! How well the load generator itself does: the figures that it measures about itself, and its remarks.

use std::collections::BTreeMap;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;

use ledger::{Harness, micros_histogram};

/// Largest number of different remarks that are kept, because a server can make up any number of reasons.
const REMARKS: usize = 20;
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
    remarks: Mutex<BTreeMap<String, u64>>,
    chatter: AtomicU64,
    /// The first of all frames that were no message. It shows what is wrong with a template.
    first_chatter: OnceLock<String>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn micros(delay: Duration) -> u64 {
    u64::try_from(delay.as_micros()).unwrap_or(u64::MAX)
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
            chatter: AtomicU64::new(0),
            first_chatter: OnceLock::new(),
        }
    }

    /// Records that the measured load begins: from here on loop lag and overruns count.
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

    /// Records that something worth telling happened `times` more. Beyond [`REMARKS`] different remarks, new ones are
    /// dropped.
    pub(super) fn remark(&self, what: &str, times: u64) {
        let what = printable(what);
        let mut remarks = lock(&self.remarks);
        if let Some(count) = remarks.get_mut(&what) {
            *count += times;
        } else if remarks.len() < REMARKS {
            remarks.insert(what, times);
        }
    }

    /// Records a frame that is no message, from a server that may send such frames.
    pub(super) fn chatter(&self, frame: &str) {
        self.chatter.fetch_add(1, Ordering::Relaxed);
        self.first_chatter.get_or_init(|| printable(frame).chars().take(EXAMPLE_CHARS).collect());
    }

    fn chatter_note(&self) -> Option<String> {
        let example = self.first_chatter.get()?;
        let frames = match self.chatter.load(Ordering::Relaxed) {
            1 => "a frame that is no message".to_owned(),
            count => format!("{count} frames that are no messages"),
        };
        Some(format!("the server sent {frames}, the first: {example}"))
    }

    /// Everything that was recorded, for the verdict. `notes` stand before the remarks.
    pub(super) fn harness(&self, mut notes: Vec<String>) -> Harness {
        notes.extend(self.chatter_note());
        let remarks = lock(&self.remarks);
        notes.extend(remarks.iter().map(|(what, count)| match count {
            1 => what.clone(),
            _ => format!("{what} ({count} times)"),
        }));
        Harness {
            publish_delay: lock(&self.publish_delay).clone(),
            loop_lag: lock(&self.loop_lag).clone(),
            overruns: self.overruns.load(Ordering::Relaxed),
            problems: mem::take(&mut lock(&self.problems)),
            notes,
            ..Harness::default()
        }
    }
}
