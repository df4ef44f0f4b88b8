//! The first sentence on a run: whom the messages reached, and how much of what was owed was lost or never sent.

use super::RunReport;
use super::fault_words::is_deliberate;
use super::numbers::{counted, share};
use ledger::{Debts, Messages, grouped};

/// The sentence, without its full stop.
pub(super) fn headline(run: &RunReport, messages: &Messages, debts: &Debts) -> String {
    let everyone = match (debts.lost_no_path > 0, messages.sent) {
        (false, _) => "everyone",
        (true, 1) => "everyone on its publisher's own node",
        (true, _) => "everyone on their publishers' own nodes",
    };
    let said = match (debts.lost_over_paths(), messages.unsent, messages.sent) {
        (0, 0, 1) => format!("the only message reached {everyone}"),
        (0, 0, all) => format!("all {} messages reached {everyone}", grouped(all)),
        (_, 1, 0) => "the only message was never sent".into(),
        (_, all, 0) => format!("none of the {} messages was ever sent", grouped(all)),
        (0, ..) => format!("{}; what was sent reached {everyone}", unsent(messages)),
        (_, 0, _) => lost(run, debts),
        _ => format!("{}, and {}", lost(run, debts), unsent(messages)),
    };
    // A debt without a path is nobody's loss, because the pattern never had a way for it.
    let unreachable = match debts.lost_no_path {
        0 => String::new(),
        no_path => format!(
            "; clients of other nodes were never reachable ({} of {})",
            grouped(no_path),
            counted(debts.owed, "delivery", "deliveries")
        ),
    };
    said + &unreachable
}

/// The clause on messages that were never sent: `399 of 600 messages were never sent`.
fn unsent(messages: &Messages) -> String {
    let was = if messages.unsent == 1 { "was" } else { "were" };
    let due = counted(messages.due, "message", "messages");
    format!("{} of {due} {was} never sent", grouped(messages.unsent))
}

/// The clause on losses: `lost 15,370 of 60,000 deliveries (25.6%)`, and whose they were if they were not there.
fn lost(run: &RunReport, debts: &Debts) -> String {
    let (lost, owed) = (debts.lost_over_paths(), debts.owed - debts.lost_no_path);
    let of = counted(owed, "delivery", "deliveries");
    let on_own_nodes = if debts.lost_no_path > 0 { " on the publishers' own nodes" } else { "" };
    if lost == owed && lost > 1 {
        return format!("lost all {of}{on_own_nodes}{}", of_absent(run, debts));
    }
    format!("lost {} of {of}{on_own_nodes} ({}){}", grouped(lost), share(lost, owed), of_absent(run, debts))
}

/// The clause on lost deliveries whose subscribers were not there; empty if all of them were.
fn of_absent(run: &RunReport, debts: &Debts) -> String {
    let (lost, offline) = (debts.lost_over_paths(), debts.lost_offline);
    // A subscriber that was offline on an island was out of reach before, so the clause would tell nothing.
    if debts.lost_no_path > 0 {
        return String::new();
    }
    // Only what is lost to a subscriber that had left on purpose, or was about to, harms nobody.
    let on_purpose = run.times.impact_ms.is_none() && run.faults.iter().any(is_deliberate);
    match (on_purpose, lost - offline) {
        (true, 0) => ", all of them to subscribers that were away on purpose".into(),
        (true, leaving) => format!(
            ", all of them to subscribers that left on purpose: {} while they were away, and {} on their way as they left",
            grouped(offline),
            grouped(leaving)
        ),
        (false, _) if offline == 0 => String::new(),
        (false, 0) => ", all of them to subscribers that were offline".into(),
        (false, _) => format!(", {} of them to subscribers that were offline", grouped(offline)),
    }
}
