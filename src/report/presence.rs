//! The sentence on who was said to be in the rooms.

use super::RunReport;
use super::numbers::{counted, span};
use scenario::listed;

/// The sentence; empty where nobody watched, and where nothing was wrong and nothing had to settle.
pub(super) fn sentence(run: &RunReport) -> String {
    let Some(presence) = run.presence else { return String::new() };
    let wrong = |count: u64, one: &str, many: &str| (count > 0).then(|| counted(count, one, many));
    let clauses: Vec<_> = [
        wrong(presence.phantoms, "phantom", "phantoms"),
        wrong(presence.missing, "person missing", "people missing"),
        wrong(presence.flaps, "flap", "flaps"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let observers = counted(presence.observers, "observer", "observers");
    if !clauses.is_empty() {
        return format!("What {observers} were told of who was there was wrong: {}.", listed(&clauses));
    }
    match presence.settled_ms {
        _ if presence.not_settled => {
            "Some observer's list of who was there was wrong until the run ended.".to_owned()
        }
        Some(ms) if ms > 0 => {
            let after = span(ms.saturating_mul(1_000));
            let all =
                if presence.observers == 1 { "The observer".into() } else { format!("All {observers}") };
            format!("{all} had the right list of who was there within {after} of each fault.")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::run_with;
    use super::*;
    use ledger::PresenceFigures;

    fn said(change: impl FnOnce(&mut PresenceFigures)) -> String {
        let mut presence = PresenceFigures { observers: 24, ..PresenceFigures::default() };
        change(&mut presence);
        sentence(&run_with(|run| run.presence = Some(presence)))
    }

    #[test]
    fn what_was_wrong_is_said_before_how_long_it_took() {
        assert_eq!(sentence(&run_with(|run| run.presence = None)), "");
        assert_eq!(said(|_| {}), "", "no fault struck");
        assert_eq!(
            said(|it| it.settled_ms = Some(1_240)),
            "All 24 observers had the right list of who was there within 1.2 s of each fault."
        );
        assert_eq!(
            said(|it| it.not_settled = true),
            "Some observer's list of who was there was wrong until the run ended."
        );
        assert_eq!(
            said(|it| (it.phantoms, it.missing, it.settled_ms) = (3, 1, Some(9))),
            "What 24 observers were told of who was there was wrong: 3 phantoms and 1 person missing."
        );
        assert_eq!(
            said(|it| it.flaps = 1),
            "What 24 observers were told of who was there was wrong: 1 flap."
        );
    }
}
