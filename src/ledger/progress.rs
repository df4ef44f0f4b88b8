//! How a run stands while it lasts.

use std::time::Duration;

use super::ledger::Ledger;
use super::message::Answer;
use super::time::{ON_TIME_NANOS, nanos};
use super::timeline::slice_of;

/// How a run stands at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Number of messages due so far.
    pub due: u64,
    /// Number of messages sent so far.
    pub sent: u64,
    /// Number of messages sent that were confirmed or handed.
    pub acked: u64,
    /// Number of messages sent that were refused.
    pub refused: u64,
    /// Number of messages sent that were answered with unknown. Messages that wait for their answer are not among them.
    pub unknown: u64,
    /// Number of debts so far.
    pub owed: u64,
    /// Number of debts that were received live.
    pub delivered: u64,
    /// Number of debts that were received only by replay.
    pub recovered: u64,
    /// Number of debts with a path that were due more than a second ago and are not received.
    pub missing: u64,
}

impl Ledger {
    /// How the run stands. Each call sweeps over the messages, so it is meant for a progress bar, some ten times a
    /// second.
    pub fn progress(&self, now: Duration) -> Progress {
        let now = nanos(now);
        // The limit is strictly more than a second ago: a debt of just a second is still on time.
        let overdue = now.checked_sub(ON_TIME_NANOS + 1).map_or(0, |overdue| self.due_by(overdue));
        let answers = &self.tally.answers;
        Progress {
            due: self.due_by(now) as u64,
            sent: self.tally.sent,
            acked: answers[Answer::Confirmed as usize] + answers[Answer::Handed as usize],
            refused: answers[Answer::Refused as usize],
            unknown: answers[Answer::Unknown as usize],
            owed: self.tally.debts.owed,
            delivered: self.tally.debts.delivered,
            recovered: self.tally.debts.recovered,
            missing: self.unpaid[..overdue].iter().map(|unpaid| u64::from(*unpaid)).sum(),
        }
    }

    /// The 99th percentile of the latency of what was due in each of the latest slices of 100 ms, in microseconds, the
    /// newest last. At most `slices` of them are given, and not the slice that is not over. `None` where nothing was
    /// delivered; what comes late fills it. The histograms are small, so that the lock is held for microseconds.
    pub fn latest_p99_us(&self, now: Duration, slices: usize) -> Vec<Option<u64>> {
        let elapsed = self.begin.and_then(|begin| nanos(now).checked_sub(begin));
        let end = elapsed.map_or(0, slice_of).min(self.timeline.len());
        (end.saturating_sub(slices)..end).map(|slice| self.timeline.p99_us(slice, &self.latency)).collect()
    }
}
