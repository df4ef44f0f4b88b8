//! What a run teaches about a pattern by a split that nobody is told of, as a teacher would say it. The figures decide
//! whether it is said at all: a sentence stands only where the run shows what it says.

use super::fault_words::{is_deliberate, is_silent_split};
use super::numbers::{counted, span};
use super::{FaultReport, RunReport};
use ledger::{Debts, Messages};
use scenario::{Held, Pattern};

/// The lesson of a run whose faults were all such splits; empty for another run.
pub(super) fn lesson(run: &RunReport, messages: &Messages, debts: &Debts) -> String {
    let faults: Vec<_> = run.faults.iter().filter(|fault| !is_deliberate(fault)).collect();
    if faults.is_empty() || !faults.iter().all(|fault| is_silent_split(fault)) {
        return String::new();
    }
    let Some(pattern) = Pattern::named(&run.pattern) else { return String::new() };
    let said = match pattern.held() {
        Held::NoWay => Vec::new(),
        Held::Lost => lost(pattern.broker().unwrap_or("the broker"), messages, debts),
        Held::InSockets => in_sockets(run, debts, &faults),
        Held::InQueues => in_queues(run, debts),
    };
    said.join(" ")
}

/// The lesson of a pattern without a broker, and without a heartbeat that a user sees: each side goes on, and each
/// socket keeps what it cannot deliver.
fn in_sockets(run: &RunReport, debts: &Debts, faults: &[&FaultReport]) -> Vec<String> {
    let mut said = Vec::new();
    let meanwhile = received_during(run, faults);
    if meanwhile > 0 {
        let came = counted(meanwhile, "delivery", "deliveries");
        said.push(format!(
            "Those who could still hear each other went on among themselves ({came} meanwhile)."
        ));
    }
    let (late, lost) = (debts.late(), debts.lost_handed.saturating_sub(debts.lost_no_path));
    let waited = "waited in buffers and high-water-mark queues";
    match (late, lost) {
        (0, 0) => {}
        (0, _) => said.push("What should have crossed was dropped.".into()),
        (_, 0) => said.push(format!("What should have crossed {waited}, and came late{}.", at_most(run))),
        _ => said.push(format!(
            "What should have crossed {waited}: a part of it came late{}, a part was dropped.",
            at_most(run)
        )),
    }
    said
}

/// The lesson of a broker that forgets: who is cut off learns it from its own heartbeat, and until then from nothing.
fn lost(broker: &str, messages: &Messages, debts: &Debts) -> Vec<String> {
    let mut said = Vec::new();
    let late = "Some messages got no certain answer: a node that is cut off notices only when its calls or its \
                heartbeat time out";
    match (messages.unknown, messages.refused) {
        (0, 0) => {}
        (0, _) => said.push("The node that was cut off knew it, and refused.".to_owned()),
        (_, 0) => said.push(format!("{late}.")),
        _ => said.push(format!("{late}, and refuses from then on.")),
    }
    if debts.lost_handed > debts.lost_no_path && debts.lost_online > 0 {
        said.push(format!(
            "What {broker} took and could not pass on was lost, and nobody noticed: neither who sent it nor who \
             missed it."
        ));
    }
    said
}

/// The lesson of a durable broker: what cannot pass waits on both sides of the split.
fn in_queues(run: &RunReport, debts: &Debts) -> Vec<String> {
    let waited = debts.late() + debts.recovered;
    if waited == 0 {
        return Vec::new();
    }
    let how = match (debts.late(), debts.recovered) {
        (0, _) => "came by replay".to_owned(),
        (_, 0) => format!("came late{}", at_most(run)),
        _ => format!("came late{} or by replay", at_most(run)),
    };
    let begin = if debts.lost == 0 { "Nothing was lost: what" } else { "What" };
    vec![format!("{begin} could not pass waited in an outbox or a queue, and {how}.")]
}

/// The longest latency as a clause: `, the last of it after 5.1 s`.
fn at_most(run: &RunReport) -> String {
    run.latency_us.map(|latency| format!(", after {} at most", span(latency.max))).unwrap_or_default()
}

/// Number of receipts in the slices that lie within a fault, except its first second: what was under way may still come
/// then.
fn received_during(run: &RunReport, faults: &[&FaultReport]) -> u64 {
    const SETTLED_MS: u64 = 1_000;
    const SLICE_MS: u64 = 100;
    let last = run.timeline.iter().rposition(|slice| slice.sent > 0).map_or(0, |at| run.timeline[at].at_ms);
    let within = |at_ms: u64| {
        faults.iter().any(|fault| {
            let end = fault.heal_begin_ms.unwrap_or(last);
            at_ms >= fault.begin_ms + SETTLED_MS && at_ms + SLICE_MS <= end
        })
    };
    run.timeline.iter().filter(|slice| within(slice.at_ms)).map(|slice| slice.received).sum()
}

#[cfg(test)]
#[path = "lesson_tests.rs"]
mod tests;
