//! A bench: one scenario over one subject after the other, and one report of all runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use futures_util::future::try_join_all;
use tokio_util::sync::CancellationToken;

use super::broker::Broker;
use super::error::LabError;
use super::observer::{Note, Observer};
use super::options::cluster_options;
use super::planned::Planned;
use super::product::Product;
use super::saved::Measured;
use super::subject::Subject;
use super::trace::Tracing;
use super::trial::{Trial, TrialResult};
use address::SafeUrl;
use ledger::Verdict;
use load::Dialect;
use report::{Host, Report, RunReport, SCHEMA};
use scenario::{Scenario, Variation};

/// The directory with the logs of the processes, within the directory of the report.
pub(super) const LOGS: &str = "logs";

/// The options of a bench.
#[derive(Debug)]
pub struct BenchOptions {
    /// The scenario as the report shows it.
    pub scenario: Scenario,
    /// The scenario of each run of a subject: one for each combination of values of its `[matrix]`, or the scenario
    /// itself.
    pub variations: Vec<Variation>,
    /// The subjects over which the scenario runs, in the order of the table.
    pub subjects: Vec<Subject>,
    /// Number of times that each variation is run over each subject, at least one.
    pub runs: u32,
    /// The seed, which reaches every random choice.
    pub seed: u64,
    /// The URLs of brokers that are not the lab's, at most one for each product.
    pub brokers: Vec<String>,
    /// Additional flags for each node.
    pub node_flags: Vec<String>,
    /// Whether our nodes write traces.
    pub tracing: Tracing,
    /// The dialect in which clients speak with a server that is not ours; `None` means that the lab finds out.
    pub dialect: Option<Dialect>,
    /// The options that the report keeps so that the bench can be run again.
    pub again: serde_json::Value,
    /// The directory of the report and of the logs.
    pub out: PathBuf,
}

impl BenchOptions {
    /// The URL of the user's broker for a subject, if there is one.
    fn broker_of(&self, subject: &Subject) -> Option<&str> {
        let needed = subject.product()?;
        self.brokers
            .iter()
            .find(|url| Product::of_url(url).is_ok_and(|given| given == needed))
            .map(String::as_str)
    }

    /// Whether each URL of a broker is needed by some subject, and no two are of the same product.
    fn check_brokers(&self) -> Result<(), LabError> {
        let mut seen: Vec<Product> = Vec::new();
        for url in &self.brokers {
            let given = Product::of_url(url)?;
            let shown = SafeUrl::new(url);
            if seen.contains(&given) {
                let message = format!("there are two brokers of {given}: {shown} is the second");
                return Err(LabError::usage(message).hint("give `--broker` once for each product"));
            }
            if !self.subjects.iter().any(|subject| subject.product() == Some(given)) {
                let message = format!("no pattern of this run uses {given}, so {shown} is of no use");
                return Err(LabError::usage(message)
                    .hint("leave out this `--broker`, or name its pattern with `--pattern`"));
            }
            seen.push(given);
        }
        Ok(())
    }
}

/// Runs the scenario over every subject and writes the report. When cancelled, it ends the current run at once, and
/// reports what was found out until then.
///
/// # Errors
/// When something cannot be started, or when a fault cannot be struck at all. The report of what was measured before an
/// error is written all the same. A report that cannot be written is no such error: the result says so.
pub async fn bench(
    options: &BenchOptions,
    cancel: &CancellationToken,
    observer: &dyn Observer,
) -> Result<Measured, LabError> {
    check(options).await?;
    forget(&options.out)?;
    let mut done = Done::default();
    let mut failure = None;
    for subject in &options.subjects {
        if let Err(why) = subject.applies(&options.scenario) {
            let (label, pattern) = (subject.label(), subject.pattern_name());
            observer.note(Note::LeftOut { label, why: &why });
            done.runs.push(RunReport::not_applicable(&format!("{label}-1"), label, pattern, vec![why]));
            continue;
        }
        if failure.is_some() || cancel.is_cancelled() {
            done.not_run.push(subject.label().to_owned());
            continue;
        }
        // The future is boxed because it holds a whole cluster, and the caller's future should stay small.
        failure = Box::pin(series(options, subject, cancel, observer, &mut done)).await.err();
    }
    let Some(error) = failure else { return Ok(write(options, done)) };
    // What was measured before the error is kept; the error itself matters more than an error of writing.
    if done.runs.iter().any(RunReport::was_made) {
        let measured = write(options, done);
        if measured.failure.is_some() {
            // It is nowhere else, so it is printed.
            return Ok(Measured { failure: Some(error), ..measured });
        }
        observer.note(Note::Kept(&options.out));
    }
    Err(error)
}

