//! The words for a verdict: the same in the table, on the page, in Markdown and in JUnit.
//!
//! `valid` would read as "passed": beside a quarter of everything lost it says only that the scenario expected no
//! better. So the words name the expectations, and how many of them were met.

use super::RunReport;
use ledger::Verdict;

/// The word for the verdict of a run, short enough for a table.
pub(super) fn word(run: &RunReport) -> &'static str {
    match run.verdict {
        // A partial run is inconclusive as well, and this is why.
        _ if run.partial => "partial",
        Verdict::Valid if run.outcomes.is_empty() => "no expectations",
        Verdict::Valid => "as expected",
        Verdict::Violated => "violated",
        Verdict::Inconclusive => "inconclusive",
        Verdict::NotApplicable => "not run",
    }
}

/// The word with the number of expectations behind it: `as expected (7 of 7)`, `violated (2 of 7 not met)`.
pub(super) fn phrase(run: &RunReport) -> String {
    let (met, all) = (met(run), run.outcomes.len());
    match word(run) {
        word @ "as expected" => format!("{word} ({met} of {all})"),
        word @ "violated" if met < all => format!("{word} ({} of {all} not met)", all - met),
        word => word.into(),
    }
}

/// The number of expectations that were met and the number of all: `7 of 7`. `-` where nothing was decided about them.
pub(super) fn share_met(run: &RunReport) -> String {
    match (run.verdict, run.outcomes.len()) {
        (Verdict::Valid | Verdict::Violated, all @ 1..) => format!("{} of {all}", met(run)),
        _ => "-".into(),
    }
}

/// The style of the verdict on the page: the name of a class. Only a run that was as expected *and* lost nothing is
/// green.
pub(super) fn class(run: &RunReport) -> &'static str {
    match word(run) {
        "as expected" if !has_losses(run) => "valid",
        "violated" => "violated",
        "partial" | "inconclusive" => "inconclusive",
        "not run" => "not-applicable",
        _ => "neutral",
    }
}

fn met(run: &RunReport) -> usize {
    run.outcomes.iter().filter(|outcome| outcome.met).count()
}

/// Whether a message was never sent, or a delivery was lost.
fn has_losses(run: &RunReport) -> bool {
    run.messages.is_some_and(|messages| messages.unsent > 0) || run.debts.is_some_and(|debts| debts.lost > 0)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{not_applicable, outcome, redis, run_with};
    use super::*;

    #[test]
    fn a_verdict_says_how_many_expectations_were_met() {
        let run = |verdict, met: &[bool]| {
            run_with(|run| {
                run.verdict = verdict;
                run.outcomes = met.iter().map(|met| outcome("lost = 0", *met)).collect();
            })
        };
        let said = |verdict, met: &[bool]| {
            let run = run(verdict, met);
            (word(&run), phrase(&run), share_met(&run))
        };
        let expected = |word, phrase: &str, met: &str| (word, phrase.to_owned(), met.to_owned());
        assert_eq!(
            said(Verdict::Valid, &[true, true]),
            expected("as expected", "as expected (2 of 2)", "2 of 2")
        );
        assert_eq!(said(Verdict::Valid, &[]), expected("no expectations", "no expectations", "-"));
        assert_eq!(
            said(Verdict::Violated, &[true, false, false]),
            expected("violated", "violated (2 of 3 not met)", "1 of 3")
        );
        // A server that died violates whatever the scenario expects.
        assert_eq!(said(Verdict::Violated, &[true]), expected("violated", "violated", "1 of 1"));
        assert_eq!(said(Verdict::Inconclusive, &[true]), expected("inconclusive", "inconclusive", "-"));
        assert_eq!(word(&not_applicable()), "not run");
        assert_eq!(phrase(&RunReport { partial: true, ..run(Verdict::Inconclusive, &[]) }), "partial");
    }

    #[test]
    fn only_a_run_that_lost_nothing_is_green() {
        let expected = |mut run: RunReport| {
            run.outcomes = vec![outcome("lost = 0", true)];
            class(&run)
        };
        assert_eq!(expected(run_with(|_| {})), "valid");
        assert_eq!(expected(redis()), "neutral");
        assert_eq!(expected(run_with(|run| run.messages.as_mut().unwrap().unsent = 1)), "neutral");
        assert_eq!(class(&run_with(|_| {})), "neutral");
        assert_eq!(class(&not_applicable()), "not-applicable");
    }
}
