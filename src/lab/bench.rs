//! A bench: one scenario over one subject after the other, and the report of them all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::broker::Broker;
use super::error::LabError;
use super::observer::{Note, Observer};
use super::trial::{Subject, Trial, cluster_options};
use crate::report::{Host, Report, RunReport, SCHEMA};
use crate::scenario::{Scenario, Target};

/// What is to be benched.
#[derive(Debug)]
pub struct BenchOptions {
    /// What is done.
    pub scenario: Scenario,
    /// To what, in the order of the table.
    pub subjects: Vec<Subject>,
    /// Reaches every random choice.
    pub seed: u64,
    /// A broker that is not the lab's.
    pub broker: Option<String>,
    /// The directory of the report and the logs.
    pub out: PathBuf,
}

/// Runs the scenario over every subject and writes the report.
///
/// # Errors
/// When something cannot be started, when a fault cannot be struck at all, when it is cancelled, or when the
/// report cannot be written.
pub async fn bench(
    options: &BenchOptions,
    cancel: &CancellationToken,
    observer: &dyn Observer,
) -> Result<Report, LabError> {
    check(options).await?;
    let (mut runs, mut versions) = (Vec::new(), BTreeMap::new());
    let of = options.subjects.len();
    for (index, subject) in options.subjects.iter().enumerate() {
        let label = subject.label();
        if let Err(why) = applies(&options.scenario, subject) {
            observer.note(Note::LeftOut { label, why: &why });
            runs.push(RunReport::not_applicable(&format!("{label}-1"), label, label, vec![why]));
            continue;
        }
        observer.note(Note::Run { label, index: index + 1, of });
        let logs = options.out.join("logs").join(label);
        create(&logs)?;
        let trial = Trial {
            scenario: &options.scenario,
            subject,
            seed: options.seed,
            broker: options.broker.as_deref(),
            logs,
            cancel,
            observer,
        };
        // Boxed: it holds a whole cluster, and the caller's future is to stay small.
        match Box::pin(trial.run()).await {
            Ok(outcome) => {
                versions.extend(outcome.versions);
                runs.push(outcome.run);
            }
            Err(error) => {
                // What was measured before stays; the error of the moment matters more than one of writing.
                if runs.iter().any(RunReport::was_made) && write(options, runs, versions).is_ok() {
                    observer.note(Note::Kept(&options.out));
                }
                return Err(error);
            }
        }
    }
    write(options, runs, versions)
}

fn write(
    options: &BenchOptions,
    runs: Vec<RunReport>,
    mut versions: BTreeMap<String, String>,
) -> Result<Report, LabError> {
    versions.entry("pubsub-lab".into()).or_insert_with(|| env!("CARGO_PKG_VERSION").into());
    let scenario = options.scenario.to_json();
    let report = Report { schema: SCHEMA, scenario, seed: options.seed, versions, host: Host::here(), runs };
    report.write(&options.out).map_err(|error| {
        let message = format!("the report cannot be written to {}: {error}", options.out.display());
        LabError::environment(message).hint("choose another directory with `--out`")
    })?;
    Ok(report)
}

/// What cannot work is said before the first run, not after it.
async fn check(options: &BenchOptions) -> Result<(), LabError> {
    let mut needs_broker = false;
    for subject in &options.subjects {
        if let Subject::Pattern(pattern) = *subject
            && applies(&options.scenario, subject).is_ok()
        {
            cluster_options(&options.scenario, pattern, options.broker.as_deref())?;
            needs_broker |= pattern.has_broker();
        }
    }
    match needs_broker {
        true => Broker::check(options.broker.as_deref()).await,
        false => Ok(()),
    }
}

/// Creates the directory of a bench before anything is started, so that a wrong one costs no time.
pub fn create(directory: &Path) -> Result<(), LabError> {
    std::fs::create_dir_all(directory).map_err(|error| {
        let message = format!("the directory {} cannot be made: {error}", directory.display());
        LabError::environment(message).hint("choose another with `--out`")
    })
}

fn applies(scenario: &Scenario, subject: &Subject) -> Result<(), String> {
    match subject {
        Subject::Pattern(pattern) => scenario.applies_to(*pattern),
        // Its subscribers are the load's own; its processes are somebody else's.
        Subject::Attached(_) => match scenario.faults.iter().find(|fault| !fault.action.is_deliberate()) {
            None => Ok(()),
            Some(fault) if fault.target == Target::Broker => Err("its broker is not the lab's".into()),
            Some(fault) if fault.target == Target::History => Err("its history is not the lab's".into()),
            Some(fault) => {
                Err(format!("`{fault}` strikes processes, and those of the server are not the lab's"))
            }
        },
    }
}