/// What the bench found out so far.
#[derive(Default)]
struct Done {
    runs: Vec<RunReport>,
    versions: BTreeMap<String, String>,
    /// The runs that did not begin, or gave no evidence.
    not_run: Vec<String>,
}

/// Runs every variation over one subject, once for each transport and as often as it is to be repeated; a search over a
/// transport ends with the first variation that fails.
async fn series(
    options: &BenchOptions,
    subject: &Subject,
    cancel: &CancellationToken,
    observer: &dyn Observer,
    done: &mut Done,
) -> Result<(), LabError> {
    let searching = options.scenario.matrix.until_violated;
    // The transports over which a value was sustained, and over which a search has ended.
    let (mut sustained, mut ended) = (None, None);
    let mut planned = Planned::of(options, subject).into_iter();
    while let Some(run) = planned.next() {
        if ended == Some(run.transport) {
            continue;
        }
        let result = match cancel.is_cancelled() {
            true => None,
            false => Some(single(options, &run, cancel, observer).await),
        };
        let result = match result {
            Some(Ok(result)) => result,
            // Nobody knows how far the search would have gone, so only the run that gave nothing is named.
            _ if searching => {
                done.not_run.push(run.name());
                return result.map_or(Ok(()), |result| result.map(drop));
            }
            result => {
                done.not_run.extend(std::iter::once(run).chain(planned).map(|run| run.name()));
                return result.map_or(Ok(()), |result| result.map(drop));
            }
        };
        done.versions.extend(result.versions);
        let (params, transport) = (run.variation.params.clone(), run.transport);
        let mut report = RunReport { params, repeat: run.repeat, ..result.run };
        let valid = report.verdict == Verdict::Valid;
        // A search that has found no value which the subject sustains shows only a failure, and not what was sought.
        report.sought = searching && sustained == Some(transport) && !valid && !report.partial;
        done.runs.push(report);
        match searching && !valid {
            true => ended = Some(transport),
            false => sustained = Some(transport),
        }
    }
    Ok(())
}

async fn single(
    options: &BenchOptions,
    run: &Planned<'_>,
    cancel: &CancellationToken,
    observer: &dyn Observer,
) -> Result<TrialResult, LabError> {
    let (index, of) = run.place(options);
    observer.note(Note::Run { label: &run.name(), index, of });
    let logs = run.logs(options);
    create(&logs)?;
    let scenario = &run.variation.scenario;
    let trial = Trial {
        scenario,
        subject: run.subject,
        transport: run.transport,
        label: run.label(),
        faults: &scenario.schedule(run.subject.pattern(), options.seed),
        id: run.id(),
        seed: options.seed,
        broker: options.broker_of(run.subject),
        node_flags: &options.node_flags,
        tracing: options.tracing,
        dialect: options.dialect.as_ref(),
        logs,
        cancel,
        observer,
    };
    Box::pin(trial.run()).await
}

fn write(options: &BenchOptions, done: Done) -> Measured {
    let Done { runs, mut versions, not_run } = done;
    versions.entry("pubsub-lab".into()).or_insert_with(|| env!("CARGO_PKG_VERSION").into());
    let scenario = options.scenario.to_json();
    let (host, bench) = (Host::here(), Some(options.again.clone()));
    let interrupted = !not_run.is_empty() || runs.iter().any(|run| run.partial);
    let (schema, seed) = (SCHEMA, options.seed);
    let report = Report { schema, scenario, seed, versions, host, bench, interrupted, not_run, runs };
    Measured::keep(report.cleaned(), &options.out)
}

/// Checks everything that can be checked before the first run: what cannot work is better reported now than later.
async fn check(options: &BenchOptions) -> Result<(), LabError> {
    options.check_brokers()?;
    let mut needed: Vec<(Product, Option<&str>)> = Vec::new();
    for subject in &options.subjects {
        if subject.applies(&options.scenario).is_err() {
            continue;
        }
        // Where the lab has to find the dialect out, the load says it.
        if let Some(dialect) = options.dialect.as_ref().filter(|_| subject.pattern().is_none()) {
            options.scenario.load.transports.iter().try_for_each(|transport| dialect.carries(*transport))?;
        }
        let software = match subject {
            Subject::Cluster(software) => software,
            Subject::Attached { urls, .. } => {
                let patience = options.scenario.load.connect_timeout;
                try_join_all(urls.iter().map(|url| load::knock(url, patience))).await?;
                continue;
            }
        };
        let broker = options.broker_of(subject);
        for Variation { scenario, .. } in &options.variations {
            let faults = scenario.schedule(subject.pattern(), options.seed);
            cluster_options(scenario, software, &faults, broker, &options.node_flags)?;
        }
        needed.extend(software.product().map(|product| (product, broker)));
    }
    for (product, url) in needed {
        Broker::check(product, url, &options.node_flags).await?;
    }
    Ok(())
}

