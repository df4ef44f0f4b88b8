//! One run of a scenario over one pattern: start, connect, probe, warm up, load, heal, drain, judge.

mod deaths;
mod joined;
mod judged;
mod locked_out;
pub mod share;
mod unbegun;
mod unhealed;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::base::{Base, Events, LabEvent};
use super::clocks::load_began;
use super::cluster::Cluster;
use super::cost::CostMeter;
use super::drain::drain;
use super::error::LabError;
use super::interruption::{BEFORE_THE_LOAD, RunCut};
use super::link_report::{link_reports, proxy_report, robbed_links};
use super::observer::{Note, Observer};
use super::options::{ClusterOptions, cluster_options};
use super::process::Supervision;
use super::progress::Progress;
use super::roll::{members_at, members_name, members_of};
use super::shell::Shell;
use super::strikes::{Strikes, Targets, strike_all};
use super::subject::Subject;
use super::trace::{self, Tracing};
use deaths::Deaths;
use fault::link::Added;
use judged::Evidence;
use ledger::Plan;
use load::{self, Dialect, LoadError, LoadGenerator, LockedOut, Settings};
use report::{PlannedFault, RunReport};
use scenario::{Fault, Scenario, Transport};

pub use joined::join_parts;
use unbegun::Unbegun;
use unhealed::Unhealed;

/// How long a path may take to work for the first time.
const PROBE_LIMIT: Duration = Duration::from_secs(10);
/// How long after the last fault clients may take to be connected again.
const RECONNECT_LIMIT: Duration = Duration::from_secs(60);
/// How long each thread of the load may take to end in a run that is cut short.
const CUT_SHORT: Duration = Duration::from_millis(300);
/// How often the observer gets the counts.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);
/// Number of latency slices passed to the observer.
const SLICES: usize = 60;

/// One run of a scenario.
pub struct Trial<'a> {
    /// The scenario that is run.
    pub scenario: &'a Scenario,
    /// The subject over which the scenario is run.
    pub subject: &'a Subject,
    /// How subscribers hear: one of the scenario's transports.
    pub transport: Transport,
    /// What the report calls the run.
    pub label: String,
    /// The faults that strike, and when.
    pub faults: &'a [Fault],
    /// The id of the run, unique in the report.
    pub id: String,
    /// The seed, which reaches every random choice.
    pub seed: u64,
    /// The URL of a broker that is not the lab's.
    pub broker: Option<&'a str>,
    /// Additional flags for each node.
    pub node_flags: &'a [String],
    /// Whether our nodes write traces.
    pub tracing: Tracing,
    /// The dialect in which clients speak with a server that is not ours; `None` means that the lab finds out.
    pub dialect: Option<&'a Dialect>,
    /// The directory of the processes' logs.
    pub logs: PathBuf,
    /// Ends the run early when cancelled.
    pub cancel: &'a CancellationToken,
    /// The observer of the run.
    pub observer: &'a dyn Observer,
}

/// The result of a trial.
#[derive(Debug)]
pub struct TrialResult {
    /// The row of the report.
    pub run: RunReport,
    /// The version of each program that ran, by its name.
    pub versions: BTreeMap<String, String>,
}

/// What stands ready to be measured.
struct TestBed<'a> {
    urls: Vec<String>,
    /// The cluster that the lab started; `None` for a server that is not the lab's.
    cluster: Option<&'a Cluster>,
    shell: Option<Shell>,
    added: Option<Added>,
}

