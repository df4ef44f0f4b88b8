//! Why a run has its verdict, in sentences: what it violates, what is likely to have caused it, and what is only worth
//! knowing stand apart.

use super::RunReport;
use super::phrases::reasons;
use ledger::{Reasons, Verdict};

impl RunReport {
    /// The reasons of the verdict, sorted. An older report has them in one list, in which the ledger put what decided
    /// the verdict first, and the expectations that were not met behind everything else that violates.
    pub(super) fn sorted_reasons(&self) -> Reasons {
        if self.why.is_empty() || self.reasons != Reasons::default() {
            return self.reasons.clone();
        }
        let unmet = |why: &&String| self.outcomes.iter().any(|outcome| outcome.why.as_ref() == Some(*why));
        let after_unmet = self.why.iter().rposition(|why| unmet(&why)).map(|last| last + 1);
        let decided = match self.verdict {
            Verdict::Violated => after_unmet.unwrap_or(self.why.len()),
            Verdict::Inconclusive => self.why.len().min(1),
            Verdict::Valid | Verdict::NotApplicable => 0,
        };
        let (first, notes) = self.why.split_at(decided);
        let (first, notes) = (first.to_vec(), notes.to_vec());
        match self.verdict {
            Verdict::Inconclusive => Reasons { doubts: first, notes, ..Reasons::default() },
            _ => Reasons { violations: first, notes, ..Reasons::default() },
        }
    }

    /// The violations that are no unmet expectation: paths that failed, servers that died.
    pub(super) fn other_violations(&self) -> Vec<String> {
        let of_outcome = |why: &String| self.outcomes.iter().any(|outcome| outcome.why.as_ref() == Some(why));
        self.sorted_reasons().violations.into_iter().filter(|why| !of_outcome(why)).collect()
    }
}

/// The sentences on the reasons of a run that proves something: `Violated: a; b. Likely cause: c. Note: d.` Where
/// nothing went wrong, nothing was caused, and the causes are the first notes.
pub(super) fn sentences(run: &RunReport) -> Vec<String> {
    let Reasons { doubts, violations, causes, mut notes } = run.sorted_reasons();
    let harmed = run.verdict == Verdict::Violated || run.times.impact_ms.is_some();
    notes.splice(0..0, doubts);
    let causes = if harmed {
        causes
    } else {
        notes.splice(0..0, causes);
        Vec::new()
    };
    [("Violated", violations), ("Likely cause", causes), ("Note", notes)]
        .into_iter()
        .filter(|(_, clauses)| !clauses.is_empty())
        .map(|(word, clauses)| format!("{word}: {}.", reasons(&clauses)))
        .collect()
}

/// What is said of a run that proves nothing: its doubts, what may have caused them, and what is worth knowing beside
/// them. The figures prove nothing, so that a bound which they break is not named.
pub(super) fn inconclusive(run: &RunReport) -> String {
    let Reasons { doubts, causes, mut notes, .. } = run.sorted_reasons();
    // In the one list of an older report a bound that was not met may stand among them.
    if run.reasons == Reasons::default() {
        notes.clear();
    }
    let why = if doubts.is_empty() { "the evidence is missing".into() } else { reasons(&doubts) };
    let more = |word: &str, clauses: &[String]| match clauses {
        [] => String::new(),
        clauses => format!(" {word}: {}.", reasons(clauses)),
    };
    let (cause, note) = (more("Likely cause", &causes), more("Note", &notes));
    format!("inconclusive, because {why}.{cause} Its figures prove nothing.{note}")
}

#[cfg(test)]
mod tests {
    use super::super::sample::run_with;
    use super::*;
    use ledger::Outcome;

    fn all(clauses: &[&str]) -> Vec<String> {
        clauses.iter().map(|clause| (*clause).to_owned()).collect()
    }

    fn unmet(why: &str) -> Outcome {
        Outcome {
            expectation: "lost = 0".into(),
            figure: "lost".into(),
            value: Some(3.0),
            met: false,
            why: Some(why.into()),
            from_ms: None,
            to_ms: None,
        }
    }

    #[test]
    fn violations_causes_and_notes_are_three_sentences_and_each_list_is_counted_by_itself() {
        let run = run_with(|run| {
            run.verdict = Verdict::Violated;
            run.reasons = Reasons {
                violations: all(&["a", "b", "c", "d", "e"]),
                causes: all(&["a server closed a connection with 4001 (296 times)"]),
                notes: all(&["f", "g"]),
                ..Reasons::default()
            };
            run.why = run.reasons.all().cloned().collect();
        });
        let expected = [
            "Violated: a; b; c; and 2 more.",
            "Likely cause: a server closed a connection with 4001 (296 times).",
            "Note: f; g.",
        ];
        assert_eq!(sentences(&run), expected);
    }

    #[test]
    fn what_harmed_nobody_caused_nothing() {
        let mut run = run_with(|run| {
            run.reasons = Reasons { causes: all(&["b"]), notes: all(&["a"]), ..Reasons::default() };
            run.why = run.reasons.all().cloned().collect();
        });
        assert_eq!(sentences(&run), ["Note: b; a."]);
        run.times.impact_ms = Some(5);
        assert_eq!(sentences(&run), ["Likely cause: b.", "Note: a."]);
    }

    #[test]
    fn a_doubt_names_its_cause_and_its_notes_and_no_bound() {
        let run = run_with(|run| {
            run.verdict = Verdict::Inconclusive;
            run.reasons = Reasons {
                doubts: all(&["the load generator published late"]),
                violations: all(&["lost is 3, expected 0"]),
                causes: all(&["a server closed a connection with 1011 (156 times)"]),
                notes: all(&["n"]),
            };
            run.why = run.reasons.all().cloned().collect();
        });
        assert_eq!(
            inconclusive(&run),
            "inconclusive, because the load generator published late. Likely cause: a server closed a connection with \
             1011 (156 times). Its figures prove nothing. Note: n."
        );
    }

    #[test]
    fn an_older_report_has_one_list() {
        let older = |verdict, why: &[&str]| {
            run_with(|run| {
                (run.verdict, run.why) = (verdict, all(why));
                run.outcomes = vec![unmet("lost is 3, expected 0")];
            })
        };
        let violated = older(Verdict::Violated, &["a path stopped", "lost is 3, expected 0", "a remark"]);
        let sorted = violated.sorted_reasons();
        let expected = (all(&["a path stopped", "lost is 3, expected 0"]), all(&["a remark"]));
        assert_eq!((sorted.violations, sorted.notes), expected);
        assert_eq!(violated.other_violations(), ["a path stopped"]);
        let sorted = older(Verdict::Inconclusive, &["late", "a remark"]).sorted_reasons();
        assert_eq!((sorted.doubts, sorted.notes), (all(&["late"]), all(&["a remark"])));
        assert_eq!(older(Verdict::Valid, &["a remark"]).sorted_reasons().notes, ["a remark"]);
    }
}
