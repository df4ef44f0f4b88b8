//! Several reports of one scenario pooled into one: repetitions, or the machines of one large test.
//!
//! Counts are summed, distributions are added exactly, and quantiles are read off the sums. What is neither (impact,
//! recovery, the timeline, the faults) belongs to a run alone and is left out.

mod pooled;

use std::io;
use std::path::Path;

use serde::Serialize;

use super::atomic::replace;
use super::compare::differences;
use super::files::nothing_there;
use super::label::label;
use super::{Host, Report, RunReport, hlog};
use pooled::pooled;

/// The pooled report's name in the directory that it is written to.
pub const MERGED_JSON: &str = "merged.json";
/// The name of the pooled report's interval log in that directory.
pub const MERGED_HLOG: &str = "merged.hlog";

/// Several reports as one. As JSON it is a report with one more field, and `report` reads it like any other.
#[derive(Debug, Serialize)]
pub struct Merged {
    /// The runs, pooled by label and parameters.
    #[serde(flatten)]
    pub report: Report,
    /// The reports that the merged report was made of.
    pub merged: Sources,
}

/// What a merged report was made of.
#[derive(Debug, Serialize)]
pub struct Sources {
    /// Number of reports.
    pub reports: usize,
    /// The machines of the reports, each kind once: two machines of the same make look alike.
    pub hosts: Vec<Host>,
    /// The seeds of the reports, each once.
    pub seeds: Vec<u64>,
    /// Number of runs behind each run of the merged report, in the order of the report.
    pub runs: Vec<usize>,
    /// Notes that a reader must know.
    pub notes: Vec<String>,
}

/// Pools reports of the same scenario.
///
/// # Errors
/// The keys in which the scenarios differ; none of them if there is no report at all.
pub fn merge(reports: &[Report]) -> Result<Merged, Vec<String>> {
    let Some(first) = reports.first() else { return Err(Vec::new()) };
    for other in reports {
        let differing = differences(first, other);
        if !differing.is_empty() {
            return Err(differing);
        }
    }
    let mut groups: Vec<(String, Vec<&RunReport>)> = Vec::new();
    for run in reports.iter().flat_map(|report| &report.runs).filter(|run| run.was_made()) {
        let name = label(run);
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, runs)) => runs.push(run),
            None => groups.push((name, vec![run])),
        }
    }
    let mut notes = Vec::new();
    let mut runs = Vec::new();
    for (name, of) in &groups {
        let (mut run, doubts) = pooled(of);
        run.id = format!("{}-{}", run.label, runs.len() + 1);
        notes.extend(doubts.into_iter().map(|doubt| format!("{name}: {doubt}")));
        runs.push(run);
    }
    if groups.iter().all(|(_, runs)| runs.len() == 1) {
        notes.push("there is one run of each, so that nothing was pooled".into());
    }
    let mut versions = first.versions.clone();
    for report in reports {
        versions.extend(report.versions.clone());
    }
    let report = Report { versions, runs, ..first.clone() };
    let sources = Sources {
        reports: reports.len(),
        hosts: once(reports.iter().map(|report| report.host.clone())),
        seeds: once(reports.iter().map(|report| report.seed)),
        runs: groups.iter().map(|(_, runs)| runs.len()).collect(),
        notes,
    };
    Ok(Merged { report, merged: sources })
}

impl Merged {
    /// The merged report as the text of `merged.json`.
    pub fn to_json(&self) -> io::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// A sentence on what stands behind each run: `redis: 5 runs of 3 reports`.
    pub fn sentences(&self) -> Vec<String> {
        let counted = super::numbers::counted;
        let reports = counted(self.merged.reports as u64, "report", "reports");
        let hosts = counted(self.merged.hosts.len() as u64, "kind of machine", "kinds of machine");
        let made = self.report.runs.iter().zip(&self.merged.runs);
        let said = made.map(|(run, runs)| {
            format!("{}: {} of {reports} pooled, {hosts}.", label(run), counted(*runs as u64, "run", "runs"))
        });
        said.chain(self.merged.notes.iter().map(|note| format!("Note: {note}."))).collect()
    }

    /// Writes `merged.json` and `merged.hlog` into a directory, which is made if need be. Files that are there are
    /// replaced only with `force`; without it they are an error (`AlreadyExists`).
    pub fn write(&self, dir: &Path, force: bool) -> io::Result<()> {
        if !force {
            nothing_there(dir, [MERGED_JSON, MERGED_HLOG])?;
        }
        replace(dir, MERGED_JSON, self.to_json()?.as_bytes())?;
        replace(dir, MERGED_HLOG, hlog(&self.report)?.as_bytes())
    }
}

fn once<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = Vec::new();
    for one in all {
        if !seen.contains(&one) {
            seen.push(one);
        }
    }
    seen
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
