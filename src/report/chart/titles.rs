//! The titles of the pictures: each says what the figures say, and no more. Where they say nothing that is worth a
//! sentence, the title says what is shown.

use super::lettering::readable;
use crate::label::Names;
use crate::numbers::{counted, share, span};
use crate::{FaultReport, Report, RunReport};
use ledger::{Debts, Slice, grouped};
use scenario::listed;
use scenario::{Fault, Target};

/// The most runs of which a title tells one by one.
const MOST_NAMED: usize = 3;
/// Numbers that stand as words, from one on.
const WORDS: [&str; 12] =
    ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

/// The title of what became of the debts.
pub(super) fn debts(report: &Report) -> String {
    let (names, runs) = (Names::of_all(report), owing(report));
    let plain = "On time, late, recovered, lost".to_owned();
    // The last debts of a run that was cut short are open, not lost.
    if runs.is_empty() || runs.iter().any(|(run, _)| run.partial) {
        return plain;
    }
    let losers: Vec<_> = runs.iter().filter(|(_, debts)| debts.lost > 0).collect();
    let worst = losers.iter().max_by_key(|(_, debts)| debts.lost);
    let title = match (worst, losers.len()) {
        (None, _) => nothing_lost(&runs),
        (Some((run, debts)), 1) => {
            let others = runs.iter().filter(|(other, _)| other.id != run.id).map(|(run, _)| names.whole(run));
            let others: Vec<_> = others.collect();
            let none = match others.len() {
                0 => String::new(),
                1..=MOST_NAMED => format!("; {} lost none", listed(&others)),
                _ => "; the others lost none".into(),
            };
            let what = whole_fault(run).unwrap_or_else(|| lost_of_all(debts));
            format!("{} lost {what}{none}", names.whole(run))
        }
        (Some((run, debts)), many) => {
            let which = match runs.len() {
                2 => "Both runs".to_owned(),
                all if all == many => format!("All {all} runs"),
                all => format!("{many} of {all} runs"),
            };
            format!("{which} lost deliveries, {} the most: {}", names.whole(run), lost_of_all(debts))
        }
    };
    readable(&title)
}

/// The runs with debts, and those.
fn owing(report: &Report) -> Vec<(&RunReport, Debts)> {
    report.runs.iter().filter_map(|run| Some((run, run.debts.filter(|debts| debts.owed > 0)?))).collect()
}

fn lost_of_all(debts: &Debts) -> String {
    let all = counted(debts.owed, "delivery", "deliveries");
    format!("{} of {all} ({})", grouped(debts.lost), share(debts.lost, debts.owed))
}

fn nothing_lost(runs: &[(&RunReport, Debts)]) -> String {
    let owed: u64 = runs.iter().map(|(_, debts)| debts.owed).sum();
    let on_time: u64 = runs.iter().map(|(_, debts)| debts.on_time).sum();
    match owed.saturating_sub(on_time) {
        0 => "Every delivery that was owed came within a second".into(),
        late => {
            let all = counted(owed, "delivery", "deliveries");
            format!("No delivery was lost, but {} of {all} came late or by replay", grouped(late))
        }
    }
}

/// The words for a loss of all that was due while the run's only fault held; `None` if something of that came.
fn whole_fault(run: &RunReport) -> Option<String> {
    let [fault] = &run.faults[..] else { return None };
    let (from, to) = (fault.begin_ms, fault.heal_begin_ms?);
    let within = |slice: &&Slice| slice.at_ms >= from && slice.at_ms + 100 <= to;
    let came = |slice: &Slice| slice.delivered + slice.recovered > 0;
    let (mut lost, mut without) = (0, 0);
    for slice in run.timeline.iter().filter(within) {
        if came(slice) {
            return None;
        }
        (lost, without) = (lost + slice.lost, without + u64::from(slice.lost == 0));
    }
    // A fault of clients may keep most of them from being owed anything.
    (lost > 0 && without == 0).then(|| format!("every delivery of the {}", during(fault, to - from)))
}

/// The time of a fault in words: `five seconds without a broker`.
fn during(fault: &FaultReport, ms: u64) -> String {
    let seconds = usize::try_from((ms + 500) / 1_000).unwrap_or(0);
    let whole = (seconds as u64 * 1_000).abs_diff(ms) < 50;
    let time = match seconds.checked_sub(1).and_then(|at| WORDS.get(at)).filter(|_| whole) {
        Some(word) if seconds == 1 => format!("{word} second"),
        Some(word) => format!("{word} seconds"),
        None => span(ms * 1_000),
    };
    // What is paused is there.
    let away = |planned: &&Fault| planned.action.is_of_process() && !planned.action.is_instant();
    match fault.planned.as_ref().filter(away).map(|planned| &planned.target) {
        Some(Target::Broker) => format!("{time} without a broker"),
        _ => format!("{time} of `{}`", fault.what),
    }
}

/// The title of latency over time.
pub(super) fn latency(report: &Report) -> String {
    each(report, "The slowest delivery", "Latency over time", |run| Some(run.latency_us?.max))
}

/// The title of the percentile curves.
pub(super) fn percentiles(report: &Report) -> String {
    each(report, "99% of the deliveries came within", "Latency by percentile", |run| {
        Some(run.latency_us?.p99)
    })
}