impl Trial<'_> {
    /// Runs the trial. When cancelled, it ends at once, and gives what was found out until then, marked as partial.
    pub async fn run(&self) -> Result<TrialResult, LabError> {
        let software = match self.subject {
            Subject::Attached { urls, .. } => return self.attached(urls).await,
            Subject::Cluster(software) => software,
        };
        self.observer.note(Note::Planned(self.faults));
        self.phase("start", None);
        let options = ClusterOptions {
            logs: Some(self.logs.clone()),
            ..cluster_options(self.scenario, software, self.faults, self.broker, self.node_flags)?
        };
        if self.traces() {
            trace::forget(&self.logs, options.nodes);
        }
        let options = ClusterOptions { seed: self.seed, trace: self.traces(), ..options };
        let mut cluster =
            match Cluster::start(&options, self.cancel, &|progress| self.starting(progress)).await {
                Err(error) if error == LabError::interrupted() => return Ok(self.unbegun()),
                cluster => cluster?,
            };
        let (urls, versions, events) = (cluster.urls(), cluster.versions(), cluster.take_events());
        let shell = Subject::runs_commands(self.faults)
            .then(|| self.shell(cluster.supervision(), &urls, &cluster.node_ids()));
        let added = cluster.links().added_latency().await?;
        self.observer.note(Note::Members(&members_of(&cluster)));
        let bed = TestBed { urls, cluster: Some(&cluster), shell, added };
        let result = self.measured(bed, events, versions).await;
        if let Some(left) = cluster.stop().await {
            self.observer.note(Note::Left(&left));
        }
        result
    }

    /// Measures nodes that run already. The lab starts something only if a command of the user's needs it.
    async fn attached(&self, urls: &[String]) -> Result<TrialResult, LabError> {
        self.observer.note(Note::Planned(self.faults));
        self.observer.note(Note::Members(&members_at(urls)));
        let bed = |shell| TestBed { urls: urls.to_vec(), cluster: None, shell, added: None };
        if !Subject::runs_commands(self.faults) {
            return self.measured(bed(None), None, BTreeMap::new()).await;
        }
        let program = super::options::program()?;
        let (base, events) = Base::new(&program)?;
        let shell = self.shell(base.supervision(), urls, &[]);
        let result = self.measured(bed(Some(shell)), Some(events), BTreeMap::new()).await;
        base.close().await;
        result
    }

    fn shell(&self, supervision: &Supervision, urls: &[String], pids: &[u32]) -> Shell {
        Shell::new(supervision, self.logs.clone(), self.subject.pattern_name(), urls, pids)
    }

    async fn measured(
        &self,
        bed: TestBed<'_>,
        events: Option<Events>,
        versions: BTreeMap<String, String>,
    ) -> Result<TrialResult, LabError> {
        let deaths = Deaths::default();
        let dialect = tokio::select! {
            dialect = self.dialect(&bed.urls) => dialect,
            () = self.cancel.cancelled() => return Ok(TrialResult { versions, ..self.unbegun() }),
        };
        let unhealed = Unhealed { shell: bed.shell.as_ref(), observer: self.observer };
        let evidence = tokio::select! {
            // The order of the branches matters: a death that is known when the phases end is part of the run.
            biased;
            error = self.watch_deaths(events, &deaths) => Err(error),
            evidence = self.phases(&bed, &dialect, &deaths) => evidence,
        };
        let healed = unhealed.heal().await;
        let evidence = evidence?;
        self.observer.note(Note::Over);
        let (label, pattern) = (self.label.as_str(), self.subject.pattern_name());
        let links = bed.cluster.map(|cluster| link_reports(cluster.links())).unwrap_or_default();
        let mut run = match evidence {
            Some(Ok(mut evidence)) => {
                healed.add_to(&mut evidence.harness);
                evidence.harness.problems.extend(robbed_links(&links));
                self.judged(evidence, deaths.into_clauses())
            }
            None => self.unbegun().run,
            Some(Err(unbegun)) => unbegun.report(&self.id, label, pattern, deaths.into_clauses()),
        };
        run.dialect = Some(dialect.to_string());
        run.transport = Some(self.transport.name().to_owned());
        run.schedule = self.faults.iter().map(PlannedFault::from).collect();
        run.links = links;
        run.proxy_us = bed.added.map(proxy_report);
        Ok(TrialResult { run, versions })
    }

    /// The dialect in which clients speak with the subject.
    async fn dialect(&self, urls: &[String]) -> Dialect {
        match self.subject.pattern() {
            Some(_) => Dialect::V1,
            None => spoken(self.dialect, urls, self.scenario.load.connect_timeout).await,
        }
    }

    /// Reports processes that die unasked; resolves when the run cannot go on.
    async fn watch_deaths(&self, events: Option<Events>, deaths: &Deaths) -> LabError {
        let Some(mut events) = events else { return std::future::pending().await };
        loop {
            match events.next().await {
                LabEvent::Died(death) => {
                    let last_words: String = death.log.iter().map(|line| format!("\n  | {line}")).collect();
                    let text = format!("{death}{last_words}");
                    self.observer
                        .note(Note::Died { name: members_name(self.subject, &death.name), text: &text });
                    deaths.record(&death, Instant::now());
                }
                LabEvent::WardenDied => {
                    return LabError::environment("the warden died, so everything was stopped");
                }
            }
        }
    }

    /// The result of a run that was interrupted before its load began.
    fn unbegun(&self) -> TrialResult {
        let (label, pattern) = (self.label.as_str(), self.subject.pattern_name());
        let run = RunReport::inconclusive(&self.id, label, pattern, BEFORE_THE_LOAD.into());
        TrialResult { run: RunReport { partial: true, ..run }, versions: BTreeMap::new() }
    }

    /// Goes through the phases of the run. If there is no evidence, because the run never came to its load, gives the
    /// reason; `None` if the reason is that the run was interrupted.
    async fn phases(
        &self,
        bed: &TestBed<'_>,
        dialect: &Dialect,
        deaths: &Deaths,
    ) -> Result<Option<Result<Evidence, Unbegun>>, LabError> {
        let generator = tokio::select! {
            generator = self.rehearsed(bed, dialect) => generator?,
            () = self.cancel.cancelled() => return Ok(None),
        };
        let generator = match generator {
            Ok(generator) => generator,
            Err(why) => return Ok(Some(Err(why))),
        };
        self.phase("load", Some(self.scenario.load.duration));
        let strikes = Mutex::new(Strikes::default());
        let began = load_began(|| generator.now(), SystemTime::now, generator.begin());
        let load_begins = begins_at(&generator);
        deaths.load_begins(load_begins);
        let meter = bed.cluster.and_then(|cluster| CostMeter::start(cluster.cost_roots(), load_begins));
        let plan = self.plan(bed.urls.len());
        let ending = tokio::select! {
            locked_out = self.loaded(&generator, bed, &strikes) => Ok(locked_out),
            () = self.cancel.cancelled() => Err(RunCut::now(&generator).await),
        };
        let (locked_out, cut) = match ending {
            Ok(locked_out) => (locked_out, None),
            Err(Some(cut)) => (Vec::new(), Some(cut)),
            Err(None) => return Ok(None),
        };
        let cost = match meter {
            Some(meter) => meter.finish().await,
            None => None,
        };
        let traffic = generator.traffic();
        let ledger = generator.ledger();
        let ended = cut.map_or_else(|| generator.now(), |cut| cut.at);
        let harness = match cut {
            None => generator.finish().await,
            Some(_) => generator.finish_within(CUT_SHORT).await,
        };
        let strikes = strikes.into_inner().unwrap_or_else(PoisonError::into_inner);
        let answers = dialect.has_answers();
        Ok(Some(Ok(Evidence {
            ledger,
            harness,
            strikes,
            locked_out,
            began,
            plan,
            ended,
            cut,
            traffic,
            cost,
            answers,
        })))
    }

    /// Connects, probes and warms up. If there are no clients that could connect, gives the reason.
    async fn rehearsed(
        &self,
        bed: &TestBed<'_>,
        dialect: &Dialect,
    ) -> Result<Result<LoadGenerator, Unbegun>, LabError> {
        let load = &self.scenario.load;
        self.phase("connect", None);
        let settings = Settings {
            plan: self.plan(bed.urls.len()),
            load: load.clone(),
            faults: self.faults.to_vec(),
            keeps_history: self.subject.keeps_history(),
            seed: self.seed,
            dialect: dialect.clone(),
            transport: self.transport,
            urls: bed.urls.clone(),
            agent: None,
        };
        let generator = match LoadGenerator::start(settings).await {
            Ok(generator) => generator,
            Err(error @ LoadError::Connect { .. }) => {
                return Ok(Err(Unbegun::inconclusive(error.to_string())));
            }
            Err(error) => return Err(error.into()),
        };
        self.phase("probe", Some(PROBE_LIMIT));
        generator.probe(PROBE_LIMIT).await;
        if let Some(silence) = generator.silence() {
            let harness = generator.finish().await;
            return Ok(Err(Unbegun::unheard(&silence, PROBE_LIMIT, harness)));
        }
        self.phase("warm-up", Some(load.warm_up));
        generator.warm_up().await;
        Ok(Ok(generator))
    }

    /// Whether the nodes are ours and write traces.
    fn traces(&self) -> bool {
        let Scenario { load, cluster, .. } = self.scenario;
        self.subject.pattern().is_some() && self.tracing.holds(load, cluster.nodes, self.faults)
    }

    fn plan(&self, nodes: usize) -> Plan {
        Plan::of(&self.scenario.load, self.faults, nodes, self.subject.crosses_nodes())
    }

    /// Runs the measured load with its faults until both are over, waits for the healing, and drains. Gives the clients
    /// that were not connected again.
    async fn loaded(
        &self,
        generator: &LoadGenerator,
        bed: &TestBed<'_>,
        strikes: &Mutex<Strikes>,
    ) -> Vec<LockedOut> {
        let load_began = begins_at(generator);
        let progress = self.report_progress(generator, load_began);
        let targets = Targets {
            cluster: bed.cluster,
            load: generator,
            shell: bed.shell.as_ref(),
            commands_elsewhere: false,
        };
        let faults = strike_all(targets, self.faults, load_began, self.observer, strikes);
        let work = async {
            tokio::join!(generator.schedule_ended(), faults);
            self.phase("heal", Some(RECONNECT_LIMIT));
            let locked_out = tokio::select! {
                connected = generator.all_connected(RECONNECT_LIMIT) => match connected {
                    true => Vec::new(),
                    false => generator.locked_out().into_iter().filter(locked_out::is_lasting).collect(),
                },
                // Nobody is left to connect to, and nobody comes back any more: waiting would show nothing.
                () = nobody_serves(bed.cluster) => Vec::new(),
            };
            self.phase("drain", Some(self.scenario.load.drain));
            drain(generator, self.scenario.load.drain).await;
            locked_out
        };
        tokio::select! {
            locked_out = work => locked_out,
            () = progress => Vec::new(),
        }
    }

    async fn report_progress(&self, generator: &LoadGenerator, load_began: Instant) {
        let ledger = generator.ledger();
        let mut tick = interval(PROGRESS_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tick.tick().await;
            let now = generator.now();
            let (progress, latency_us) = {
                let ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
                (ledger.progress(now), ledger.latest_p99_us(now, SLICES))
            };
            let (at, counts) = (load_began.elapsed(), progress.into());
            self.observer.note(Note::Progress { at, counts, latency_us: &latency_us });
        }
    }
}

