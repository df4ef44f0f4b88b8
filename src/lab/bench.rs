//! A bench: one scenario over one subject after the other, and the report of them all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::broker::{self, Broker};
use super::error::LabError;
use super::observer::{Note, Observer};
use super::product::Product;
use super::subject::Subject;
use super::trial::{Trial, cluster_options};
use crate::ledger::Verdict;
use crate::load::Dialect;
use crate::report::{Host, Report, RunReport, SCHEMA};
use crate::scenario::{Scenario, Variation};

/// What is to be benched.
#[derive(Debug)]
pub struct BenchOptions {
    /// What is done, as the report shows it.
    pub scenario: Scenario,
    /// The same for each run of a subject: with the values of its `[matrix]`, or the scenario itself.
    pub variations: Vec<Variation>,
    /// To what, in the order of the table.
    pub subjects: Vec<Subject>,
    /// Reaches every random choice.
    pub seed: u64,
    /// Brokers that are not the lab's, one of a product at the most.
    pub brokers: Vec<String>,
    /// More flags for each node.
    pub node_flags: Vec<String>,
    /// How clients speak with a server that is not ours; `None` finds out.
    pub dialect: Option<Dialect>,
    /// What the report keeps so that the bench can be run again.
    pub again: serde_json::Value,
    /// The directory of the report and the logs.
    pub out: PathBuf,
}

impl BenchOptions {
    /// The user's broker for a subject, if there is one.
    fn broker_of(&self, subject: &Subject) -> Option<&str> {
        let needed = subject.product()?;
        self.brokers
            .iter()
            .find(|url| Product::of_url(url).is_ok_and(|given| given == needed))
            .map(String::as_str)
    }

