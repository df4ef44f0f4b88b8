//! What happened in one run, in plain words, derived from its figures alone.

use super::answers::answers;
use super::fault_words::{breaks, end_of, is_deliberate, starts_again};
use super::headline::headline;
use super::interrupted;
use super::label::Names;
use super::latency::{self, Extent};
use super::lesson::lesson;
use super::notices;
use super::numbers::{counted, share, span};
use super::payers;
use super::presence;
use super::why;
use super::{FaultReport, RunReport};
use ledger::{Debts, Messages, Verdict};
use scenario::Quantile;
use scenario::listed;

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
        return why::inconclusive(run);
    }
    let answers = answers(run, messages, debts);
    let mut said = vec![
        format!("{}.", headline(run, messages, debts)),
        if answers.is_empty() { answers } else { format!("{answers}.") },
        notices::sentence(debts),
        late(run, debts),
        aside(run, debts),
        payers::sentence(run),
        lesson(run, messages, debts),
        recovery(run, messages, debts),
        presence::sentence(run),
        latency(run),
    ];
    said.extend(why::sentences(run));
    said.retain(|sentence| !sentence.is_empty());
    said.join(" ")
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
        came(Some(debts.recovered), "came by replay"),
        came(counts.held_again, "came again by replay, though already held"),
        came(counts.refused_but_delivered, "came though the message had been refused"),
        copies.map(|copies| format!("{} arrived", counted(copies, "extra copy", "extra copies"))),
        came(counts.reordered, "came out of order"),
    ];
    let clauses: Vec<_> = clauses.into_iter().flatten().collect();
    if clauses.is_empty() { String::new() } else { format!("{}.", listed(&clauses)) }
}

/// The sentence on deliveries that came live more than a second late. If they harmed nobody, the subscriber had been away
/// on purpose, or had the message by replay before.
fn late(run: &RunReport, debts: &Debts) -> String {
    let late = debts.late();
    if late == 0 {
        return String::new();
    }
    let of = counted(late, "delivery", "deliveries");
    let came = format!("{of} ({}) came more than a second late", share(late, debts.owed));
    match run.latency_us.map(|latency| latency.max).filter(|max| *max > 1_000_000) {
        _ if run.times.impact_ms.is_none() && !run.faults.is_empty() => {
            format!("{came}, to subscribers that had been away or had the message by replay before.")
        }
        Some(max) => format!("{came}, the slowest after {}.", span(max)),
        None => format!("{came}."),
    }
}

/// The faults that struck somebody who did not want them.
fn breaking(run: &RunReport) -> Vec<&FaultReport> {
    run.faults.iter().filter(|fault| !is_deliberate(fault)).collect()
}

/// The sentence on when the harm was over.
fn recovery(run: &RunReport, messages: &Messages, debts: &Debts) -> String {
    let faults = breaking(run);
    let healed = faults
        .iter()
        .filter(|fault| fault.heal_begin_ms.is_some())
        .max_by_key(|fault| fault.heal_begin_ms)
        // Beside a fault that was never healed, nothing can be said to have ended by a healing.
        .filter(|_| faults.iter().all(|fault| fault.heal_begin_ms.is_some() || !breaks(fault)));
    match (run.times.impact_ms, run.times.recovery_ms, healed) {
        (None, ..) => unharmed(run, messages, debts),
        (Some(_), Some(0), Some(fault)) => {
            format!("{} was lost or late once {}.", nothing_more(run, debts), end_of(fault))
        }
        (Some(_), Some(ms), Some(fault)) => {
            let after = span(ms.saturating_mul(1_000));
            format!("All was well again {after} after {}{}.", end_of(fault), boot(run, fault, ms))
        }
        (Some(_), None, Some(_)) if run.times.not_recovered => {
            "It was not well again before the load ended.".into()
        }
        (Some(_), None, Some(fault)) => unseen(run, fault),
        (Some(ms), ..) => harm(ms, &faults),
    }
}

