//! One expectation, held against a run.

use std::time::Duration;

use super::figure::{Figure, grouped, number};
use super::harness::Harness;
use super::outcome::Outcome;
use super::settled::Settled;
use scenario::{Bound, Expectation, FigureKind, figure_base, figure_kind};

/// Decides what became of an expectation.
pub(super) fn outcome(settled: &Settled, harness: &Harness, expectation: &Expectation) -> Outcome {
    let name = expectation.figure.as_str();
    let outcome = Outcome {
        expectation: expectation.to_string(),
        figure: name.to_owned(),
        value: None,
        met: true,
        why: None,
        from_ms: None,
        to_ms: None,
    };
    let violated = |why: String| Outcome { met: false, why: Some(why), ..outcome.clone() };
    let Some(kind) = figure_kind(name) else {
        let expected = in_words(expectation.bound, FigureKind::Count);
        return violated(format!("`{name}` is not a figure of a run, expected {expected}"));
    };
    let (base, bound) = (figure_base(name), expectation.bound.in_millis(kind));
    let expected = in_words(bound, kind);
    let Some(figure) = settled.figure(base).or_else(|| harness.figure(base)) else {
        return match nothing(settled, base) {
            Nothing::ToRecoverFrom if bound.holds(0.0) => outcome,
            Nothing::ToRecoverFrom => {
                violated(format!("{name} does not exist (no debt was harmed), expected {expected}"))
            }
            Nothing::ToShow(why) => violated(format!("{name} does not exist ({why}), expected {expected}")),
        };
    };
    let counted = count_unsent(settled, base, figure);
    let value = counted.value();
    if bound.holds(value) {
        return Outcome { value: Some(value), ..outcome };
    }
    let mut why = format!("{name} is {}", counted.in_words(kind));
    if counted != figure {
        why += &format!(" with the {} debts of unsent messages", grouped(settled.unsent_debts));
    }
    why += &format!(", expected {expected}");
    let when = settled.went_wrong(base, value, bound);
    if let Some((from, to)) = when {
        why += &format!(" ({})", stretch(from, to));
    }
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Outcome {
        value: Some(value),
        from_ms: when.map(|(from, _)| ms(from)),
        to_ms: when.map(|(_, to)| ms(to)),
        ..violated(why)
    }
}

/// A stretch of time since the load began, in words: `from 5.1 s to 9.9 s`, or `at 5.1 s` where it is a moment.
fn stretch(from: Duration, to: Duration) -> String {
    let (from, to) = (seconds(from), seconds(to));
    if from == to { format!("at {from}") } else { format!("from {from} to {to}") }
}

/// A moment since the load began, in words: `5.1 s`.
pub(super) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// Why a figure does not exist.
enum Nothing {
    /// No debt was harmed, so there was nothing to recover from: as good as 0 for every bound.
    ToRecoverFrom,
    /// The evidence for the figure is missing, for this reason.
    ToShow(&'static str),
}

fn nothing(settled: &Settled, base: &str) -> Nothing {
    match base {
        "impact" | "recovery" if settled.impact_ms.is_none() => Nothing::ToRecoverFrom,
        "recovery" | "ready" => Nothing::ToShow("no fault was healed"),
        "on_time" | "lost_share" => Nothing::ToShow("nothing was owed"),
        _ if base.starts_with("recovered_") => Nothing::ToShow("nothing was replayed"),
        _ if base.starts_with("publish_delay_") => Nothing::ToShow("nothing was published"),
        _ if base.starts_with("loop_lag_") => Nothing::ToShow("it was not measured"),
        _ => Nothing::ToShow("nothing was delivered"),
    }
}

/// Counts unsent messages as failed, in every expectation on loss and on what came on time.
fn count_unsent(settled: &Settled, base: &str, figure: Figure) -> Figure {
    let unsent = settled.unsent_debts;
    let all = (settled.debts.owed + unsent) as f64;
    match (base, figure) {
        ("lost_no_path", figure) => figure,
        ("lost_share", _) => Figure::Share((settled.debts.lost + unsent) as f64 / all),
        ("on_time", _) => Figure::Share(settled.on_time as f64 / all),
        (name, Figure::Count(lost)) if name.starts_with("lost") => Figure::Count(lost + unsent),
        (_, figure) => figure,
    }
}

fn in_words(bound: Bound, kind: FigureKind) -> String {
    let number = |n| number(n, kind);
    match bound {
        Bound::Equal(expected) => number(expected),
        Bound::AtMost(most) => format!("at most {}", number(most)),
        Bound::AtLeast(least) => format!("at least {}", number(least)),
        Bound::Below(limit) => format!("less than {}", number(limit)),
        Bound::Above(limit) => format!("more than {}", number(limit)),
        Bound::Between(low, high) => format!("{} to {}", number(low), number(high)),
    }
}