    /// Whether each URL is of use, and of a use of its own.
    fn check_brokers(&self) -> Result<(), LabError> {
        let mut seen: Vec<Product> = Vec::new();
        for url in &self.brokers {
            let given = Product::of_url(url)?;
            let shown = broker::redact(url);
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
    let mut done = Done::default();
    for subject in &options.subjects {
        if let Err(why) = subject.applies(&options.scenario) {
            let (label, pattern) = (subject.label(), subject.pattern_name());
            observer.note(Note::LeftOut { label, why: &why });
            done.runs.push(RunReport::not_applicable(&format!("{label}-1"), label, pattern, vec![why]));
            continue;
        }
        // Boxed: it holds a whole cluster, and the caller's future is to stay small.
        if let Err(error) = Box::pin(series(options, subject, cancel, observer, &mut done)).await {
            // What was measured before stays; the error of the moment matters more than one of writing.
            if done.runs.iter().any(RunReport::was_made) && write(options, done).is_ok() {
                observer.note(Note::Kept(&options.out));
            }
            return Err(error);
        }
    }
    write(options, done)
}

/// What was found out so far.
#[derive(Default)]
struct Done {
    runs: Vec<RunReport>,
    versions: BTreeMap<String, String>,
}

/// Every variation over one subject; in a search, until one fails.
async fn series(
    options: &BenchOptions,
    subject: &Subject,
    cancel: &CancellationToken,
    observer: &dyn Observer,
    done: &mut Done,
) -> Result<(), LabError> {
    let of = options.subjects.len() * options.variations.len();
    let place = options.subjects.iter().position(|other| other == subject).unwrap_or(0);
    let mut sustained = false;
    for (number, Variation { params, scenario }) in options.variations.iter().enumerate() {
        let label = subject.label();
        let values = params.iter().map(|(key, value)| format!(" {key}={value}")).collect::<String>();
        let index = place * options.variations.len() + number + 1;
        observer.note(Note::Run { label: &format!("{label}{values}"), index, of });
        let logs = options.out.join("logs").join(format!("{label}{}", values.replace([' ', '='], "-")));
        create(&logs)?;
        let trial = Trial {
            scenario,
            subject,
            faults: &scenario.schedule(subject.pattern(), options.seed),
            id: format!("{label}-{}", number + 1),
            seed: options.seed,
            broker: options.broker_of(subject),
            node_flags: &options.node_flags,
            dialect: options.dialect.as_ref(),
            logs,
            cancel,
            observer,
        };
        let outcome = Box::pin(trial.run()).await?;
        done.versions.extend(outcome.versions);
        let mut run = RunReport { params: params.clone(), ..outcome.run };
        let valid = run.verdict == Verdict::Valid;
        let searching = options.scenario.matrix.until_violated;
        // Without a value that it sustains there is nothing that was sought, only a failure.
        run.sought = searching && sustained && !valid;
        done.runs.push(run);
        if searching && !valid {
            break;
        }
        sustained = true;
    }
    Ok(())
}

fn write(options: &BenchOptions, done: Done) -> Result<Report, LabError> {
    let Done { runs, mut versions } = done;
    versions.entry("pubsub-lab".into()).or_insert_with(|| env!("CARGO_PKG_VERSION").into());
    let scenario = options.scenario.to_json();
    let (host, bench) = (Host::here(), Some(options.again.clone()));
    let report = Report { schema: SCHEMA, scenario, seed: options.seed, versions, host, bench, runs };
    report.write_all(&options.out).map_err(|error| {
        let message = format!("the report cannot be written to {}: {error}", options.out.display());
        LabError::environment(message).hint("choose another directory with `--out`")
    })?;
    Ok(report)
}

/// What cannot work is said before the first run, not after it.
async fn check(options: &BenchOptions) -> Result<(), LabError> {
    options.check_brokers()?;
    let mut needed: Vec<(Product, Option<&str>)> = Vec::new();
    for subject in &options.subjects {
        let Subject::Cluster(software) = subject else { continue };
        if subject.applies(&options.scenario).is_err() {
            continue;
        }
        let broker = options.broker_of(subject);
        for Variation { scenario, .. } in &options.variations {
            let faults = scenario.schedule(subject.pattern(), options.seed);
            cluster_options(scenario, software, &faults, broker, &options.node_flags)?;
        }
        needed.extend(software.product().map(|product| (product, broker)));
    }
    for (product, url) in needed {
        Broker::check(product, url).await?;
    }
    Ok(())
}

/// Creates the directory of a bench before anything is started, so that a wrong one costs no time.
pub fn create(directory: &Path) -> Result<(), LabError> {
    std::fs::create_dir_all(directory).map_err(|error| {
        let message = format!("the directory {} cannot be made: {error}", directory.display());
        LabError::environment(message).hint("choose another with `--out`")
    })
}

#[cfg(test)]
mod tests {
    use super::super::software::Software;
    use super::*;
    use crate::scenario::{Overrides, Pattern};

    fn options(patterns: &[Pattern], brokers: &[&str]) -> BenchOptions {
        let cluster = |pattern: &Pattern| Subject::Cluster(Software::Pattern(*pattern));
        BenchOptions {
            scenario: Scenario::load("steady", &Overrides::new()).unwrap(),
            variations: Vec::new(),
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
        // The other starts its own.
        let one = options(&Pattern::ALL, &["redis://redis"]);
        one.check_brokers().unwrap();
        assert_eq!(broker(&one, Pattern::Amqp), None);
    }

    #[test]
    fn a_broker_that_nobody_uses_is_wrong_usage() {
        for (patterns, brokers, expected) in [
            (&[Pattern::Amqp][..], &["redis://:pw@host"][..], "no pattern of this run uses Redis"),
            (&[Pattern::Redis, Pattern::Local], &["amqp://me:pw@host"], "so amqp://host is of no use"),
            (&[Pattern::Zeromq], &["amqp://me:pw@host"], "no pattern of this run uses RabbitMQ"),
            (
                &Pattern::ALL,
                &["redis://:pw@a", "rediss://:pw@b"],
                "two brokers of Redis: rediss://b is the second",
            ),
            (
                &Pattern::ALL,
                &["mqtt://me:pw@host"],
                "mqtt://host is neither one of Redis nor one of RabbitMQ",
            ),
        ] {
            let error = options(patterns, brokers).check_brokers().unwrap_err();
            assert_eq!(error.exit, 2);
            assert!(error.message.contains(expected), "{error}");
            assert!(error.hint.is_some() && !error.to_string().contains("pw"), "{error}");
        }
    }
}