/// The sentence on a healing that no message saw, because the load had ended; empty if some message was sent later.
fn unseen(run: &RunReport, fault: &FaultReport) -> String {
    let after = |at_ms: u64| fault.heal_begin_ms.is_none_or(|heal| at_ms >= heal);
    if run.timeline.iter().any(|slice| slice.sent > 0 && after(slice.at_ms)) {
        return String::new();
    }
    format!("The load had ended when {}, so nothing shows whether all was well again.", end_of(fault))
}

/// The beginning of a sentence on harm that ended. It says nothing of those who were away on purpose, nor of those who
/// were never reachable: what they miss is no harm, and goes on.
fn nothing_more(run: &RunReport, debts: &Debts) -> &'static str {
    if debts.lost_no_path > 0 {
        "On each publisher's own node, nothing more"
    } else if run.faults.iter().any(is_deliberate) {
        "For those who stayed, nothing more"
    } else {
        "Nothing more"
    }
}

/// The clause on how much of a recovery was the target's own boot; empty where nothing was started again.
fn boot(run: &RunReport, fault: &FaultReport, recovery_ms: u64) -> String {
    match run.times.ready_ms.filter(|ready| *ready > 0 && *ready <= recovery_ms) {
        Some(ready) if starts_again(fault) => {
            format!("; {} of that was the boot itself", span(ready.saturating_mul(1_000)))
        }
        _ => String::new(),
    }
}

/// The sentence on a run that harmed nobody who was there. What a subscriber missed while it was away on purpose is no
/// harm.
fn unharmed(run: &RunReport, messages: &Messages, debts: &Debts) -> String {
    if debts.lost_no_path > 0 || messages.unsent > 0 || run.faults.is_empty() {
        return String::new();
    }
    let left = run.faults.iter().any(is_deliberate);
    match (debts.lost, left) {
        (0, true) if debts.recovered + debts.late() > 0 => {
            "Nothing was lost, and only who was away had to wait.".into()
        }
        (0, _) if debts.late() > 0 => "Nothing was lost, and nobody waited for more than a second.".into(),
        (0, _) => "Nothing was lost or more than a second late.".into(),
        (_, true) => "Nobody who stayed lost anything, or waited for more than a second.".into(),
        // An older report may not say whom it harmed.
        (_, false) => String::new(),
    }
}

/// The sentence on how long the harm lasted that nothing healed.
fn harm(ms: u64, faults: &[&FaultReport]) -> String {
    // A fault that only asked more of what is whole has nothing to heal.
    let breaking: Vec<_> = faults.iter().filter(|fault| breaks(fault)).collect();
    let unhealed = breaking.iter().filter(|fault| fault.heal_begin_ms.is_none()).count();
    let unhealed = match (unhealed, breaking.len()) {
        (0, _) => "",
        (1, 1) => "The fault was never healed",
        (1, _) => "One of the faults was never healed",
        (some, all) if some < all => "Some of the faults were never healed",
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

/// The sentence on how fast the run was while nothing was broken. A run without such a time has the latency of all of it,
/// in which what waited for a healing is mixed with what did not: that is told only if nothing waited.
fn latency(run: &RunReport) -> String {
    let of = match latency::extent(run) {
        Extent::Undisturbed => "Half",
        Extent::SteadyPhase => "In the steady phase, half",
        Extent::Everything if run.times.impact_ms.is_some() => return String::new(),
        Extent::Everything if run.phases_us.is_empty() => "Half",
        Extent::Everything => "No part of the run was steady; over all of it, half",
    };
    let [half, most] = [Quantile::P50, Quantile::P99].map(|quantile| latency::steady(run, quantile));
    let (Some(half), Some(most)) = (half, most) else { return String::new() };
    let limits = match (half.actual_us(), most.actual_us()) {
        _ if !run.harness_limited => String::new(),
        (Some(half), Some(most)) => format!(
            "; the load generator itself was late, and measured from the actual send these are {} and {}",
            span(half),
            span(most)
        ),
        _ => "; the load generator itself was late, so that these are upper bounds".into(),
    };
    let [half, most] = [half, most].map(|latency| span(latency.intended_us()));
    format!("{of} of the deliveries took at most {half}, 99 of 100 at most {most}{limits}.")
}
