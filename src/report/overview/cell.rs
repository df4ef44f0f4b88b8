//! One cell of the grid: what became of one scenario over one subject.

use schemars::JsonSchema;
use serde::Serialize;

use super::harm::Harm;
use crate::latency;
use crate::numbers::{counted, share, span};
use crate::{Report, RunReport};
use ledger::{Debts, Verdict, grouped};
use scenario::Quantile;

/// What became of one scenario over one subject. A figure that does not exist is `null`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Cell {
    /// The name of the column.
    pub subject: String,
    /// The worst that the run showed.
    pub harm: Harm,
    /// What the run proves. Of several runs it is that of the one that is shown.
    pub verdict: Verdict,
    /// The number of runs, of which the worst is shown.
    pub runs: usize,
    /// Debts, one for each message and subscriber of its room.
    pub owed: Option<u64>,
    /// Debts that were lost, whatever the reason.
    pub lost: Option<u64>,
    /// Lost debts that their subscribers were told of; `null` in an older report.
    pub lost_told: Option<u64>,
    /// Lost debts of which nothing told their subscribers; `null` in an older report.
    pub lost_silent: Option<u64>,
    /// Lost debts whose sender had been told that the message is safe.
    pub lost_confirmed: Option<u64>,
    /// Lost debts for which the pattern has no way.
    pub lost_no_path: Option<u64>,
    /// Messages that were never sent.
    pub unsent: Option<u64>,
    /// Debts that came live more than a second late.
    pub late: Option<u64>,
    /// Debts that came by replay only.
    pub recovered: Option<u64>,
    /// Extra copies.
    pub duplicates: Option<u64>,
    /// Deliveries out of order.
    pub reordered: Option<u64>,
    /// Deliveries whose text was not what had been sent.
    pub corrupted: Option<u64>,
    /// Deliveries of what nobody had sent.
    pub unexpected: Option<u64>,
    /// The time from the beginning of the healing to the end of the harm, in milliseconds.
    pub recovery_ms: Option<u64>,
    /// Whether the harm lasted to the end of the load though a fault was healed.
    pub not_recovered: bool,
    /// The median of the latency while nothing was broken, in microseconds; `null` if something always was.
    pub steady_p50_us: Option<u64>,
    /// The 99th percentile of the latency while nothing was broken, in microseconds.
    pub steady_p99_us: Option<u64>,
    /// The longest latency, in microseconds.
    pub max_us: Option<u64>,
    /// What a search found: the highest value that was sustained. `null` where nothing was searched for.
    pub sought: Option<String>,
    /// The reasons for the verdict.
    pub why: Vec<String>,
    /// Where the page of the run is, relative to the grid; `null` if that is not known.
    pub page: Option<String>,
}

impl Cell {
    /// The cell of some runs of one subject, at least one: of the worst of them.
    pub(super) fn of(subject: &str, runs: &[&RunReport], page: Option<&str>) -> Option<Self> {
        let made: Vec<_> = runs.iter().copied().filter(|run| run.was_made()).collect();
        let lost = |run: &RunReport| run.debts.map_or(0, |debts| debts.lost);
        let violated = |run: &RunReport| run.verdict == Verdict::Violated;
        let worst = made.iter().copied().max_by_key(|run| (Harm::of(run), violated(run), lost(run)));
        let run = worst.or(runs.first().copied())?;
        let debts = run.debts;
        let debt = |figure: fn(&Debts) -> u64| debts.as_ref().map(figure);
        let notices = debts.as_ref().and_then(Debts::by_notice);
        let calm = latency::extent(run) != latency::Extent::Everything;
        let steady = |quantile| {
            latency::steady(run, quantile).filter(|_| calm).map(latency::ShownLatency::intended_us)
        };
        Some(Self {
            subject: subject.into(),
            harm: Harm::of(run),
            verdict: run.verdict,
            runs: made.len(),
            owed: debt(|debts| debts.owed),
            lost: debt(|debts| debts.lost),
            lost_told: notices.map(|(told, _)| told),
            lost_silent: notices.map(|(_, silent)| silent),
            lost_confirmed: debt(|debts| debts.lost_confirmed),
            lost_no_path: debt(|debts| debts.lost_no_path),
            unsent: run.messages.map(|messages| messages.unsent),
            late: debt(Debts::late),
            recovered: debt(|debts| debts.recovered),
            duplicates: run.counts.duplicates,
            reordered: run.counts.reordered,
            corrupted: run.counts.corrupted,
            unexpected: run.counts.unexpected,
            recovery_ms: run.times.recovery_ms,
            not_recovered: run.times.not_recovered,
            steady_p50_us: steady(Quantile::P50),
            steady_p99_us: steady(Quantile::P99),
            max_us: run.latency_us.map(|latency| latency.max),
            sought: None,
            why: run.why.clone(),
            page: page.map(str::to_owned),
        })
    }

