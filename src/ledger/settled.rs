//! Every figure of a run, typed.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::figure::Figure;
use super::moments::Moments;
use super::path::Path;
use super::phase::Interval;
use super::stopped::StoppedPath;
use super::testimony::Testimonies;
use super::timeline::Slice;
use scenario::figure_base;

/// What became of the messages. `due = sent + unsent`, `sent = acked + refused + unknown`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Messages {
    /// Asked for by the schedule until the run ended.
    pub due: u64,
    /// Handed over for writing.
    pub sent: u64,
    /// Never sent: no connection until the end.
    pub unsent: u64,
    /// Confirmed or handed.
    pub acked: u64,
    /// Certainly not sent on.
    pub refused: u64,
    /// Perhaps sent on, or never answered.
    pub unknown: u64,
}

/// What became of the debts. `delivered + recovered + lost = owed`, and `lost` splits by answer
/// (confirmed, handed, refused, unknown) and by presence (online, offline).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Debts {
    /// One for each message sent and each subscriber of its room.
    pub owed: u64,
    /// Debts that were received live.
    pub delivered: u64,
    /// Debts that were received only by replay.
    pub recovered: u64,
    /// Debts that were never received.
    pub lost: u64,
    /// The share of all owed debts that was received live within a second of the intended send time, 0 to 1.
    /// Null if nothing was owed.
    pub on_time: Option<f64>,
    /// Lost debts whose message the pattern had confirmed: broken promises.
    pub lost_confirmed: u64,
    /// Lost debts that nobody had promised: the message was handed over, or the pattern has no path for the debt.
    pub lost_handed: u64,
    /// Lost debts whose message was refused, so that the publisher knew.
    pub lost_refused: u64,
    /// Lost debts whose message was answered with `unknown`, or not at all.
    pub lost_unknown: u64,
    /// Lost debts over a path that the pattern does not have; a part of `lost_handed`.
    pub lost_no_path: u64,
    /// Lost debts whose subscriber was connected when the message was sent.
    pub lost_online: u64,
    /// Lost debts whose subscriber was disconnected when the message was sent.
    pub lost_offline: u64,
}

/// Every figure of one run. A figure that does not exist is `None` or an empty histogram, never 0.
#[derive(Debug, Clone)]
pub struct Settled {
    /// What became of the messages.
    pub messages: Messages,
    /// What became of the debts.
    pub debts: Debts,
    /// Number of debts that were received live within a second of the intended send time.
    pub on_time: u64,
    /// Number of debts that the unsent messages would have made, had each been sent when it was due. They are not owed,
    /// but count as failed in every expectation on loss.
    pub unsent_debts: u64,
    /// Number of further copies that came: again live, or again within one replay.
    pub duplicates: u64,
    /// Number of debts whose first live receipt came after one with a higher sequence of the same publisher and room.
    pub reordered: u64,
    /// Number of debts whose first receipt within a replay came after one with a higher sequence of the same publisher
    /// and room.
    pub replay_reordered: u64,
    /// Number of debts that were received though their message was refused.
    pub refused_but_delivered: u64,
    /// Number of receipts of something never sent, or not of the room.
    pub unexpected: u64,
    /// Number of receipts with a wrong checksum.
    pub corrupted: u64,
    /// Number of receipts of another run's texts.
    pub foreign: u64,
    /// Paths that never worked while probing.
    pub unverified_paths: Vec<Path>,
    /// Paths that stopped working and did not come back, in the order in which they stopped.
    pub stopped_paths: Vec<StoppedPath>,
    /// First live receipt minus intended send time, in microseconds.
    pub latency: Histogram<u64>,
    /// First live receipt minus actual send time, in microseconds.
    pub service: Histogram<u64>,
    /// For debts that were first received by replay: receipt by replay minus intended send time, in microseconds.
    pub recovered: Histogram<u64>,
    /// For messages with at least two live recipients: the time from the first to the last of them, in microseconds.
    pub fan_out: Histogram<u64>,
    /// The latency once more, by time and phase: the intervals together hold the whole of it.
    pub intervals: Vec<Interval>,
    /// The time from the first harmed intended send time to the end of the last harm, in milliseconds. `None` if no
    /// debt was harmed.
    pub impact_ms: Option<u64>,
    /// The end of the last harm minus the instant at which the last healing began, in milliseconds, not below 0. `None`
    /// if no debt was harmed or no fault was healed.
    pub recovery_ms: Option<u64>,
    /// How long the target of the last healing took to be ready, in milliseconds. `None` if no fault was healed.
    pub ready_ms: Option<u64>,
    /// Three messages of the run, as the clients saw them.
    pub testimonies: Testimonies,
    /// The run in slices of 100 ms.
    pub timeline: Vec<Slice>,
    /// Where in time each figure went wrong.
    pub(super) moments: Moments,
}