/// The title of the fan-out.
pub(super) fn fan_out(report: &Report) -> String {
    let plain = "From the first recipient to the last";
    each(report, "From the first recipient to the last, at most", plain, |run| Some(run.fan_out_us?.max))
}

/// A title with a time for each run, or with the longest where there are many: `The slowest delivery: redis 7.6 ms`.
fn each(report: &Report, what: &str, plain: &str, of: impl Fn(&RunReport) -> Option<u64>) -> String {
    let names = Names::of_all(report);
    let mut times: Vec<_> = report.runs.iter().filter_map(|run| Some((run, of(run)?))).collect();
    let many = times.len();
    if many > MOST_NAMED {
        times.sort_by_key(|(_, us)| std::cmp::Reverse(*us));
        times.truncate(1);
    }
    // Where the load generator itself was late, a latency is an upper bound.
    let time = |(run, us): &(&RunReport, u64)| {
        format!("{}{}", if run.harness_limited { "≤" } else { "" }, span(*us))
    };
    let words = |timed: &(&RunReport, u64)| format!("{} {}", names.whole(timed.0), time(timed));
    match (&times[..], many) {
        ([], _) => plain.into(),
        ([only], 1) => readable(&format!("{what}: {}", time(only))),
        (several, 0..=MOST_NAMED) => {
            readable(&format!("{what}: {}", several.iter().map(words).collect::<Vec<_>>().join(", ")))
        }
        (slowest, _) => readable(&format!("{what}: up to {}", words(&slowest[0]))),
    }
}

/// The title of the map of latency and loss.
pub(super) fn heat(report: &Report) -> String {
    let runs = owing(report);
    let sum = |of: fn(&Debts) -> u64| runs.iter().map(|(_, debts)| of(debts)).sum::<u64>();
    let (owed, lost) = (sum(|debts| debts.owed), sum(|debts| debts.lost));
    let came = match lost {
        0 => "none was lost".to_owned(),
        lost => format!("{} of {} never came", grouped(lost), grouped(owed)),
    };
    format!("Every delivery by time and latency: {came}")
}

/// The title of the subscribers online.
pub(super) fn online(report: &Report) -> String {
    let names = Names::of_all(report);
    let counts = |run: &RunReport| run.timeline.iter().filter_map(|slice| slice.online).collect::<Vec<_>>();
    let mut moved = report
        .runs
        .iter()
        .map(|run| (run, counts(run)))
        .filter(|(_, counts)| counts.iter().min() < counts.iter().max());
    let (Some((run, counts)), None) = (moved.next(), moved.next()) else {
        return "Subscribers online".into();
    };
    let (least, most) =
        (counts.iter().min().copied().unwrap_or(0), counts.iter().max().copied().unwrap_or(0));
    readable(&format!(
        "{}: from {least} to {} online",
        names.whole(run),
        counted(most, "subscriber", "subscribers")
    ))
}

/// The title of the losses by node: whose subscribers lost them, said once for all runs of which it is true alike.
pub(super) fn losses(report: &Report) -> String {
    let plain = || "Who lost what".to_owned();
    let names = Names::of_all(report);
    let losers = report.runs.iter().filter(|run| run.timeline.iter().any(|slice| slice.lost > 0));
    let said: Option<Vec<_>> = losers.map(|run| Some((names.whole(run), by_node(run)?))).collect();
    let Some(said) = said else { return plain() };
    let same = said.windows(2).all(|two| two[0].1 == two[1].1);
    let title = match &said[..] {
        [] => return plain(),
        all if same && all.len() <= MOST_NAMED => {
            let names: Vec<_> = all.iter().map(|(name, _)| name.clone()).collect();
            format!("{}: {}", listed(&names), all[0].1)
        }
        all if same => {
            let mut letters = all[0].1.chars();
            let first = letters.next().into_iter().flat_map(char::to_uppercase);
            format!("{}, in each of {} runs", first.chain(letters).collect::<String>(), all.len())
        }
        [one, other] => format!("{}: {}; {}: {}", one.0, one.1, other.0, other.1),
        _ => return plain(),
    };
    readable(&title)
}

/// The clause on the nodes whose subscribers lost messages in a run; `None` where no node stands out.
fn by_node(run: &RunReport) -> Option<String> {
    let mut by_node: Vec<u64> = Vec::new();
    for slice in &run.timeline {
        by_node.resize(by_node.len().max(slice.lost_by_node.len()), 0);
        by_node.iter_mut().zip(&slice.lost_by_node).for_each(|(sum, lost)| *sum += lost);
    }
    if by_node.len() < 2 {
        return None;
    }
    let (most, least) = (by_node.iter().max().copied()?, by_node.iter().min().copied()?);
    let hit: Vec<_> = by_node.iter().enumerate().filter(|(_, lost)| **lost > 0).collect();
    let at_most: Vec<_> = hit.iter().filter(|(_, lost)| **lost == most).collect();
    match (&hit[..], &at_most[..]) {
        ([(node, _)], _) => Some(format!("only subscribers of node {node} lost messages")),
        _ if least > 0 && most - least <= most / 10 => {
            Some("the subscribers of all nodes lost about as much".into())
        }
        (_, [(node, _)]) => Some(format!("subscribers of node {node} lost the most")),
        _ => None,
    }
}

#[cfg(test)]
#[path = "titles_tests.rs"]
mod tests;
