//! The sentence on what became of the messages by their answers: who was told, and what that was worth.

use super::fault_words::{is_deliberate, meanwhile};
use super::numbers::counted;
use super::phrases::{sentence_case, were};
use super::{FaultReport, RunReport};
use ledger::{Debts, Messages, grouped};
use scenario::Pattern;
use scenario::listed;

/// The sentence, without its full stop; empty where the headline has said it all.
pub(super) fn answers(run: &RunReport, messages: &Messages, debts: &Debts) -> String {
    if has_no_answers(run, messages) {
        return match debts.lost_over_paths() {
            0 => String::new(),
            _ => "The dialect has no answers, so that no sender learned of it".into(),
        };
    }
    if messages.sent == 0 {
        return String::new();
    }
    let unanswered = unanswered(messages);
    let when = meanwhile_of(run, messages).map(|words| format!(" {words}")).unwrap_or_default();
    let first = if unanswered.is_empty() { String::new() } else { format!("{unanswered}{when}") };
    let clauses = std::iter::once(first).chain(losses(run, messages, debts));
    sentence_case(&clauses.filter(|clause| !clause.is_empty()).collect::<Vec<_>>().join("; "))
}

/// Whether the silence about the messages is the dialect's, and not a server's that should have spoken.
fn has_no_answers(run: &RunReport, messages: &Messages) -> bool {
    let other = run.dialect.as_deref().is_some_and(|dialect| dialect != "v1");
    other && messages.acked + messages.refused == 0
}

/// The clause on messages that were sent and not acknowledged: `503 of 2,000 messages were refused and 2 got no certain
/// answer`.
fn unanswered(messages: &Messages) -> String {
    let (refused, unknown) = (messages.refused, messages.unknown);
    let was = if refused == 1 { "was" } else { "were" };
    let failed = [(refused, format!("{was} refused")), (unknown, "got no certain answer".into())];
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

/// The clauses on what was lost of what was acknowledged and of what was uncertain. Each share has a base of its own.
fn losses(run: &RunReport, messages: &Messages, debts: &Debts) -> Vec<String> {
    if debts.lost_over_paths() == 0 {
        return Vec::new();
    }
    let lost_acked = (debts.lost_confirmed + debts.lost_handed).saturating_sub(debts.lost_no_path);
    let mut said = Vec::new();
    said.push(match (messages.acked, lost_acked) {
        (0, _) => "nothing was acknowledged".into(),
        (acked, _) if acked == messages.sent => match acked {
            1 => "the message had been acknowledged".into(),
            all if messages.unsent == 0 => format!("all {} messages had been acknowledged", grouped(all)),
            all => format!("all {} messages that were sent had been acknowledged", grouped(all)),
        },
        (_, 0) => "what was acknowledged reached everyone".into(),
        (_, lost) if debts.acked_debts > 0 => {
            let was = if lost == 1 { "was" } else { "were" };
            let of = counted(debts.acked_debts, "delivery", "deliveries");
            format!("of what was acknowledged, {} of {of} {was} lost", grouped(lost))
        }
        // An older report does not say how many deliveries were owed of it.
        (_, lost) => format!("of what was acknowledged, {} lost", were(lost, "delivery", "deliveries")),
    });
    if debts.lost_confirmed > 0 {
        let were = if debts.lost_confirmed == 1 { "was of a message" } else { "were of messages" };
        said.push(format!(
            "{} of the lost deliveries {were} that had been confirmed, which is a broken promise",
            grouped(debts.lost_confirmed)
        ));
    }
    if messages.unknown > 0 {
        said.push(match debts.lost_unknown {
            0 => "the uncertain ones arrived all the same".into(),
            lost => format!("of the uncertain ones, {} lost", were(lost, "delivery", "deliveries")),
        });
    }
    let weak_ack = Pattern::named(&run.pattern).and_then(Pattern::weak_ack);
    if let Some(says) = weak_ack.filter(|_| lost_acked > debts.lost_confirmed && debts.lost_online > 0) {
        said.push(format!("an ack of {} says only that {says}", run.pattern));
    }
    said
}

/// The time of the faults in words, if every message that was refused or got no certain answer is of that time: one that
/// was refused long before a fault was not refused while it held.
fn meanwhile_of(run: &RunReport, messages: &Messages) -> Option<String> {
    /// How long after a fault its echo may come, and how long before it a message may have waited for its answer.
    const ECHO_MS: u64 = 1_000;
    let breaking: Vec<&FaultReport> = run.faults.iter().filter(|fault| !is_deliberate(fault)).collect();
    let holds = |fault: &&FaultReport, at_ms: u64| {
        let end = fault.healed_ms.max(fault.heal_begin_ms);
        at_ms + ECHO_MS >= fault.begin_ms && end.is_none_or(|end| at_ms <= end + ECHO_MS)
    };
    let failed = run.timeline.iter().filter(|slice| slice.refused + slice.unknown > 0);
    let at_other_times = failed.clone().any(|slice| !breaking.iter().any(|fault| holds(fault, slice.at_ms)));
    // An older report does not say when it was.
    let untold = failed.map(|slice| slice.refused + slice.unknown).sum::<u64>() < messages.refused;
    meanwhile(&breaking).filter(|_| untold || !at_other_times)
}
