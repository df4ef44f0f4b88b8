//! The sentences on a bench that ended before its time, and on the run that was cut short.

use super::phrases::reasons;
use super::{Report, RunReport};
use scenario::listed;

/// Number of runs that are named of those that were not made; the others are counted.
const NAMED: usize = 5;

/// The sentence that the bench ended before its time, and what it left out. `None` for a bench that came to its end.
pub(super) fn of_report(report: &Report) -> Option<String> {
    if !report.interrupted {
        return None;
    }
    let partial = match report.runs.iter().any(|run| run.partial) {
        true => "the last run is partial, and proves nothing",
        false => "what was run by then is whole",
    };
    let missing = match &report.not_run[..] {
        [] => String::new(),
        all => {
            let mut named: Vec<_> = all.iter().take(NAMED).cloned().collect();
            if all.len() > NAMED {
                named.push(format!("{} more", all.len() - NAMED));
            }
            format!(" Not run: {}.", listed(&named))
        }
    };
    let nothing = report.runs.iter().all(|run| !run.was_made());
    let partial = if nothing { "nothing was run by then" } else { partial };
    Some(format!("The bench was interrupted: {partial}.{missing}"))
}

/// The sentence on a run that was cut short.
pub(super) fn of_run(run: &RunReport) -> String {
    let mut reasons_of = run.sorted_reasons();
    // The interruption is the first doubt; others, and what a part of a run would violate, are worth a note.
    let first = (!reasons_of.doubts.is_empty()).then(|| reasons_of.doubts.remove(0));
    let why = first.as_deref().unwrap_or("interrupted");
    if run.messages.is_none() {
        return format!("partial: {why}, so that there are no figures.");
    }
    let rest = match &reasons_of.all().cloned().collect::<Vec<_>>()[..] {
        [] => String::new(),
        more => format!(" Note: {}.", reasons(more)),
    };
    format!("partial: {why}. Its figures are those of that moment, and prove nothing.{rest}")
}

#[cfg(test)]
mod tests {
    use super::super::sample::{not_applicable, report, run_with};
    use super::super::{sentences, table};
    use super::*;
    use ledger::Verdict;

    fn partial(why: &[&str]) -> RunReport {
        run_with(|run| {
            (run.partial, run.verdict) = (true, Verdict::Inconclusive);
            run.why = why.iter().map(|why| (*why).to_owned()).collect();
        })
    }

    fn cut(runs: Vec<RunReport>, not_run: &[&str]) -> Report {
        let not_run = not_run.iter().map(|name| (*name).to_owned()).collect();
        Report { interrupted: true, not_run, ..report(runs) }
    }

    #[test]
    fn it_is_said_first_and_stands_at_the_row() {
        let young = "12 of the lost debts were younger than a second";
        let cut = cut(vec![partial(&["interrupted after 7.3 s of 20 s", young])], &["zeromq", "amqp"]);
        let first = "The bench was interrupted: the last run is partial, and proves nothing. Not run: zeromq and amqp.";
        let run = "redis: partial: interrupted after 7.3 s of 20 s. Its figures are those of that moment, and prove \
                   nothing. Note: 12 of the lost debts were younger than a second.";
        assert_eq!(sentences(&cut), [first, run]);
        assert!(table(&cut, 160).trim_end().ends_with("  partial"), "{}", table(&cut, 160));
        assert!(table(&cut, 60).contains(" partial\n"), "{}", table(&cut, 60));
    }

    #[test]
    fn before_its_load_it_has_no_figures() {
        let why = "interrupted before its load began".to_owned();
        let run = RunReport { partial: true, ..RunReport::inconclusive("redis-1", "redis", "redis", why) };
        let said = sentences(&cut(vec![run], &[]));
        let expected = "redis: partial: interrupted before its load began, so that there are no figures.";
        assert_eq!(said[1], expected);
    }

    #[test]
    fn what_was_not_run_is_named_or_counted() {
        let said = |runs, not_run: &[&str]| sentences(&cut(runs, not_run)).remove(0);
        assert_eq!(
            said(vec![run_with(|_| {})], &["amqp"]),
            "The bench was interrupted: what was run by then is whole. Not run: amqp."
        );
        assert_eq!(
            said(vec![not_applicable()], &["1", "2", "3", "4", "5", "6", "7"]),
            "The bench was interrupted: nothing was run by then. Not run: 1, 2, 3, 4, 5 and 2 more."
        );
        assert_eq!(of_report(&report(vec![])), None);
    }
}
