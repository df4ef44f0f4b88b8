//! One of several agents that play a load together: it plays its own clients, and writes down what it has seen.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::locked_out;
use super::unhealed::Unhealed;
use super::{CUT_SHORT, PROBE_LIMIT, RECONNECT_LIMIT};
use crate::agent::{AgentOptions, Start, hashed};
use crate::barrier::{Barrier, Caller, Calls, Rules};
use crate::base::Base;
use crate::error::LabError;
use crate::observer::{Note, Observer};
use crate::shell::Shell;
use crate::strikes::{Strikes, Targets, strike_all};
use crate::subject::Subject;
use ledger::{Harness, Plan, Surge, TrafficFigures};
use load::{Agent, Dialect, LoadClock, LoadGenerator, LockedOut, Settings};
use part::{AgentCost, FORMAT, FaultPart, HarnessPart, LockedOutPart, Manifest, PartError, Recorder};
use scenario::{Fault, Scenario};

/// How long the others may take until their clients are connected and hear each other.
const READY_LIMIT: Duration = Duration::from_secs(120);
/// How long before the load begins the load generator is told of it.
const LEAD: Duration = Duration::from_millis(50);
/// How often the drain looks whether everything has arrived.
const LOOK: Duration = Duration::from_millis(20);
/// The least time that the drain listens on.
const LISTENING: Duration = Duration::from_secs(1);
/// How long the agent that serves the barrier waits until the others have left.
const FAREWELL: Duration = Duration::from_secs(5);

/// What an agent has done.
#[derive(Debug)]
pub struct Played {
    /// The agents that did not come, counted from 1.
    pub absent: Vec<u32>,
    /// Number of events in the log.
    pub events: u64,
    /// Whether the agent was interrupted.
    pub partial: bool,
}

/// Plays this agent's clients and writes the part. When cancelled, it ends at once and leaves what was seen until then,
/// marked as partial.
pub async fn play(
    options: &AgentOptions,
    observer: &dyn Observer,
    cancel: &CancellationToken,
) -> Result<Played, LabError> {
    options.check()?;
    options.make_directory()?;
    let played = Box::pin(Player::play(options, observer, cancel)).await;
    if played.is_err() {
        // Nothing of it is a part.
        let _ = std::fs::remove_dir_all(&options.out);
    }
    played
}

struct Player<'a> {
    options: &'a AgentOptions,
    observer: &'a dyn Observer,
    faults: Vec<Fault>,
    clock: LoadClock,
    caller: Option<Caller>,
    recorder: Arc<Recorder>,
    dialect: Dialect,
    plan: Plan,
    run: String,
    absent: Vec<u32>,
}

/// What the end of an agent's run brings.
#[derive(Default)]
struct End {
    began: Option<Duration>,
    strikes: Strikes,
    locked_out: Vec<LockedOut>,
    traffic: Option<TrafficFigures>,
    harness: Harness,
    partial: bool,
}

impl<'a> Player<'a> {
    async fn play(
        options: &'a AgentOptions,
        observer: &'a dyn Observer,
        cancel: &CancellationToken,
    ) -> Result<Played, LabError> {
        let clock = LoadClock::start();
        let begin = match options.start {
            Start::At(at) => Some(own_moment(at, clock)?),
            Start::Barrier(_) => None,
        };
        let barrier = serve(options, clock).await?;
        observer.note(Note::Phase { name: "meet", length: None });
        let caller = match &options.start {
            Start::Barrier(meeting) => {
                let own = barrier.as_ref().map(|barrier| own_address(barrier.address()));
                let at = own.or_else(|| meeting.at.clone()).unwrap_or_default();
                let (share, load, wait) = (options.share, options.load_word(), meeting.wait);
                let calls = Calls { at, share, load, wait };
                tokio::select! {
                    caller = Caller::call(&calls, clock) => Some(caller?),
                    () = cancel.cancelled() => return Err(LabError::interrupted()),
                }
            }
            Start::At(_) => None,
        };
        let absent = caller.as_ref().map(|caller| caller.absent.clone()).unwrap_or_default();
        let run = match (&caller, &options.start) {
            (Some(caller), _) => caller.run.clone(),
            (None, Start::At(at)) => {
                // Agents that begin at one moment with one load are of one run.
                let at = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
                format!("{:016x}", hashed(&format!("{}|{at}", options.load_word())))
            }
            (None, Start::Barrier(_)) => String::new(),
        };
        let dialect = match (&options.dialect, options.urls.first()) {
            (Some(given), _) => given.clone(),
            (None, Some(url)) => {
                load::detect(url, options.scenario.load.connect_timeout).await.unwrap_or(Dialect::V1)
            }
            (None, None) => Dialect::V1,
        };
        let recorder = Arc::new(Recorder::create(&options.out).map_err(unwritten)?);
        let (faults, plan) = (options.faults(), plan(options));
        let player = Self { options, observer, faults, clock, caller, recorder, dialect, plan, run, absent };
        let comparing = async {
            match &player.caller {
                Some(caller) => caller.compare().await,
                None => std::future::pending().await,
            }
        };
        let end = tokio::select! {
            end = player.perform(begin, cancel) => end?,
            () = comparing => return Err(LabError::interrupted()),
        };
        if let Some(caller) = player.caller.as_ref().filter(|_| !end.partial) {
            caller.compare_at_the_end().await;
        }
        let played = player.write(end);
        drop(player);
        if let Some(barrier) = barrier {
            barrier.close(FAREWELL).await;
        }
        played
    }

