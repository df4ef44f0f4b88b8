//! Clients that were to be connected again when all faults were over, and were not.

use std::time::Duration;

use ledger::{FaultTimes, Harness, grouped};
use load::LockedOut;
use scenario::Action;

/// The least time that a client is out that is locked out. Others only lost their connection just now.
const LEAST: Duration = Duration::from_secs(5);
/// Number of clients that are named one by one; of further ones only the number is told.
const NAMED: usize = 3;

/// Whether a client has been out for longer than the moment that it takes to connect again.
pub(super) fn is_lasting(client: &LockedOut) -> bool {
    client.out >= LEAST
}

/// Adds the clients that were not connected again to what the report says. The server is to blame, unless the dial
/// failed for want of something on this machine, or a fault of the scenario still holds.
pub(super) fn blame(locked_out: &[LockedOut], faults: &[FaultTimes], harness: &mut Harness) {
    let under_fault = faults.iter().any(still_holds);
    let (ours, servers): (Vec<_>, Vec<_>) = locked_out.iter().partition(|client| client.own || under_fault);
    harness.problems.extend(clauses(&ours, "could not be connected again"));
    harness.violations.extend(clauses(&servers, "was not let back in"));
}

fn clauses(clients: &[&LockedOut], what: &str) -> Vec<String> {
    let clause = |client: &&LockedOut| {
        let LockedOut { client, out, refusal, .. } = client;
        format!("{client} {what} for {:.1} s: {refusal}", out.as_secs_f64())
    };
    let mut clauses: Vec<_> = clients.iter().take(NAMED).map(clause).collect();
    match clients.len().saturating_sub(NAMED) {
        0 => {}
        1 => clauses.push(format!("one more client {what}")),
        more => {
            clauses.push(format!("{} more clients {}", grouped(more as u64), what.replacen("was", "were", 1)))
        }
    }
    clauses
}

/// Whether a fault that may keep clients out was never healed. A surge and a slow reader keep nobody out.
fn still_holds(fault: &FaultTimes) -> bool {
    let mild = |action: &Action| matches!(action, Action::Surge(_) | Action::Slow(_));
    let mild = fault.planned.as_ref().is_some_and(|fault| mild(&fault.action));
    !fault.deliberate && !mild && fault.healed.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(number: usize, own: bool) -> LockedOut {
        let client = format!("subscriber {number}");
        let refusal = if own { "Too many open files (os error 24)" } else { "HTTP 403 Forbidden" };
        LockedOut { client, out: Duration::from_millis(61_240), refusal: refusal.to_owned(), own }
    }

    fn blamed(clients: &[LockedOut], faults: &[FaultTimes]) -> (Vec<String>, Vec<String>) {
        let mut harness = Harness::default();
        blame(clients, faults, &mut harness);
        (harness.violations, harness.problems)
    }

    #[test]
    fn who_is_locked_out_is_named_and_of_many_the_first_three() {
        let all: Vec<_> = (0..60).map(|number| client(number, false)).collect();
        let one = "subscriber 0 was not let back in for 61.2 s: HTTP 403 Forbidden";
        assert_eq!(blamed(&all[..1], &[]), (vec![one.to_owned()], vec![]));
        let (violations, _) = blamed(&all[..4], &[]);
        assert_eq!((violations.len(), &*violations[3]), (4, "one more client was not let back in"));
        let (violations, _) = blamed(&all, &[]);
        assert_eq!((violations.len(), &*violations[3]), (4, "57 more clients were not let back in"));
    }

    #[test]
    fn a_shortage_of_this_machine_is_no_violation() {
        let said = "subscriber 7 could not be connected again for 61.2 s: Too many open files (os error 24)";
        assert_eq!(blamed(&[client(7, true)], &[]), (vec![], vec![said.to_owned()]));
    }

    #[test]
    fn a_fault_that_still_holds_may_be_what_keeps_a_client_out() {
        let second = Duration::from_secs(1);
        let cut = |healed, deliberate| FaultTimes {
            what: "cut client-node 0".into(),
            begin: second,
            heal_begin: healed,
            healed,
            deliberate,
            planned: None,
        };
        let verdicts = |fault| {
            let (violations, problems) = blamed(&[client(7, false)], &[fault]);
            (violations.len(), problems.len())
        };
        assert_eq!(verdicts(cut(None, false)), (0, 1));
        assert_eq!(verdicts(cut(None, true)), (1, 0), "who left on purpose is not the server's excuse");
        assert_eq!(verdicts(cut(Some(second), false)), (1, 0));
    }
}
