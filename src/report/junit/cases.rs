//! The test cases of a run.

use super::super::numbers::span;
use super::super::{FaultReport, RunReport};
use ledger::{Outcome, Verdict};
use scenario::{FigureKind, figure_kind};

/// One test case.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) fate: Fate,
    /// A note on what a reader should know beside the fate; empty for nothing.
    pub(super) note: String,
}

/// What became of a test case.
pub(super) enum Fate {
    Passed,
    /// The test case failed: one line, and the whole of it.
    Failed {
        message: String,
        text: String,
    },
    /// Whether the test case passes could not be told.
    Error {
        message: String,
        text: String,
    },
    Skipped {
        message: String,
    },
}

impl Case {
    fn new(name: &str, fate: Fate) -> Self {
        Self { name: name.to_owned(), fate, note: String::new() }
    }
}

/// The name of the only test case of a run that has no outcomes to tell.
const VERDICT: &str = "verdict";
/// The name of the test case for what no expectation asks for, and every run must show.
const PATHS: &str = "paths and processes";

/// The test cases of a run: at least one, so that no run is missed in a list of them.
pub(super) fn cases(run: &RunReport) -> Vec<Case> {
    let sorted = run.sorted_reasons();
    let first = if sorted.doubts.is_empty() { &run.why } else { &sorted.doubts };
    let message = || match &first[..] {
        [] => "no reason is known".to_owned(),
        why => why.join("; "),
    };
    match run.verdict {
        // A run that ended a search is no failure of the bench, whatever it proves.
        Verdict::Inconclusive if run.sought => {
            vec![Case::new(
                VERDICT,
                Fate::Skipped { message: format!("the search ended here: {}", message()) },
            )]
        }
        Verdict::Inconclusive => {
            let text = joined([first.join("\n"), sorted.violations.join("\n"), faults(run)]);
            vec![Case { note: remarks(run), ..Case::new(VERDICT, Fate::Error { message: message(), text }) }]
        }
        Verdict::NotApplicable => vec![Case::new(VERDICT, Fate::Skipped { message: message() })],
        Verdict::Valid | Verdict::Violated => made(run),
    }
}

/// The test cases of a run that proves something.
fn made(run: &RunReport) -> Vec<Case> {
    let mut cases: Vec<_> = run.outcomes.iter().map(|outcome| of_outcome(run, outcome)).collect();
    let others = run.other_violations();
    if !others.is_empty() {
        let text = joined([others.join("\n"), faults(run)]);
        cases.push(failed(run, PATHS, others.join("; "), text));
    }
    if cases.is_empty() {
        cases.push(Case::new(VERDICT, Fate::Passed));
    }
    if let Some(last) = cases.last_mut() {
        last.note = joined([std::mem::take(&mut last.note), remarks(run)]);
    }
    cases
}

fn of_outcome(run: &RunReport, outcome: &Outcome) -> Case {
    if outcome.met {
        return Case::new(&outcome.expectation, Fate::Passed);
    }
    let unit = if figure_kind(&outcome.figure).is_some_and(FigureKind::is_time) { " ms" } else { "" };
    let figure = match outcome.value {
        Some(value) => format!("{}: {value}{unit}", outcome.figure),
        None => format!("{}: does not exist", outcome.figure),
    };
    let when = match (outcome.from_ms, outcome.to_ms) {
        (Some(from), Some(to)) if from < to => format!("it went wrong {}", from_to(from, to)),
        (Some(at), _) => format!("it went wrong at {}", ms(at)),
        _ => String::new(),
    };
    let why = outcome.why.clone().unwrap_or_else(|| format!("violated: {}", outcome.expectation));
    let expected = format!("expected: {}", outcome.expectation);
    let text = joined([why.clone(), figure, expected, when, faults(run)]);
    failed(run, &outcome.expectation, why, text)
}

/// A test case that failed, or passed where just this was sought.
fn failed(run: &RunReport, name: &str, message: String, text: String) -> Case {
    if run.sought {
        let note = format!("the search ended here:\n{text}");
        return Case { note, ..Case::new(name, Fate::Passed) };
    }
    Case::new(name, Fate::Failed { message, text })
}

/// What changes no verdict, a line each: what is likely to have caused it all, and what is only worth knowing.
fn remarks(run: &RunReport) -> String {
    let sorted = run.sorted_reasons();
    let causes = sorted.causes.iter().map(|cause| format!("likely cause: {cause}"));
    causes.chain(sorted.notes).collect::<Vec<_>>().join("\n")
}

/// The faults that struck, one line each.
fn faults(run: &RunReport) -> String {
    let line = |fault: &FaultReport| {
        let when = match fault.healed_ms.or(fault.heal_begin_ms) {
            Some(end) => from_to(fault.begin_ms, end),
            None if run.was_interrupted_before_healing(fault) => {
                format!("at {}, not healed before the interruption", ms(fault.begin_ms))
            }
            None => format!("at {} for good", ms(fault.begin_ms)),
        };
        format!("fault: {} {when}", fault.what)
    };
    run.faults.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn from_to(from: u64, to: u64) -> String {
    format!("from {} to {}", ms(from), ms(to))
}

fn ms(ms: u64) -> String {
    span(ms.saturating_mul(1_000))
}

/// The lines that are not empty, joined.
fn joined<const N: usize>(parts: [String; N]) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}