    /// Goes through the phases.
    async fn perform(&self, begin: Option<Duration>, cancel: &CancellationToken) -> Result<End, LabError> {
        self.phase("connect", None);
        let generator = tokio::select! {
            generator = LoadGenerator::start(self.settings()) => generator?,
            () = cancel.cancelled() => return Ok(End { partial: true, ..End::default() }),
        };
        let rehearsed = tokio::select! {
            rehearsed = self.rehearse(&generator, begin) => Some(rehearsed?),
            () = cancel.cancelled() => None,
        };
        let Some(begin) = rehearsed else {
            let harness = generator.finish_within(CUT_SHORT).await;
            return Ok(End { partial: true, harness, ..End::default() });
        };
        let began = generator.begin_at(begin);
        let load_began = Instant::now() + began.saturating_sub(generator.now());
        self.phase("load", Some(self.options.scenario.load.duration));
        let record = Mutex::new(Strikes::default());
        let loaded = self.loaded(&generator, load_began, &record, cancel).await?;
        let partial = loaded.is_none();
        let traffic = generator.traffic();
        let harness = match partial {
            false => generator.finish().await,
            true => generator.finish_within(CUT_SHORT).await,
        };
        let strikes = record.into_inner().unwrap_or_else(PoisonError::into_inner);
        let locked_out = loaded.unwrap_or_default();
        Ok(End { began: Some(began), strikes, locked_out, traffic, harness, partial })
    }

    /// Probes and warms up. Gives when the load begins, which is a moment from now then.
    async fn rehearse(
        &self,
        generator: &LoadGenerator,
        begin: Option<Duration>,
    ) -> Result<Duration, LabError> {
        let warm_up = self.options.scenario.load.warm_up;
        let late = |begin: Duration| {
            let late = generator.now().saturating_sub(begin).as_secs_f64();
            LabError::environment(format!(
                "agent {} was not ready when the load began, {late:.1} s ago",
                self.agent()
            ))
            .hint("give a later `--start-at`, or let the agents meet: `--barrier`")
        };
        self.phase("probe", Some(PROBE_LIMIT));
        generator.await_paths();
        let ready = async {
            match (&self.caller, begin) {
                (Some(caller), _) => {
                    generator.heard(PROBE_LIMIT).await;
                    caller.ready(READY_LIMIT).await
                }
                (None, Some(begin)) => {
                    // The others may come late: whoever is early probes for them until the warm-up.
                    let warms_up = begin.checked_sub(warm_up + LISTENING);
                    let left = warms_up.and_then(|at| at.checked_sub(generator.now()));
                    sleep(left.ok_or_else(|| late(begin))?).await;
                    Ok(begin)
                }
                (None, None) => Err(LabError::usage("it is not said when the load begins")),
            }
        };
        let begin = tokio::select! {
            begin = ready => begin?,
            () = generator.probe_on() => return Err(LabError::interrupted()),
        };
        generator.probed();
        self.phase("warm-up", Some(warm_up));
        generator.warm_up().await;
        let Some(left) = begin.checked_sub(generator.now()) else { return Err(late(begin)) };
        sleep(left.saturating_sub(LEAD)).await;
        Ok(begin)
    }