/// The dialect in which clients speak with nodes that are not known to be ours: the one that was given or, without one,
/// what the first node accepts.
async fn spoken(given: Option<&Dialect>, urls: &[String], patience: Duration) -> Dialect {
    match (given, urls.first()) {
        (Some(given), _) => given.clone(),
        // If nobody answers, the clients that cannot connect will say so.
        (None, Some(url)) => load::detect(url, patience).await.unwrap_or(Dialect::V1),
        (None, None) => Dialect::Plain,
    }
}

/// When the measured load begins, or began.
fn begins_at(generator: &LoadGenerator) -> Instant {
    let (begin, now) = (generator.begin(), generator.now());
    Instant::now() + begin.saturating_sub(now)
}

/// Resolves when no node of the lab's serves or will serve again. Of nodes that are not the lab's nobody knows.
async fn nobody_serves(cluster: Option<&Cluster>) {
    match cluster {
        Some(cluster) => cluster.nobody_serves().await,
        None => std::future::pending().await,
    }
}

impl Trial<'_> {
    fn starting(&self, progress: Progress) {
        if let Progress::Waiting(what) = progress {
            self.observer.note(Note::Waiting(&what));
        }
    }

    fn phase(&self, name: &'static str, length: Option<Duration>) {
        self.observer.note(Note::Phase { name, length });
    }
}
