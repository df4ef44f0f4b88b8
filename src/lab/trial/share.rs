//! Plays the part of a load that belongs to one of several agents, and writes down what this agent has seen.
//!
//! | file | what it is |
//! |---|---|
//! | `meeting` | the barrier that this agent serves, and when the load begins by its own clock |
//! | `written` | what is written down at the end |

mod meeting;
mod written;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::locked_out;
use super::unhealed::Unhealed;
use super::{CUT_SHORT, PROBE_LIMIT, RECONNECT_LIMIT, spoken};
use crate::agent::{AgentOptions, Start, hashed};
use crate::barrier::{Caller, Calls};
use crate::base::Base;
use crate::drain::drain;
use crate::error::LabError;
use crate::observer::{Note, Observer};
use crate::shell::Shell;
use crate::strikes::{Strikes, Targets, strike_all};
use crate::subject::Subject;
use ledger::{Harness, Plan, TrafficFigures};
use load::{Agent, Dialect, LoadClock, LoadGenerator, LockedOut, Settings};
use meeting::{own_address, own_moment, serve};
use part::Recorder;
use scenario::Fault;
use written::unwritten;

/// How long the others may take until their clients are connected and hear each other.
const READY_LIMIT: Duration = Duration::from_secs(120);
/// How long before the load begins the load generator is told of it.
const LEAD: Duration = Duration::from_millis(50);
/// The time in which arrives what is under way: between the last probe and the warm-up, and after the last poll.
const SETTLING: Duration = Duration::from_secs(1);
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
        let patience = options.scenario.load.connect_timeout;
        let dialect = spoken(options.dialect.as_ref(), &options.urls, patience).await;
        let recorder = Arc::new(Recorder::create(&options.out).map_err(unwritten)?);
        let faults = options.faults();
        let plan = Plan::of(&options.scenario.load, &faults, options.urls.len(), true);
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
                    let warms_up = begin.checked_sub(warm_up + SETTLING);
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
            drain(generator, self.options.scenario.load.drain).await;
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

    fn agent(&self) -> u32 {
        self.options.share.agent
    }

    fn phase(&self, name: &'static str, length: Option<Duration>) {
        self.observer.note(Note::Phase { name, length });
    }
}