    /// Runs the measured load with its faults, waits for the healing, and drains. Gives the clients that were not connected
    /// again; `None` if it was interrupted.
    async fn loaded(
        &self,
        generator: &LoadGenerator,
        load_began: Instant,
        record: &Mutex<Strikes>,
        cancel: &CancellationToken,
    ) -> Result<Option<Vec<LockedOut>>, LabError> {
        // One agent runs the commands: what they break is broken for all.
        let runs = self.agent() == 1 && Subject::runs_commands(&self.faults);
        let based = runs.then(|| Base::new(&crate::options::program()?)).transpose()?;
        let logs = self.options.out.join("logs");
        let shell = match &based {
            Some((base, _)) => {
                std::fs::create_dir_all(&logs).map_err(|error| {
                    LabError::environment(format!("{} cannot be made: {error}", logs.display()))
                })?;
                let Self { options, .. } = self;
                Some(Shell::new(base.supervision(), logs, &options.label, &options.urls, &[]))
            }
            None => None,
        };
        let unhealed = Unhealed { shell: shell.as_ref(), observer: self.observer };
        let targets = Targets {
            cluster: None,
            load: generator,
            shell: shell.as_ref(),
            commands_elsewhere: self.agent() != 1,
        };
        let work = async {
            let faults = strike_all(targets, &self.faults, load_began, self.observer, record);
            tokio::join!(generator.schedule_ended(), faults);
            self.phase("heal", Some(RECONNECT_LIMIT));
            let locked_out = match generator.all_connected(RECONNECT_LIMIT).await {
                true => Vec::new(),
                false => generator.locked_out().into_iter().filter(locked_out::is_lasting).collect(),
            };
            self.phase("drain", Some(self.options.scenario.load.drain));
            self.drain(generator).await;
            if let Some(caller) = &self.caller {
                self.phase("wait for the others", None);
                caller.done(RECONNECT_LIMIT + self.options.scenario.load.drain).await;
            }
            locked_out
        };
        let locked_out = tokio::select! {
            locked_out = work => Some(locked_out),
            () = cancel.cancelled() => None,
        };
        if locked_out.is_none() {
            generator.halt().await;
        }
        unhealed.heal().await;
        drop(unhealed);
        drop(shell);
        if let Some((base, _)) = based {
            base.close().await;
        }
        Ok(locked_out)
    }

    /// Listens until everything has come that is owed to this agent's subscribers, or the limit is reached.
    async fn drain(&self, generator: &LoadGenerator) {
        let limit = self.options.scenario.load.drain;
        let (began, ledger) = (Instant::now(), generator.ledger());
        let waits = || {
            let ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
            let unanswered = generator.has_answers() && ledger.unanswered() > 0;
            ledger.outstanding() > 0 || unanswered || generator.awaited_of_others() > 0
        };
        sleep(LISTENING.min(limit)).await;
        while waits() && began.elapsed() < limit {
            sleep(LOOK).await;
        }
    }

    fn settings(&self) -> Settings {
        let options = self.options;
        let agent = Agent {
            share: options.share,
            nonce: (hashed(&self.run) >> 16) as u32,
            absent: self.absent.clone(),
            clock: self.clock,
            recorder: self.recorder.clone(),
            binds: options.binds.clone(),
        };
        Settings {
            plan: self.plan.clone(),
            load: options.scenario.load.clone(),
            faults: self.faults.clone(),
            keeps_history: true,
            seed: options.seed,
            dialect: self.dialect.clone(),
            transport: options.transport(),
            urls: options.urls.clone(),
            agent: Some(agent),
        }
    }

    /// Writes the end of the log, and the manifest.
    fn write(&self, mut end: End) -> Result<Played, LabError> {
        let Self { options, .. } = self;
        let ended = self.clock.now();
        let events = self.recorder.finish().map_err(unwritten)?;
        end.harness.problems.append(&mut end.strikes.problems);
        let faults = end.strikes.times.iter().map(|times| FaultPart {
            place: self
                .faults
                .iter()
                .position(|fault| times.planned.as_ref() == Some(fault))
                .unwrap_or_default(),
            what: times.what.clone(),
            begin: nanos(times.begin),
            heal_begin: times.heal_begin.map(nanos),
            healed: times.healed.map(nanos),
            deliberate: times.deliberate,
        });
        let locked_out = end.locked_out.into_iter().map(|client| LockedOutPart {
            client: client.client,
            out_ms: client.out.as_millis() as u64,
            refusal: client.refusal,
            own: client.own,
        });
        let samples = self.caller.as_ref().map(|caller| caller.samples(options.share));
        let manifest = Manifest {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            share: options.share,
            seed: options.seed,
            scenario_name: options.name.clone(),
            scenario: options.scenario.to_json().to_string(),
            subject: options.label.clone(),
            dialect: self.dialect.to_string(),
            answers: self.dialect.has_answers(),
            crosses_nodes: self.plan.crosses_nodes,
            transport: options.transport().name().to_owned(),
            urls: options.urls.iter().map(|url| address::SafeUrl::new(url).to_string()).collect(),
            run: self.run.clone(),
            zero_unix_ms: self.clock.zero_unix().as_millis() as u64,
            began_ns: end.began.map(nanos),
            ended_ns: nanos(ended),
            partial: end.partial,
            absent: self.absent.clone(),
            clock: samples.unwrap_or_default(),
            faults: faults.collect(),
            harness: HarnessPart::from(&end.harness),
            traffic: end.traffic,
            cost: cost(),
            locked_out: locked_out.collect(),
            events,
        };
        manifest.write(&options.out).map_err(unwritten)?;
        Ok(Played { absent: self.absent.clone(), events, partial: end.partial })
    }

