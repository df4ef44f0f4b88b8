//! The sentences on what happened, in plain words, for the whole of a report.

use super::curve::Curves;
use super::label::Names;
use super::run_words::sentence;
use super::{Report, interrupted};

/// The sentences of a report. For a bench that ended before its time, that comes first. Then there is one line for each
/// run, in the order of the report: what happened, and what the verdict adds to it. A matrix has one line for each
/// curve, after the lines of those runs that are not valid.
pub fn sentences(report: &Report) -> Vec<String> {
    let names = Names::of_all(report);
    let runs = match Curves::of(report) {
        Some(curves) => curves.sentences(),
        None => report.runs.iter().map(|run| sentence(run, names)).collect(),
    };
    interrupted::of_report(report).into_iter().chain(runs).collect()
}

#[cfg(test)]
#[path = "sentences_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "generated_tests.rs"]
mod generated_tests;