/// Removes the logs of the report that is to be overwritten: beside the new report they would pass for its own. The
/// contents of a directory without a report of ours are somebody else's and stay.
fn forget(directory: &Path) -> Result<(), LabError> {
    let logs = directory.join(LOGS);
    if !logs.is_dir() || logs.is_symlink() || Report::read(directory).is_err() {
        return Ok(());
    }
    std::fs::remove_dir_all(&logs).map_err(|error| {
        let message = format!("the logs of an earlier run in {} cannot be removed: {error}", logs.display());
        LabError::environment(message).hint("choose another directory with `--out`")
    })
}

/// Creates the directory of a bench before anything is started, so that a wrong directory costs no time.
pub(super) fn create(directory: &Path) -> Result<(), LabError> {
    std::fs::create_dir_all(directory).map_err(|error| {
        let message = format!("the directory {} cannot be made: {error}", directory.display());
        LabError::environment(message).hint("choose another with `--out`")
    })
}

#[cfg(test)]
mod tests {
    use super::super::software::Software;
    use super::*;
    use scenario::{Overrides, Pattern};

    fn options(patterns: &[Pattern], brokers: &[&str]) -> BenchOptions {
        let cluster = |pattern: &Pattern| Subject::Cluster(Software::Pattern(*pattern));
        BenchOptions {
            scenario: Scenario::load("steady", &Overrides::new()).unwrap(),
            variations: Vec::new(),
            tracing: Tracing::Auto,
            runs: 1,
            dialect: None,
            again: serde_json::Value::Null,
            subjects: patterns.iter().map(cluster).collect(),
            seed: 1,
            brokers: brokers.iter().map(|url| (*url).to_owned()).collect(),
            node_flags: Vec::new(),
            out: PathBuf::new(),
        }
    }

    #[test]
    fn each_pattern_gets_the_broker_that_it_can_use() {
        let both = options(&Pattern::ALL, &["amqp://rabbit", "rediss://redis"]);
        both.check_brokers().unwrap();
        let broker = |options: &BenchOptions, pattern| {
            options.broker_of(&Subject::Cluster(Software::Pattern(pattern))).map(str::to_owned)
        };
        assert_eq!(broker(&both, Pattern::Redis).as_deref(), Some("rediss://redis"));
        assert_eq!(broker(&both, Pattern::Amqp).as_deref(), Some("amqp://rabbit"));
        assert_eq!(broker(&both, Pattern::Zeromq), None);
        // The lab starts the other broker itself.
        let one = options(&Pattern::ALL, &["redis://redis"]);
        one.check_brokers().unwrap();
        assert_eq!(broker(&one, Pattern::Amqp), None);
    }

    #[test]
    fn a_broker_that_nobody_uses_is_wrong_usage() {
        for (patterns, brokers, expected) in [
            (&[Pattern::Amqp][..], &["redis://:pw@host"][..], "no pattern of this run uses Redis"),
            (&[Pattern::Redis, Pattern::Local], &["amqp://me:pw@host"], "so amqp://***@host is of no use"),
            (&[Pattern::Zeromq], &["amqp://me:pw@host"], "no pattern of this run uses RabbitMQ"),
            (
                &Pattern::ALL,
                &["redis://:pw@a", "rediss://:pw@b"],
                "two brokers of Redis: rediss://***@b is the second",
            ),
            (
                &Pattern::ALL,
                &["mqtt://me:pw@host"],
                "mqtt://***@host is neither one of Redis nor one of RabbitMQ",
            ),
        ] {
            let error = options(patterns, brokers).check_brokers().unwrap_err();
            assert_eq!(error.exit, 2);
            assert!(error.message.contains(expected), "{error}");
            assert!(error.hint.is_some() && !error.to_string().contains("pw"), "{error}");
        }
    }

    #[test]
    fn only_logs_of_a_report_of_ours_are_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let old = dir.path().join("logs/local/node-0.log");
        create(old.parent().unwrap()).unwrap();
        std::fs::write(&old, "old").unwrap();
        forget(dir.path()).unwrap();
        assert!(old.exists(), "there is no report");
        std::fs::write(dir.path().join("report.json"), "{}").unwrap();
        forget(dir.path()).unwrap();
        assert!(old.exists(), "it is none of ours");
        let options = BenchOptions { out: dir.path().to_owned(), ..options(&[], &[]) };
        assert!(write(&options, Done::default()).failure.is_none());
        forget(dir.path()).unwrap();
        assert!(!dir.path().join("logs").exists());
        forget(dir.path()).unwrap();
    }
}
