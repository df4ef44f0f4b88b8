//! A run that never came to its load, because nothing could be measured, and why.

use std::time::Duration;

use ledger::{Harness, Reasons, Verdict, grouped};
use load::Silence;
use report::RunReport;

/// Why a run never came to its load.
#[derive(Debug, Default)]
pub(super) struct Unbegun {
    reasons: Reasons,
    /// Whether the server speaks in a way that is not understood, so that there is nothing to measure.
    unmeasured: bool,
}

impl Unbegun {
    /// The run proves nothing, for this reason.
    pub(super) fn inconclusive(why: String) -> Self {
        Self { reasons: Reasons { doubts: vec![why], ..Reasons::default() }, unmeasured: false }
    }

    /// No path at all has worked in the probe. If frames came and none of them was a message, nobody knows whether the
    /// server lost the messages or is read wrongly: it is not measured. If no frame came, the server delivers nothing.
    /// If a frame came that holds a text of this run, and it could not be taken out, our reading is in doubt.
    pub(super) fn unheard(silence: &Silence, limit: Duration, harness: Harness) -> Self {
        let limit = humantime::format_duration(limit);
        let paths = match silence.paths {
            1 => "the only path did not work".to_owned(),
            paths => format!("none of {} paths worked", grouped(paths as u64)),
        };
        let Harness { problems: mut doubts, causes, notes, misread, .. } = harness;
        let mut violations = Vec::new();
        let unmeasured = silence.strange.is_some() && !misread;
        match &silence.strange {
            // The frames that could not be taken apart are shown already.
            Some(_) if misread => doubts.push(format!("no client ever received a message: {paths} within {limit}")),
            None => violations.push(format!(
                "no client ever received a message: {paths} within {limit}, so the load was not run"
            )),
            Some(first) => doubts.push(format!(
                "no client could read a message: {paths} within {limit}, and what came holds no text of this run, the \
                 first frame: {first}"
            )),
        }
        Self { reasons: Reasons { doubts, violations, causes, notes }, unmeasured }
    }

    /// The row of the report. A process that died before the load violates, and is blamed first.
    pub(super) fn report(self, id: &str, label: &str, pattern: &str, deaths: Vec<String>) -> RunReport {
        let Self { mut reasons, unmeasured } = self;
        if unmeasured && deaths.is_empty() {
            return RunReport::not_applicable(id, label, pattern, reasons.all().cloned().collect());
        }
        reasons.violations.splice(0..0, deaths);
        let verdict = match reasons.doubts.is_empty() {
            true => Verdict::Violated,
            false => Verdict::Inconclusive,
        };
        let why = reasons.all().cloned().collect();
        RunReport { verdict, why, reasons, ..RunReport::inconclusive(id, label, pattern, String::new()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unheard(paths: usize, strange: Option<&str>) -> RunReport {
        let causes = vec!["a node refused a message: rejected: NOPERM (9 times)".to_owned()];
        let silence = Silence { paths, strange: strange.map(str::to_owned) };
        let unbegun =
            Unbegun::unheard(&silence, Duration::from_secs(10), Harness { causes, ..Harness::default() });
        unbegun.report("1", "redis", "redis", Vec::new())
    }

    #[test]
    fn a_server_that_delivers_nothing_violates_and_one_that_is_not_understood_is_not_measured() {
        let run = unheard(60, None);
        let said =
            "no client ever received a message: none of 60 paths worked within 10s, so the load was not run";
        assert_eq!((run.verdict, &*run.why[0]), (Verdict::Violated, said));
        assert_eq!(run.why[1], "a node refused a message: rejected: NOPERM (9 times)");
        let run = unheard(1, Some("Ada: hello"));
        let said = "no client could read a message: the only path did not work within 10s, and what came holds no text \
                    of this run, the first frame: Ada: hello";
        assert_eq!((run.verdict, &*run.why[0]), (Verdict::NotApplicable, said));
    }

    #[test]
    fn a_frame_that_cannot_be_taken_apart_is_shown_once() {
        let silence = Silence { paths: 8, strange: Some("<b>c0ffee00.probe".into()) };
        let problems = vec!["a frame holds this run's texts: <b>c0ffee00.probe".to_owned()];
        let harness = Harness { problems: problems.clone(), misread: true, ..Harness::default() };
        let run = Unbegun::unheard(&silence, Duration::from_secs(10), harness).report("1", "a", "a", vec![]);
        assert_eq!(run.verdict, Verdict::Inconclusive);
        let none = "no client ever received a message: none of 8 paths worked within 10s";
        assert_eq!(run.why, [&*problems[0], none]);
    }

    #[test]
    fn who_died_before_the_load_is_blamed_beside_what_it_caused() {
        let failed = Unbegun::inconclusive("only 0 of 9 clients were connected".into());
        let run = failed.report("1", "chat", "chat", vec!["node 0 died unasked before the load".into()]);
        assert_eq!(run.verdict, Verdict::Inconclusive);
        assert_eq!(run.why, ["only 0 of 9 clients were connected", "node 0 died unasked before the load"]);
    }
}