    fn agent(&self) -> u32 {
        self.options.share.agent
    }

    fn phase(&self, name: &'static str, length: Option<Duration>) {
        self.observer.note(Note::Phase { name, length });
    }
}

/// Serves the barrier, if this agent does.
async fn serve(options: &AgentOptions, clock: LoadClock) -> Result<Option<Barrier>, LabError> {
    let Start::Barrier(meeting) = &options.start else { return Ok(None) };
    // Where every agent has the same command line, the first one serves.
    let serves = meeting.at.is_none() || options.share.agent == 1;
    let Some(at) = meeting.serves.filter(|_| serves) else { return Ok(None) };
    let rules = Rules {
        agent: options.share.agent,
        of: options.share.of,
        load: options.load_word(),
        run: format!("{:016x}", rand::random::<u64>()),
        wait: meeting.wait,
        clock_limit: meeting.clock_limit,
        warm_up: options.scenario.load.warm_up + poll_margin(&options.scenario),
    };
    let served = Barrier::serve(at, rules, clock).await.map_err(|error| {
        LabError::environment(format!("the barrier cannot be served at {at}: {error}"))
            .hint("choose another address with `--serve-barrier`, and give it to the other agents")
    })?;
    Ok(Some(served))
}

/// How much longer the rehearsal of subscribers lasts that ask at intervals.
fn poll_margin(scenario: &Scenario) -> Duration {
    match scenario.load.transports.contains(&scenario::Transport::Poll) {
        true => scenario.load.poll_every + LISTENING,
        false => Duration::ZERO,
    }
}

/// Where the agent that serves the barrier calls it.
fn own_address(mut served: std::net::SocketAddr) -> String {
    if served.ip().is_unspecified() {
        served.set_ip(match served.is_ipv4() {
            true => std::net::Ipv4Addr::LOCALHOST.into(),
            false => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    served.to_string()
}

/// A moment of the wall clock as the agent's own clock has it.
fn own_moment(at: SystemTime, clock: LoadClock) -> Result<Duration, LabError> {
    let at = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = clock.zero_unix() + clock.now();
    match at.checked_sub(clock.zero_unix()).filter(|_| at > now) {
        Some(moment) => Ok(moment),
        None => {
            let ago = now.saturating_sub(at).as_secs_f64();
            Err(LabError::usage(format!("--start-at was {ago:.1} s ago by the clock of this machine"))
                .hint("give a moment that is half a minute ahead, or let the agents meet: `--barrier`"))
        }
    }
}

fn plan(options: &AgentOptions) -> Plan {
    let (load, faults) = (&options.scenario.load, options.faults());
    let surges = Surge::among(&faults);
    let messages = Plan::count(load.rate, &surges, load.duration);
    Plan {
        publishers: load.publishers,
        subscribers: load.subscribers,
        nodes: options.urls.len(),
        rooms: load.rooms,
        rate: load.rate,
        surges,
        messages,
        crosses_nodes: true,
    }
}

/// What this process has taken of its machine.
fn cost() -> AgentCost {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return AgentCost::default() };
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    // Linux counts in KiB, and Apple's systems in bytes.
    let unit = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
    AgentCost { cpu_s: micros as f64 / 1e6, rss_max_mib: (usage.max_rss() * unit) as f64 / (1 << 20) as f64 }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn unwritten(error: PartError) -> LabError {
    LabError::environment(format!("the part cannot be written: {error}"))
        .hint("free some space, or choose another directory with `--out`")
}
