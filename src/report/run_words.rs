//! What happened in one run, in plain words, derived from its figures alone.

use super::answers::{self, has_no_answers};
use super::fault_words::{breaks, end_of, is_deliberate, meanwhile};
use super::interrupted;
use super::label::Names;
use super::lesson::lesson;
use super::numbers::{counted, span};
use super::payers;
use super::phrases::{listed, of_deliveries, out_of_reach, reasons, were};
use super::{FaultReport, RunReport};
use ledger::{Debts, Messages, Verdict, grouped};
use scenario::Pattern;

/// A sentence or more on what happened in one run.
pub(super) fn sentence(run: &RunReport, names: Names) -> String {
    format!("{}: {}", names.whole(run), said(run))
}

fn said(run: &RunReport) -> String {
    if run.partial {
        return interrupted::of_run(run);
    }
    let (Some(messages), Some(debts)) = (&run.messages, &run.debts) else {
        let missing = "what the fault strikes does not exist there";
        return format!("was not run, because {}.", run.why.first().map_or(missing, |why| why.as_str()));
    };
    if run.verdict == Verdict::Inconclusive {
        let why = run.why.first().map_or("the evidence is missing", |why| why.as_str());
        return format!("inconclusive, because {why}. Its figures prove nothing.");
    }
    let mut said = vec![
        format!("{}.", fate(run, messages, debts)),
        aside(run, debts),
        payers::sentence(run),
        lesson(run, messages, debts),
        recovery(run),
        latency(run),
    ];
    if !run.why.is_empty() {
        let word = if run.verdict == Verdict::Violated { "Violated" } else { "Note" };
        said.push(format!("{word}: {}.", reasons(&run.why)));
    }
    said.retain(|sentence| !sentence.is_empty());
    said.join(" ")
}

/// A clause on what became of the messages, and whom they reached.
fn fate(run: &RunReport, messages: &Messages, debts: &Debts) -> String {
    if has_no_answers(run, messages) {
        return answers::fate(messages, debts, meanwhile(&breaking(run)).as_deref());
    }
    let failed = failed(messages);
    // A debt without a path is nobody's loss, because the pattern never had a way for it.
    let lost = debts.lost - debts.lost_no_path;
    let lost_acked = (debts.lost_confirmed + debts.lost_handed).saturating_sub(debts.lost_no_path);
    let everyone = if debts.lost_no_path > 0 { "everyone on its publisher's own node" } else { "everyone" };
    let mut fate = if failed.is_empty() {
        match (lost, messages.due) {
            (0, 1) => format!("the only message reached {everyone}"),
            (0, all) => format!("all {} messages reached {everyone}", grouped(all)),
            (_, 1) => {
                format!("the only message was acknowledged, yet {} lost", of_deliveries(lost_acked, debts))
            }
            (_, all) => {
                let all = grouped(all);
                format!("all {all} messages were acknowledged, yet {} lost", of_deliveries(lost_acked, debts))
            }
        }
    } else {
        let meanwhile = meanwhile(&breaking(run)).map(|words| format!(" {words}")).unwrap_or_default();
        let acked = match (messages.acked, lost_acked) {
            (0, _) => "nothing was acknowledged".into(),
            (_, 0) => format!("what was acknowledged reached {everyone}"),
            _ => format!("of what was acknowledged, {} lost", of_deliveries(lost_acked, debts)),
        };
        format!("{failed}{meanwhile}; {acked}")
    };
    match debts.lost_confirmed {
        0 => {}
        1 => fate += ", one of them confirmed, which is a broken promise",
        broken => fate += &format!(", {} of them confirmed, which is a broken promise", grouped(broken)),
    }
    if messages.unknown > 0 {
        fate += &match debts.lost_unknown {
            0 => "; the uncertain ones arrived all the same".into(),
            lost => format!("; of the uncertain ones, {} lost", were(lost, "delivery", "deliveries")),
        };
    }
    let weak_ack = Pattern::named(&run.pattern).and_then(Pattern::weak_ack);
    if let Some(says) = weak_ack.filter(|_| lost_acked > debts.lost_confirmed && debts.lost_online > 0) {
        fate += &format!("; an ack of {} says only that {says}", run.pattern);
    }
    fate + &out_of_reach(debts)
}