    /// Whether a run was made that proves something.
    pub(super) fn is_conclusive(&self) -> bool {
        !matches!(self.harm, Harm::NotRun | Harm::Unclear)
    }

    /// Whether nothing that was owed or due is missing.
    pub(super) fn kept_everything(&self) -> bool {
        self.is_conclusive() && self.lost == Some(0) && self.unsent == Some(0)
    }

    /// What became of the deliveries, a short clause for each line; the worst first.
    pub(super) fn lines(&self) -> Vec<String> {
        if let Some(sought) = &self.sought {
            return vec![sought.clone()];
        }
        if !self.is_conclusive() {
            return vec![self.harm.meaning().to_owned()];
        }
        let some = |count: Option<u64>| count.filter(|count| *count > 0);
        let many =
            |count: Option<u64>, how: &str| some(count).map(|count| format!("{} {how}", grouped(count)));
        let lines = [
            self.losses(),
            some(self.unsent).map(|unsent| format!("{} never sent", counted(unsent, "message", "messages"))),
            many(self.corrupted, "corrupted"),
            many(self.unexpected, "sent by nobody"),
            many(self.duplicates, "came twice"),
            many(self.reordered, "out of order"),
            many(self.late, "late"),
            many(self.recovered, "by replay"),
            self.recovery(),
        ];
        let mut lines: Vec<_> = lines.into_iter().flatten().collect();
        if self.harm == Harm::Whole {
            lines.insert(0, "nothing lost, late or twice".into());
        }
        if self.verdict == Verdict::Violated {
            lines.push("violated".into());
        }
        lines
    }

    /// The clause on what was lost: `lost 1,500 (2.5%): 1,400 told, 100 in silence`.
    fn losses(&self) -> Option<String> {
        let (lost, owed) = (self.lost.filter(|lost| *lost > 0)?, self.owed.unwrap_or(0));
        let mut said = format!("lost {} ({})", grouped(lost), share(lost, owed));
        match (self.lost_told, self.lost_silent) {
            _ if self.lost_no_path == Some(lost) => said += ", no way to them",
            (Some(told), Some(0)) if told > 0 => said += ", all told",
            (Some(0), Some(_)) => said += ", all in silence",
            (Some(told), Some(silent)) => {
                said += &format!(": {} told, {} in silence", grouped(told), grouped(silent));
            }
            _ => {}
        }
        if let Some(confirmed) = self.lost_confirmed.filter(|confirmed| *confirmed > 0) {
            said += &format!("; {} though confirmed", grouped(confirmed));
        }
        Some(said)
    }

    fn recovery(&self) -> Option<String> {
        match (self.not_recovered, self.recovery_ms) {
            (true, _) => Some("not well again by the end".into()),
            (false, Some(0)) => Some("well again at once".into()),
            (false, Some(ms)) => Some(format!("well again after {}", span(ms.saturating_mul(1_000)))),
            (false, None) => None,
        }
    }

    /// The latency while nothing was broken: `p50 0.35 ms`.
    pub(super) fn latency(&self) -> Option<String> {
        self.steady_p50_us.map(|us| format!("p50 {}", span(us)))
    }

    /// What is said when one points at the cell.
    pub(super) fn details(&self) -> String {
        let why = self.why.join("; ");
        let runs = if self.runs > 1 { format!(" (the worst of {} runs)", self.runs) } else { String::new() };
        match why.is_empty() {
            true => format!("{}{runs}", self.harm.meaning()),
            false => format!("{}{runs}: {why}", self.harm.meaning()),
        }
    }
}

/// The highest value that each curve of a search sustained, by subject; nothing for a report that is no search.
pub(super) fn sought(report: &Report) -> Vec<(String, String)> {
    crate::curve::Curves::of(report).map(|curves| curves.found()).unwrap_or_default()
}
