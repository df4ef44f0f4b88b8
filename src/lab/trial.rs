//! One run of a scenario over one pattern: start, connect, probe, warm up, load, heal, drain, judge.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::base::{Events, LabEvent};
use super::cluster::Cluster;
use super::error::LabError;
use super::observer::{Note, Observer};
use super::options::ClusterOptions;
use super::product::Product;
use super::strikes::{Strikes, Targets, strike_all};
use crate::ledger::{self, Harness, Ledger, Plan};
use crate::load::{Dialect, LoadError, LoadGenerator, Settings};
use crate::report::RunReport;
use crate::scenario::{Fault, Pattern, Scenario};

/// How long a path may take to work for the first time.
const PROBE_LIMIT: Duration = Duration::from_secs(10);
/// How long after the last fault clients may take to be connected again.
const RECONNECT_LIMIT: Duration = Duration::from_secs(60);
/// How often the drain looks whether every debt is paid.
const DRAIN_LOOK: Duration = Duration::from_millis(20);
/// How often the observer is told the counts.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// What is measured.
#[derive(Debug, Clone)]
pub enum Subject {
    /// A cluster that the lab starts.
    Pattern(Pattern),
    /// Nodes that already run, one URL each.
    Attached(Vec<String>),
}

impl Subject {
    /// How the report calls it.
    pub fn label(&self) -> &'static str {
        match self {
            Subject::Pattern(pattern) => pattern.name(),
            Subject::Attached(_) => "attached",
        }
    }

    /// The broker that it needs, if the lab is to see to it.
    pub fn product(&self) -> Option<Product> {
        match self {
            Subject::Pattern(pattern) => Product::of_pattern(*pattern),
            Subject::Attached(_) => None,
        }
    }

    fn crosses_nodes(&self) -> bool {
        match self {
            Subject::Pattern(pattern) => pattern.crosses_nodes(),
            Subject::Attached(_) => true,
        }
    }

    /// Of a server that is not the lab's nobody knows.
    fn keeps_history(&self) -> bool {
        match self {
            Subject::Pattern(pattern) => pattern.has_history(),
            Subject::Attached(_) => true,
        }
    }
}

/// One run of a scenario.
pub struct Trial<'a> {
    /// What is done.
    pub scenario: &'a Scenario,
    /// To what.
    pub subject: &'a Subject,
    /// What breaks, and when.
    pub faults: &'a [Fault],
    /// Reaches every random choice.
    pub seed: u64,
    /// A broker that is not the lab's.
    pub broker: Option<&'a str>,
    /// More flags for each node.
    pub node_flags: &'a [String],
    /// Where the logs of the processes go.
    pub logs: PathBuf,
    /// Ends the run early.
    pub cancel: &'a CancellationToken,
    /// Who watches.
    pub observer: &'a dyn Observer,
}

/// What a trial brings.
#[derive(Debug)]
pub struct Outcome {
    /// The row of the report.
    pub run: RunReport,
    /// What ran, in which version.
    pub versions: BTreeMap<String, String>,
}

/// What a measurement brings.
struct Evidence {
    ledger: Arc<Mutex<Ledger>>,
    harness: Harness,
    strikes: Strikes,
    ended: Duration,
}

