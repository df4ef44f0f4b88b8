//! The verdict on one run.
//!
//! First the harness judges itself. If it was the bottleneck, the run is inconclusive whatever the figures say:
//! a loss that the harness may have made itself proves nothing against a pattern, and a good figure proves
//! nothing for it. What would have been a violation still stands in `why`, after the reason.
//!
//! Lateness short of that only marks the latency as `harness_limited`, and changes no verdict.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::{Figure, Harness, Path, Settled, grouped};
use crate::scenario::{Bound, Expectation, FIGURES};

/// What a run proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every expectation was met.
    Valid,
    /// An expectation was not met, or a path never worked.
    Violated,
    /// The harness itself was the bottleneck, or evidence is missing.
    Inconclusive,
    /// The fault's target does not exist in this pattern, so the run was not made.
    NotApplicable,
}

/// A verdict and its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// What the run proves.
    pub verdict: Verdict,
    /// A clause for each reason, the ones that decided first.
    pub why: Vec<String>,
    /// The latency is as much the harness's as the pattern's.
    pub harness_limited: bool,
}

/// The harness's median may be this late, in microseconds, before it limits the latency.
const LIMITED_MEDIAN_US: u64 = 500;
/// Its 99th percentile may be this late, in microseconds, before the run proves nothing.
const INCONCLUSIVE_P99_US: u64 = 50_000;
/// So many unverified paths are named one by one.
const PATHS_NAMED: usize = 3;

/// Judges a run by the expectations of its pattern.
pub fn judge(settled: &Settled, harness: &Harness, expectations: &[Expectation]) -> Judgement {
    let mut why = doubts(settled, harness);
    let doubtful = !why.is_empty();
    let violations = violations(settled, expectations);
    let verdict = match (doubtful, violations.is_empty()) {
        (true, _) => Verdict::Inconclusive,
        (false, false) => Verdict::Violated,
        (false, true) => Verdict::Valid,
    };
    why.extend(violations);
    why.extend(remarks(settled, harness));
    why.extend(harness.notes.iter().cloned());
    let limited = |histogram| limits(histogram, &settled.latency);
    Judgement { verdict, why, harness_limited: limited(&harness.publish_delay) || limited(&harness.loop_lag) }
}

/// Whether the harness's lateness is too large a part of the latency.
fn limits(lateness: &Histogram<u64>, latency: &Histogram<u64>) -> bool {
    let share = !latency.is_empty()
        && lateness.value_at_quantile(0.99).saturating_mul(10) > latency.value_at_quantile(0.99);
    !lateness.is_empty() && (share || lateness.value_at_quantile(0.5) > LIMITED_MEDIAN_US)
}

