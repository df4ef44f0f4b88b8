//! Phrases that several sentences share.

use super::numbers::counted;
use ledger::{Debts, grouped};

/// So many reasons are named; more are counted.
const REASONS_NAMED: usize = 3;

/// Why a verdict is what it is: `a; b; and 2 more`.
pub(super) fn reasons(why: &[String]) -> String {
    let named = why.iter().take(REASONS_NAMED).map(String::as_str).collect::<Vec<_>>().join("; ");
    match why.len().saturating_sub(REASONS_NAMED) {
        0 => named,
        more => format!("{named}; and {more} more"),
    }
}

/// `15 of 60,000 deliveries were`.
pub(super) fn of_deliveries(count: u64, debts: &Debts) -> String {
    let was = if count == 1 { "was" } else { "were" };
    format!("{} of {} {was}", grouped(count), counted(debts.owed, "delivery", "deliveries"))
}

/// `1 delivery was`, `15 deliveries were`.
pub(super) fn were(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", counted(count, one, many), if count == 1 { "was" } else { "were" })
}

/// `a, b and c`.
pub(super) fn listed(clauses: &[String]) -> String {
    match clauses {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// What was lost because nobody was there to receive it: more clauses, each after its semicolon.
pub(super) fn out_of_reach(debts: &Debts) -> String {
    let lost = debts.lost - debts.lost_no_path;
    match (debts.lost_no_path, debts.lost_offline) {
        (0, 0) => String::new(),
        (0, all) if all == lost => "; of what was lost, all was for subscribers that were offline".into(),
        (0, some) => {
            let some = were(some, "delivery", "deliveries");
            format!("; of what was lost, {some} for subscribers that were offline")
        }
        // Whoever was offline on an island was out of reach before.
        (no_path, _) => {
            let (lost, owed) = (grouped(no_path), grouped(debts.owed));
            format!("; clients of other nodes were never reachable ({lost} of {owed} deliveries)")
        }
    }
}
