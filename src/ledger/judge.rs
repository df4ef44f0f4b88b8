//! The verdict on one run.
//!
//! First the harness judges itself. If it was the bottleneck, the run is inconclusive whatever the figures say:
//! a loss that the harness may have made itself proves nothing against a pattern, and a good figure proves
//! nothing for it. What would have been a violation still stands among the [reasons](Reasons), after the doubt.
//!
//! Lateness short of that only marks the latency as `harness_limited`, and changes no verdict.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::before_load::BeforeLoad;
use super::disconnects::Disconnect;
use super::expected::{outcome, seconds};
use super::figure_value::grouped;
use super::harness::Harness;
use super::outcome::Outcome;
use super::reasons::Reasons;
use super::settled::Settled;
use scenario::Expectation;

/// What a run proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every expectation was met.
    Valid,
    /// An expectation was not met, a path never worked or stopped working, or somebody's server died.
    Violated,
    /// The harness itself was the bottleneck, or evidence is missing.
    Inconclusive,
    /// The fault's target does not exist in this pattern, so the run was not made.
    NotApplicable,
}

/// A verdict and its reasons.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// What the run proves.
    pub verdict: Verdict,
    /// Why.
    pub reasons: Reasons,
    /// What became of each expectation, in the order of the expectations.
    pub outcomes: Vec<Outcome>,
    /// Whether the latency is as much the harness's as the pattern's.
    pub harness_limited: bool,
}

impl Judgement {
    /// The reasons, a clause for each, the ones that decided first.
    pub fn why(&self) -> Vec<String> {
        self.reasons.all().cloned().collect()
    }
}

/// The greatest median of the harness's lateness, in microseconds, that does not yet limit the latency.
const LIMITED_MEDIAN_US: u64 = 500;
/// The greatest 99th percentile of the harness's lateness, in microseconds, with which the run still proves something.
const INCONCLUSIVE_P99_US: u64 = 50_000;
/// Number of paths that are named one by one; of further paths only the number is told.
const PATHS_NAMED: usize = 3;

/// Judges a run by the expectations of its pattern.
pub fn judge(settled: &Settled, harness: &Harness, expectations: &[Expectation]) -> Judgement {
    let doubts = doubts(settled, harness);
    let outcomes: Vec<_> =
        expectations.iter().map(|expectation| outcome(settled, harness, expectation)).collect();
    let violations = violations(settled, harness, &outcomes);
    let verdict = match (doubts.is_empty(), violations.is_empty()) {
        (false, _) => Verdict::Inconclusive,
        (true, false) => Verdict::Violated,
        (true, true) => Verdict::Valid,
    };
    // Servers also answer with an error to what the scenario itself broke, so that their answers are a cause only of what
    // nobody expected. A connection that ended unexplained may be the cause of anything.
    let ends: Vec<_> = settled.disconnects.iter().map(Disconnect::clause).collect();
    let (causes, answers): (Vec<_>, Vec<_>) = harness
        .causes
        .iter()
        .cloned()
        .partition(|cause| verdict == Verdict::Violated || ends.contains(cause));
    let mut notes = answers;
    notes.extend(remarks(settled, harness));
    notes.extend(harness.notes.iter().cloned());
    let reasons = Reasons { doubts, violations, causes, notes };
    let limited = |histogram| limits(histogram, &settled.latency);
    let harness_limited = limited(&harness.publish_delay) || limited(&harness.loop_lag);
    Judgement { verdict, reasons, outcomes, harness_limited }
}

/// Whether the harness's lateness is too large a part of the latency.
fn limits(lateness: &Histogram<u64>, latency: &Histogram<u64>) -> bool {
    let share = !latency.is_empty()
        && lateness.value_at_quantile(0.99).saturating_mul(10) > latency.value_at_quantile(0.99);
    !lateness.is_empty() && (share || lateness.value_at_quantile(0.5) > LIMITED_MEDIAN_US)
}

/// The 99th percentile of the load generator's lateness, in microseconds, if it was so late that nothing is proved.
fn too_late_us(lateness: &Histogram<u64>) -> Option<u64> {
    Some(lateness.value_at_quantile(0.99)).filter(|p99| *p99 > INCONCLUSIVE_P99_US)
}

/// The reasons why the run proves nothing, a clause for each.
fn doubts(settled: &Settled, harness: &Harness) -> Vec<String> {
    let mut doubts = harness.problems.clone();
    for (what, lateness) in [("published", &harness.publish_delay), ("received", &harness.loop_lag)] {
        if let Some(p99) = too_late_us(lateness) {
            doubts.push(format!(
                "the load generator {what} late: p99 {} ms, at most 50 ms allowed",
                p99 / 1_000
            ));
        }
    }
    match harness.overruns {
        0 => {}
        1 => doubts.push("a queue of the load generator overflowed".into()),
        overruns => {
            doubts.push(format!("queues of the load generator overflowed {} times", grouped(overruns)))
        }
    }
    if settled.messages.due == 0 {
        doubts.push("no message was due".into());
    } else if settled.messages.sent > 0 && settled.debts.owed == 0 {
        doubts.push("nobody was subscribed, so nothing was owed".into());
    }
    doubts
}