/// Why the run proves nothing.
fn doubts(settled: &Settled, harness: &Harness) -> Vec<String> {
    let mut doubts = harness.problems.clone();
    for (what, lateness) in [("published", &harness.publish_delay), ("received", &harness.loop_lag)] {
        let p99 = lateness.value_at_quantile(0.99);
        if p99 > INCONCLUSIVE_P99_US {
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

/// What the run violated.
fn violations(settled: &Settled, expectations: &[Expectation]) -> Vec<String> {
    let paths = unverified(&settled.unverified_paths);
    paths
        .into_iter()
        .chain(expectations.iter().filter_map(|expectation| violation(settled, expectation)))
        .collect()
}

fn unverified(paths: &[Path]) -> Option<String> {
    let name = |path: &Path| format!("publisher {} to subscriber {}", path.publisher, path.subscriber);
    let named: Vec<_> = paths.iter().take(PATHS_NAMED).map(name).collect();
    let named = named.join(", ");
    match paths.len() {
        0 => None,
        1 => Some(format!("a path never worked, not even before the load: {named}")),
        all if all <= PATHS_NAMED => {
            Some(format!("{all} paths never worked, not even before the load: {named}"))
        }
        all => {
            let more = all - PATHS_NAMED;
            Some(format!("{all} paths never worked, not even before the load: {named} and {more} more"))
        }
    }
}

fn violation(settled: &Settled, expectation: &Expectation) -> Option<String> {
    let (name, bound) = (expectation.figure.as_str(), expectation.bound);
    let expected = in_words(bound);
    if !FIGURES.contains(&name) {
        return Some(format!("`{name}` is not a figure of a run, expected {expected}"));
    }
    let Some(figure) = settled.figure(name) else {
        return match nothing(settled, name) {
            Nothing::ToRecoverFrom if bound.holds(0.0) => None,
            Nothing::ToRecoverFrom => {
                Some(format!("{name} does not exist (no debt was harmed), expected {expected}"))
            }
            Nothing::ToShow(why) => Some(format!("{name} does not exist ({why}), expected {expected}")),
        };
    };
    let with_unsent = count_unsent(settled, name, figure);
    if bound.holds(with_unsent.value()) {
        return None;
    }
    if with_unsent == figure {
        return Some(format!("{name} is {figure}, expected {expected}"));
    }
    let debts = grouped(settled.unsent_debts);
    Some(format!("{name} is {with_unsent} with the {debts} debts of unsent messages, expected {expected}"))
}

/// Why a figure does not exist.
enum Nothing {
    /// No debt was harmed: as good as 0 for every bound.
    ToRecoverFrom,
    /// The evidence is missing.
    ToShow(&'static str),
}

fn nothing(settled: &Settled, name: &str) -> Nothing {
    match name {
        "impact_ms" | "recovery_ms" if settled.impact_ms.is_none() => Nothing::ToRecoverFrom,
        "recovery_ms" | "ready_ms" => Nothing::ToShow("no fault was healed"),
        "on_time" => Nothing::ToShow("nothing was owed"),
        _ => Nothing::ToShow("nothing was delivered"),
    }
}

/// Unsent messages count as failed in every expectation on loss, and on what came on time.
fn count_unsent(settled: &Settled, name: &str, figure: Figure) -> Figure {
    match (name, figure) {
        (_, figure) if settled.unsent_debts == 0 => figure,
        ("lost_no_path", figure) => figure,
        (name, Figure::Count(lost)) if name.starts_with("lost") => Figure::Count(lost + settled.unsent_debts),
        ("on_time", Figure::Share(_)) => {
            Figure::Share(settled.on_time as f64 / (settled.debts.owed + settled.unsent_debts) as f64)
        }
        (_, figure) => figure,
    }
}

fn in_words(bound: Bound) -> String {
    match bound {
        Bound::Equal(expected) => number(expected),
        Bound::AtMost(most) => format!("at most {}", number(most)),
        Bound::AtLeast(least) => format!("at least {}", number(least)),
        Bound::Below(limit) => format!("less than {}", number(limit)),
        Bound::Above(limit) => format!("more than {}", number(limit)),
    }
}

fn number(value: f64) -> String {
    if value.fract() == 0.0 && (0.0..1e15).contains(&value) {
        grouped(value as u64)
    } else {
        value.to_string()
    }
}

/// What no expectation may have asked for, and a reader should know all the same.
fn remarks(settled: &Settled, harness: &Harness) -> Vec<String> {
    let remark = |count: u64, one: &str, many: &str| match count {
        0 => None,
        1 => Some(one.to_owned()),
        count => Some(format!("{} {many}", grouped(count))),
    };
    let unsent = match harness.overruns {
        0 => remark(
            settled.messages.unsent,
            "a message was never sent: its publisher had no connection until the end",
            "messages were never sent: their publishers had no connection until the end",
        ),
        // Who had a connection and who was not told to send, nobody knows then.
        _ => remark(settled.messages.unsent, "a message was never sent", "messages were never sent"),
    };
    [
        unsent,
        remark(settled.corrupted, "a receipt was corrupted", "receipts were corrupted"),
        remark(
            settled.unexpected,
            "a receipt was unexpected: never sent, or not to that room",
            "receipts were unexpected: never sent, or not to that room",
        ),
        remark(settled.foreign, "a receipt came from another run", "receipts came from other runs"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