impl Settled {
    /// A figure by its name, with or without a unit: one of [`FIGURES`](scenario::FIGURES), except those of
    /// [`Harness::figure`](super::Harness::figure). `None` for a figure that does not exist in this run.
    pub fn figure(&self, name: &str) -> Option<Figure> {
        let millis = |ms: Option<u64>| ms.map(|ms| Figure::Millis(ms as f64));
        match figure_base(name) {
            "on_time" => self.debts.on_time.map(Figure::Share),
            "lost_share" => {
                let Debts { lost, owed, .. } = self.debts;
                (owed > 0).then(|| Figure::Share(lost as f64 / owed as f64))
            }
            "impact" => millis(self.impact_ms),
            "recovery" => millis(self.recovery_ms),
            "ready" => millis(self.ready_ms),
            base => self.count(base).map(Figure::Count).or_else(|| self.quantile(base)),
        }
    }

    /// The longest live latency, to the microsecond, where a histogram knows it to three digits. `None` if nothing was
    /// delivered live.
    pub fn longest_us(&self) -> Option<u64> {
        self.timeline.iter().filter_map(|slice| slice.max_us).max()
    }

    /// The longest time from the first to the last live recipient of a message, to the microsecond, where a histogram
    /// knows it to three digits. `None` if no message had two live recipients.
    pub fn widest_us(&self) -> Option<u64> {
        self.timeline.iter().filter_map(|slice| slice.spread_max_us).max()
    }

    fn count(&self, name: &str) -> Option<u64> {
        let (messages, debts) = (&self.messages, &self.debts);
        Some(match name {
            "due" => messages.due,
            "sent" => messages.sent,
            "unsent" => messages.unsent,
            "acked" => messages.acked,
            "refused" => messages.refused,
            "unknown" => messages.unknown,
            "owed" => debts.owed,
            "delivered" => debts.delivered,
            "recovered" => debts.recovered,
            "lost" => debts.lost,
            "lost_confirmed" => debts.lost_confirmed,
            "lost_handed" => debts.lost_handed,
            "lost_refused" => debts.lost_refused,
            "lost_unknown" => debts.lost_unknown,
            "lost_no_path" => debts.lost_no_path,
            "lost_online" => debts.lost_online,
            "lost_offline" => debts.lost_offline,
            "unsent_debts" => self.unsent_debts,
            "duplicates" => self.duplicates,
            "reordered" => self.reordered,
            "replay_reordered" => self.replay_reordered,
            "refused_but_delivered" => self.refused_but_delivered,
            "unexpected" => self.unexpected,
            "corrupted" => self.corrupted,
            "foreign" => self.foreign,
            "unverified_paths" => self.unverified_paths.len() as u64,
            "stopped_paths" => self.stopped_paths.len() as u64,
            _ => return None,
        })
    }

    fn quantile(&self, name: &str) -> Option<Figure> {
        match name.rsplit_once('_') {
            None => Figure::quantile(&self.latency, name, self.longest_us()),
            Some(("service", word)) => Figure::quantile(&self.service, word, self.longest_us()),
            Some(("recovered", word)) => Figure::quantile(&self.recovered, word, None),
            Some(("fan_out", word)) => Figure::quantile(&self.fan_out, word, self.widest_us()),
            Some(_) => None,
        }
    }
}
