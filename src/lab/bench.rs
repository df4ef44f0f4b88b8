//! A bench: one scenario over one subject after the other, and the report of them all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::broker::{self, Broker};
use super::error::LabError;
use super::observer::{Note, Observer};
use super::product::Product;
use super::trial::{Subject, Trial, cluster_options};
use crate::report::{Host, Report, RunReport, SCHEMA};
use crate::scenario::{Pattern, Scenario, Target};

/// What is to be benched.
#[derive(Debug)]
pub struct BenchOptions {
    /// What is done.
    pub scenario: Scenario,
    /// To what, in the order of the table.
    pub subjects: Vec<Subject>,
    /// Reaches every random choice.
    pub seed: u64,
    /// Brokers that are not the lab's, one of a product at the most.
    pub brokers: Vec<String>,
    /// More flags for each node.
    pub node_flags: Vec<String>,
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
            faults: &options.scenario.schedule(pattern_of(subject), options.seed),
            seed: options.seed,
            broker: options.broker_of(subject),
            node_flags: &options.node_flags,
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
    options.check_brokers()?;
    let mut needed: Vec<(Product, Option<&str>)> = Vec::new();
    for subject in &options.subjects {
        if let Subject::Pattern(pattern) = *subject
            && applies(&options.scenario, subject).is_ok()
        {
            let broker = options.broker_of(subject);
            cluster_options(&options.scenario, pattern, broker, &options.node_flags)?;
            needed.extend(Product::of_pattern(pattern).map(|product| (product, broker)));
        }
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

fn pattern_of(subject: &Subject) -> Option<Pattern> {
    match subject {
        Subject::Pattern(pattern) => Some(*pattern),
        Subject::Attached(_) => None,
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Overrides;

    fn options(patterns: &[Pattern], brokers: &[&str]) -> BenchOptions {
        BenchOptions {
            scenario: Scenario::load("steady", &Overrides::new()).unwrap(),
            subjects: patterns.iter().map(|pattern| Subject::Pattern(*pattern)).collect(),
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
            options.broker_of(&Subject::Pattern(pattern)).map(str::to_owned)
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
