//! Phrases that several sentences share.

use super::numbers::counted;
use ledger::{Debts, grouped};

/// Number of reasons that are named; the others are counted.
const REASONS_NAMED: usize = 3;

/// The reasons for a verdict: `a; b; and 2 more`.
pub(super) fn reasons(why: &[String]) -> String {
    let named = why.iter().take(REASONS_NAMED).map(String::as_str).collect::<Vec<_>>().join("; ");
    match why.len().saturating_sub(REASONS_NAMED) {
        0 => named,
        more => format!("{named}; and {more} more"),
    }
}

/// A number of deliveries out of all, with its verb: `15 of 60,000 deliveries were`.
pub(super) fn of_deliveries(count: u64, debts: &Debts) -> String {
    let was = if count == 1 { "was" } else { "were" };
    format!("{} of {} {was}", grouped(count), counted(debts.owed, "delivery", "deliveries"))
}

/// A number with its noun and its verb: `1 delivery was`, `15 deliveries were`.
pub(super) fn were(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", counted(count, one, many), if count == 1 { "was" } else { "were" })
}

/// Clauses in a row: `a, b and c`.
pub(super) fn listed(clauses: &[String]) -> String {
    match clauses {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The deliveries that were lost because nobody was there to receive them: more clauses, each after its semicolon.
pub(super) fn out_of_reach(debts: &Debts) -> String {
    let lost = debts.lost - debts.lost_no_path;
    match (debts.lost_no_path, debts.lost_offline) {
        (0, 0) => String::new(),
        (0, all) if all == lost => "; of what was lost, all was for subscribers that were offline".into(),
        (0, some) => {
            let some = were(some, "delivery", "deliveries");
            format!("; of what was lost, {some} for subscribers that were offline")
        }
        // A subscriber that was offline on an island was out of reach before, so the second clause would tell nothing.
        (no_path, _) => {
            let (lost, owed) = (grouped(no_path), grouped(debts.owed));
            format!("; clients of other nodes were never reachable ({lost} of {owed} deliveries)")
        }
    }
}
