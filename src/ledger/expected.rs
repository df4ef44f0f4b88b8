//! One expectation, held against a run.

use std::time::Duration;

use super::figure_value::{FigureValue, grouped, number};
use super::harness::Harness;
use super::outcome::Outcome;
use super::settled::Settled;
use super::source::FigureSource;
use scenario::{Bound, Cost, Distribution, Expectation, Figure, FigureKind, Share, Time};

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
    let Some((figure, kind)) = Figure::named(name) else {
        let expected = in_words(expectation.bound, FigureKind::Count);
        return violated(format!("`{name}` is not a figure of a run, expected {expected}"));
    };
    let bound = expectation.bound.in_millis(kind);
    let expected = in_words(bound, kind);
    let of_harness = || match figure {
        Figure::Quantile(of, quantile) => harness.quantile_us(of, quantile).map(FigureValue::Micros),
        _ => None,
    };
    let read = settled.value(figure).or_else(of_harness);
    let Some(counted) = count_unsent(settled, figure, read) else {
        return match nothing(settled, figure) {
            Nothing::ToRecoverFrom(_) if bound.holds(0.0) => outcome,
            Nothing::ToRecoverFrom(why) => {
                violated(format!("{name} does not exist ({why}), expected {expected}"))
            }
            Nothing::ToShow(why) => at(
                settled
                    .harmed()
                    .filter(|_| settled.times.not_recovered && figure == Figure::Time(Time::Recovery)),
                violated(format!("{name} does not exist ({why}), expected {expected}")),
            ),
        };
    };
    let value = counted.value();
    if bound.holds(value) {
        return Outcome { value: Some(value), ..outcome };
    }
    let mut why = format!("{name} is {}", counted.in_words(kind));
    if read.is_none_or(|read| read.value() != value) {
        why += &format!(" with the {} debts of unsent messages", grouped(settled.counts.unsent_debts));
    }
    why += &format!(", expected {expected}");
    let when = settled.went_wrong(figure, value, bound);
    if let Some((from, to)) = when {
        why += &format!(" ({})", stretch(from, to));
    }
    at(when, Outcome { value: Some(value), ..violated(why) })
}

/// The outcome with the time in which the figure went wrong.
fn at(when: Option<(Duration, Duration)>, outcome: Outcome) -> Outcome {
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Outcome { from_ms: when.map(|(from, _)| ms(from)), to_ms: when.map(|(_, to)| ms(to)), ..outcome }
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
    /// There was nothing to recover from, for this reason: as good as 0 for every bound.
    ToRecoverFrom(&'static str),
    /// The evidence for the figure is missing, for this reason.
    ToShow(&'static str),
}

fn nothing(settled: &Settled, figure: Figure) -> Nothing {
    Nothing::ToShow(match figure {
        Figure::Time(Time::Impact | Time::Recovery) if settled.times.impact_ms.is_none() => {
            return Nothing::ToRecoverFrom("no debt was harmed");
        }
        Figure::Presence(_) if settled.presence.is_none() => "nobody watched: `presence` is false",
        Figure::Presence(_) if settled.presence.is_some_and(|presence| !presence.not_settled) => {
            return Nothing::ToRecoverFrom("no fault struck");
        }
        Figure::Presence(_) => "some list was wrong until the end",
        Figure::Time(Time::Recovery) if settled.times.not_recovered => "not well again before the load ended",
        Figure::Time(Time::Recovery) if settled.moments.healing => {
            "no message was due after the last healing began"
        }
        Figure::Time(_) => "no fault was healed",
        Figure::Cost(Cost::NodesCpuUsPerDelivery)
            if settled.cost.as_ref().is_some_and(|cost| cost.nodes.is_none()) =>
        {
            "no node that the lab started was measured"
        }
        Figure::Cost(Cost::CpuUsPerDelivery | Cost::NodesCpuUsPerDelivery) if settled.cost.is_some() => {
            "nothing was received"
        }
        Figure::Traffic(_) if settled.traffic.is_some() => "nothing was received",
        Figure::Traffic(_) => "nobody counted it",
        Figure::Cost(_) => "no process that the lab started was measured",
        Figure::Share(_) => "nothing was owed",
        Figure::Count(_) => "nobody counted it",
        Figure::Quantile(Distribution::Latency | Distribution::Service | Distribution::FanOut, _) => {
            "nothing was delivered"
        }
        Figure::Quantile(Distribution::Recovered, _) => "nothing was replayed",
        Figure::Quantile(Distribution::PublishDelay, _) => "nothing was published",
        Figure::Quantile(Distribution::LoopLag, _) => "it was not measured",
    })
}

/// Counts the debts of unsent messages as if they had been sent and lost, in every expectation on a figure to which that
/// matters. A share of nothing that was owed exists if there are such debts.
fn count_unsent(settled: &Settled, figure: Figure, value: Option<FigureValue>) -> Option<FigureValue> {
    let unsent = settled.counts.unsent_debts;
    if unsent == 0 || !figure.counts_unsent() {
        return value;
    }
    match (figure, value) {
        (Figure::Share(share), value) => {
            let (part, whole) = match value {
                Some(FigureValue::Share { part, whole }) => (part, whole),
                _ => (0, 0),
            };
            let unsent_part = if share == Share::OnTime { 0 } else { unsent };
            Some(FigureValue::Share { part: part + unsent_part, whole: whole + unsent })
        }
        (_, Some(FigureValue::Count(lost))) => Some(FigureValue::Count(lost + unsent)),
        _ => value,
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