impl Trial<'_> {
    /// Runs it.
    pub async fn run(&self) -> Result<Outcome, LabError> {
        let pattern = match self.subject {
            Subject::Attached(urls) => return self.measured(urls.clone(), None, BTreeMap::new()).await,
            Subject::Pattern(pattern) => *pattern,
        };
        self.phase("start", None);
        let options = ClusterOptions {
            logs: Some(self.logs.clone()),
            ..cluster_options(self.scenario, pattern, self.broker, self.node_flags)?
        };
        let mut cluster = Cluster::start(&options, self.cancel, &|_| {}).await?;
        let (urls, versions, events) = (cluster.urls(), cluster.versions(), cluster.take_events());
        let outcome = self.measured(urls, Some((&cluster, events)), versions).await;
        if let Some(left) = cluster.stop().await {
            self.observer.note(Note::Left(&left));
        }
        outcome
    }

    async fn measured(
        &self,
        urls: Vec<String>,
        lab: Option<(&Cluster, Option<Events>)>,
        versions: BTreeMap<String, String>,
    ) -> Result<Outcome, LabError> {
        let (cluster, events) = lab.map_or((None, None), |(cluster, events)| (Some(cluster), events));
        let deaths = Mutex::new(Vec::new());
        let evidence = tokio::select! {
            evidence = self.phases(urls, cluster) => evidence?,
            error = self.watch_deaths(events, &deaths) => return Err(error),
            () = self.cancel.cancelled() => return Err(LabError::interrupted()),
        };
        self.observer.note(Note::Over);
        let deaths = deaths.into_inner().unwrap_or_else(PoisonError::into_inner);
        let label = self.subject.label();
        let run = match evidence {
            Ok(evidence) => self.judged(evidence, deaths),
            Err(why) => RunReport::inconclusive(&format!("{label}-1"), label, label, why),
        };
        Ok(Outcome { run, versions })
    }

    /// Tells of processes that die unasked; resolves when nothing can go on.
    async fn watch_deaths(&self, events: Option<Events>, deaths: &Mutex<Vec<String>>) -> LabError {
        let Some(mut events) = events else { return std::future::pending().await };
        loop {
            match events.next().await {
                LabEvent::Died(death) => {
                    let last_words: String = death.log.iter().map(|line| format!("\n  | {line}")).collect();
                    self.observer.note(Note::Died(format!("{death}{last_words}")));
                    let clause = format!("{} died unasked", death.name);
                    deaths.lock().unwrap_or_else(PoisonError::into_inner).push(clause);
                }
                LabEvent::WardenDied => {
                    return LabError::environment("the warden died, so everything was stopped");
                }
            }
        }
    }

    /// Goes through the run. Without evidence, because it never came to its load: why.
    async fn phases(
        &self,
        urls: Vec<String>,
        cluster: Option<&Cluster>,
    ) -> Result<Result<Evidence, String>, LabError> {
        let load = &self.scenario.load;
        self.phase("connect", None);
        let settings = Settings {
            plan: self.plan(urls.len()),
            load: load.clone(),
            faults: self.faults.to_vec(),
            dialect: Dialect::V1,
            keeps_history: self.subject.keeps_history(),
            seed: self.seed,
            urls,
        };
        let generator = match LoadGenerator::start(settings).await {
            Ok(generator) => generator,
            Err(error @ LoadError::Connect { .. }) => return Ok(Err(error.to_string())),
            Err(error @ LoadError::Url(_)) => {
                return Err(LabError::usage(error.to_string()).hint(error.hint()));
            }
            Err(error) => return Err(LabError::environment(error.to_string()).hint(error.hint())),
        };
        self.phase("probe", Some(PROBE_LIMIT));
        generator.probe(PROBE_LIMIT).await;
        self.phase("warm-up", Some(load.warm_up));
        generator.warm_up().await;
        self.phase("load", Some(load.duration));
        let strikes = Mutex::new(Strikes::default());
        let connected = self.loaded(&generator, cluster, &strikes).await;
        let (ledger, ended) = (generator.ledger(), generator.now());
        let mut harness = generator.finish().await;
        if !connected {
            let limit = humantime::format_duration(RECONNECT_LIMIT);
            harness.problems.push(format!("not every client was connected again within {limit}"));
        }
        let strikes = strikes.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Ok(Evidence { ledger, harness, strikes, ended }))
    }

    fn plan(&self, nodes: usize) -> Plan {
        let load = &self.scenario.load;
        Plan {
            publishers: load.publishers,
            subscribers: load.subscribers,
            nodes,
            rooms: load.rooms,
            rate: load.rate,
            messages: (load.rate * load.duration.as_secs_f64()).round() as usize,
            crosses_nodes: self.subject.crosses_nodes(),
        }
    }

    /// The measured load with its faults until both are over, healing, and the drain. False when not every
    /// client was connected again.
    async fn loaded(
        &self,
        generator: &LoadGenerator,
        cluster: Option<&Cluster>,
        strikes: &Mutex<Strikes>,
    ) -> bool {
        let lead = generator.begin().saturating_sub(generator.now());
        let load_began = Instant::now() + lead;
        let progress = self.tell_progress(generator, load_began);
        let targets = Targets { cluster, load: generator };
        let faults = strike_all(targets, self.faults, load_began, self.observer, strikes);
        let work = async {
            tokio::join!(generator.schedule_ended(), faults);
            self.phase("heal", Some(RECONNECT_LIMIT));
            let connected = generator.all_connected(RECONNECT_LIMIT).await;
            self.phase("drain", Some(self.scenario.load.drain));
            self.drain(generator).await;
            connected
        };
        tokio::select! {
            connected = work => connected,
            () = progress => false,
        }
    }

    async fn tell_progress(&self, generator: &LoadGenerator, load_began: Instant) {
        let ledger = generator.ledger();
        let mut tick = interval(PROGRESS_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tick.tick().await;
            let now = generator.now();
            let progress = ledger.lock().unwrap_or_else(PoisonError::into_inner).progress(now);
            self.observer.note(Note::Progress { at: load_began.elapsed(), counts: progress.into() });
        }
    }

    /// Until every debt is paid and every publish is answered, or the time is up. Never on quiet alone: a broker
    /// that boots is quiet too.
    async fn drain(&self, generator: &LoadGenerator) {
        let deadline = Instant::now() + self.scenario.load.drain;
        let ledger = generator.ledger();
        let waits = || {
            let ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
            ledger.outstanding() > 0 || ledger.unanswered() > 0
        };
        while waits() && Instant::now() < deadline {
            sleep(DRAIN_LOOK).await;
        }
    }

    fn judged(&self, evidence: Evidence, deaths: Vec<String>) -> RunReport {
        let Evidence { ledger, mut harness, strikes, ended } = evidence;
        harness.problems.extend(strikes.problems);
        harness.notes.extend(deaths);
        let settled = ledger.lock().unwrap_or_else(PoisonError::into_inner).settle(&strikes.times, ended);
        let expectations = match self.subject {
            Subject::Pattern(pattern) => self.scenario.expectations_for(*pattern),
            Subject::Attached(_) => {
                self.scenario.expect.iter().filter(|e| e.pattern.is_none()).cloned().collect()
            }
        };
        let judgement = ledger::judge(&settled, &harness, &expectations);
        let label = self.subject.label();
        RunReport::new(&format!("{label}-1"), label, label, &settled, &judgement, &harness, &strikes.times)
    }
}

impl Trial<'_> {
    fn phase(&self, name: &'static str, length: Option<Duration>) {
        self.observer.note(Note::Phase { name, length });
    }
}

/// The cluster that a scenario wants of a pattern, if it can be had.
pub fn cluster_options(
    scenario: &Scenario,
    pattern: Pattern,
    broker: Option<&str>,
    node_flags: &[String],
) -> Result<ClusterOptions, LabError> {
    // All of them on one node, if the others are down.
    let clients = scenario.load.publishers + scenario.load.subscribers;
    let options = ClusterOptions {
        nodes: scenario.cluster.nodes,
        broker: broker.map(str::to_owned),
        // The schedule and the clients are the load's; a node must not have an opinion on them.
        node_flags: ["--max-rate", "0", "--max-clients", &clients.to_string()]
            .into_iter()
            .map(str::to_owned)
            .chain(node_flags.iter().cloned())
            .collect(),
        ..ClusterOptions::new(pattern)?
    };
    options.check(&scenario.schedule(Some(pattern), 0))?;
    Ok(options)
}