/// What the run violated, a clause for each violation.
fn violations(settled: &Settled, harness: &Harness, outcomes: &[Outcome]) -> Vec<String> {
    // Whose frames are read wrongly is not blamed for what did not come.
    let paths = if harness.misread {
        [None, None, None]
    } else {
        [unverified(settled), stopped(settled), denied(settled)]
    };
    paths
        .into_iter()
        .flatten()
        .chain(harness.violations.iter().cloned())
        .chain(outcomes.iter().filter_map(|outcome| outcome.why.clone()))
        .collect()
}

fn unverified(settled: &Settled) -> Option<String> {
    let paths = settled.unverified_paths.iter().map(|path| (path.publisher, path.subscriber));
    let named = named(paths)?;
    Some(match settled.unverified_paths.len() {
        all if settled.nodes_apart => format!(
            "your nodes do not hear each other: {} paths never worked, not even before the load, all of them between \
             different nodes",
            grouped(all as u64)
        ),
        1 => format!("a path never worked, not even before the load: {named}"),
        all => format!("{} paths never worked, not even before the load: {named}", grouped(all as u64)),
    })
}

fn stopped(settled: &Settled) -> Option<String> {
    let paths = settled.stopped_paths.iter().map(|path| (path.publisher, path.subscriber));
    let (named, first) = (named(paths)?, settled.stopped_paths.first()?);
    let since = seconds(Duration::from_millis(first.since_ms));
    Some(match settled.stopped_paths.len() {
        1 => format!("a path stopped working at {since}: {named}"),
        all => format!("{} paths stopped working, the first at {since}: {named}", grouped(all as u64)),
    })
}

/// A server that says that it has brought everything, and has not, breaks its word whatever was expected.
fn denied(settled: &Settled) -> Option<String> {
    let (what, were) = match settled.denied {
        0 => return None,
        1 => ("a delivery".to_owned(), "was"),
        denied => (format!("{} deliveries", grouped(denied)), "were"),
    };
    let after = "after a replay that said it had brought everything (`recovered: all`)";
    Some(format!("{what} had been acknowledged and {were} missing {after}"))
}

/// The names of the first paths, and the number of the others; `None` without any path.
fn named(paths: impl ExactSizeIterator<Item = (usize, usize)>) -> Option<String> {
    let all = paths.len();
    let name = |(publisher, subscriber)| format!("publisher {publisher} to subscriber {subscriber}");
    let first: Vec<_> = paths.take(PATHS_NAMED).map(name).collect();
    let first = first.join(", ");
    match all {
        0 => None,
        _ if all <= PATHS_NAMED => Some(first),
        _ => Some(format!("{first} and {} more", grouped((all - PATHS_NAMED) as u64))),
    }
}

/// Remarks on what no expectation may have asked for, and a reader should know all the same.
fn remarks(settled: &Settled, harness: &Harness) -> Vec<String> {
    let remark = |count: u64, one: &str, many: &str| match count {
        0 => None,
        1 => Some(one.to_owned()),
        count => Some(format!("{} {many}", grouped(count))),
    };
    let late =
        [&harness.publish_delay, &harness.loop_lag].iter().any(|lateness| too_late_us(lateness).is_some());
    let unsent = match harness.overruns {
        0 if !late => remark(
            settled.messages.unsent,
            "a message was never sent: its publisher had no connection until the end",
            "messages were never sent: their publishers had no connection until the end",
        ),
        // If the harness was late or a queue overflowed, nobody knows which publishers had no connection and which were
        // not told to send, or not in time.
        _ => remark(settled.messages.unsent, "a message was never sent", "messages were never sent"),
    };
    let contradictions = settled.contradictions;
    [
        unsent,
        remark(
            contradictions.unknown_after_ack,
            "a message was answered with `unknown` after it had been acknowledged",
            "messages were answered with `unknown` after they had been acknowledged",
        ),
        remark(
            contradictions.refused_after_ack,
            "a message was refused after it had been acknowledged",
            "messages were refused after they had been acknowledged",
        ),
        remark(
            contradictions.ack_after_refused,
            "a message was acknowledged after it had been refused",
            "messages were acknowledged after they had been refused",
        ),
        remark(settled.counts.corrupted, "a receipt was corrupted", "receipts were corrupted"),
        remark(
            settled.counts.unexpected,
            "a receipt was unexpected: never sent, or not to that room",
            "receipts were unexpected: never sent, or not to that room",
        ),
        remark(settled.counts.foreign, "a receipt came from another run", "receipts came from other runs"),
    ]
    .into_iter()
    .flatten()
    .chain(before_the_load(settled))
    .collect()
}

/// Remarks on what came before the measured load.
fn before_the_load(settled: &Settled) -> impl Iterator<Item = String> {
    let BeforeLoad { unexpected, corrupted, foreign } = settled.before;
    let remark = |count: u64, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("before the load, a receipt {one}")),
        count => Some(format!("before the load, {} receipts {many}", grouped(count))),
    };
    [
        remark(corrupted, "was corrupted", "were corrupted"),
        remark(
            unexpected,
            "was unexpected: never sent, or not to that room",
            "were unexpected: never sent, or not to that room",
        ),
        remark(foreign, "came from another run", "came from other runs"),
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