/// The clause on messages that were not acknowledged: `503 of 2,000 messages were refused and 2 got no certain answer`.
fn failed(messages: &Messages) -> String {
    let (refused, unknown, unsent) = (messages.refused, messages.unknown, messages.unsent);
    let was = |count| if count == 1 { "was" } else { "were" };
    let failed = [
        (refused, format!("{} refused", was(refused))),
        (unknown, "got no certain answer".into()),
        (unsent, format!("{} never sent", was(unsent))),
    ];
    let mut clauses = Vec::new();
    for (count, what) in failed.into_iter().filter(|(count, _)| *count > 0) {
        let of = if clauses.is_empty() {
            format!(" of {}", counted(messages.due, "message", "messages"))
        } else {
            String::new()
        };
        clauses.push(format!("{}{of} {what}", grouped(count)));
    }
    listed(&clauses)
}

/// The clauses on what else a reader should know about the deliveries.
fn aside(run: &RunReport, debts: &Debts) -> String {
    let came = |count: Option<u64>, how: &str| {
        let count = count.filter(|count| *count > 0)?;
        Some(format!("{} {how}", counted(count, "delivery", "deliveries")))
    };
    let counts = &run.counts;
    let copies = counts.duplicates.filter(|copies| *copies > 0);
    let clauses = [
        came(Some(debts.late()), "came more than a second late"),
        came(Some(debts.recovered), "came by replay"),
        came(counts.refused_but_delivered, "came though the message had been refused"),
        copies.map(|copies| format!("{} arrived", counted(copies, "extra copy", "extra copies"))),
        came(counts.reordered, "came out of order"),
    ];
    let clauses: Vec<_> = clauses.into_iter().flatten().collect();
    if clauses.is_empty() { String::new() } else { format!("{}.", listed(&clauses)) }
}

/// The faults that struck somebody who did not want them.
fn breaking(run: &RunReport) -> Vec<&FaultReport> {
    run.faults.iter().filter(|fault| !is_deliberate(fault)).collect()
}

/// The sentence on when the harm was over.
fn recovery(run: &RunReport) -> String {
    let faults = breaking(run);
    let healed = faults
        .iter()
        .filter(|fault| fault.heal_begin_ms.is_some())
        .max_by_key(|fault| fault.heal_begin_ms)
        // Beside a fault that was never healed, nothing can be said to have ended by a healing.
        .filter(|_| faults.iter().all(|fault| fault.heal_begin_ms.is_some() || !breaks(fault)));
    match (run.times.impact_ms, run.times.recovery_ms, healed) {
        (None, ..) => unharmed(run),
        (Some(_), Some(0), Some(fault)) => format!("Nothing more was lost or late once {}.", end_of(fault)),
        (Some(_), Some(ms), Some(fault)) => {
            format!("All was well again {} after {}.", span(ms.saturating_mul(1_000)), end_of(fault))
        }
        (Some(ms), ..) => harm(ms, &faults),
    }
}

/// The sentence on harm in a run that harmed nobody who was there. What a subscriber missed while it was away on
/// purpose is no harm.
fn unharmed(run: &RunReport) -> String {
    let Some(debts) = run.debts.filter(|debts| debts.lost_no_path == 0) else { return String::new() };
    let left = run.faults.iter().any(is_deliberate) && debts.lost + debts.recovered > 0;
    match (left, debts.lost) {
        (true, 0) => "Nothing was lost, and only who was away had to wait.".into(),
        (true, _) => "Nothing else was lost or more than a second late.".into(),
        (false, _) if run.faults.is_empty() => String::new(),
        (false, _) => "Nothing was lost or more than a second late.".into(),
    }
}

/// The sentence on how long the harm lasted that nothing healed.
fn harm(ms: u64, faults: &[&FaultReport]) -> String {
    // A fault that only asked more of what is whole has nothing to heal.
    let unhealed = match faults.iter().filter(|fault| breaks(fault)).count() {
        0 => "",
        1 => "The fault was never healed",
        _ => "The faults were never healed",
    };
    let lasted = span(ms.saturating_mul(1_000));
    match (unhealed, ms) {
        ("", 0) => String::new(),
        ("", _) => format!("From the first harmed message to the last it took {lasted}."),
        (unhealed, 0) => format!("{unhealed}."),
        (unhealed, _) => format!("{unhealed}, and the harm went on for {lasted}."),
    }
}

/// The sentence on how fast the run was, where that is the news: in a run that harmed nobody.
fn latency(run: &RunReport) -> String {
    let limited = "load generator itself was late, so that the latency is an upper bound";
    match (&run.latency_us, run.times.impact_ms, run.harness_limited) {
        (None, ..) | (_, Some(_), false) => String::new(),
        (Some(_), Some(_), true) => format!("(*) The {limited}."),
        (Some(latency), None, limits) => {
            let (half, most) = (span(latency.p50), span(latency.p99));
            let mark = if limits { format!(" (* the {limited})") } else { String::new() };
            format!("Half of the deliveries took at most {half}, 99 of 100 at most {most}{mark}.")
        }
    }
}
