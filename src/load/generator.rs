//! The load generator as its owner sees it: start, probe, warm up, load, finish.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::attendance::Attendance;
use super::backlog::SendOrder;
use super::clock::LoadClock;
use super::cross::Cross;
use super::crowd::{ORDERS, TICKS, start_publishers, start_subscribers};
use super::dial::Dialer;
use super::engine::{Engine, FailedEnd};
use super::error::LoadError;
use super::health::LoadHealth;
use super::locked_out::LockedOut;
use super::pacer::{Pacer, Schedule};
use super::rehearsal::Rehearsal;
use super::roster::Roster;
use super::run::LoadRun;
use super::settings::Settings;
use super::silence::Silence;
use super::slow::Slowness;
use super::storm::Storms;
use super::text::{TextKind, Texts};
use super::traffic::Traffic;
use ledger::{Event, Harness, Ledger, Plan, TrafficFigures};
use scenario::Transport;

/// How often to look whether clients are back that are let in for a moment only, and whether polls have brought everything.
const LOOK: Duration = Duration::from_millis(100);
/// How much later than at its interval a poll may be answered.
const LATE_POLL: Duration = Duration::from_millis(500);
/// How long, beyond the time-out of a connection, the clients may take to be connected and subscribed.
const START_LIMIT: Duration = Duration::from_secs(10);

/// The pause between two probes over a path that has not worked yet.
const PROBE_PAUSE: Duration = Duration::from_millis(100);

/// How long a round of probes of several agents takes at the least for each receipt that it may cause, in microseconds.
const PROBE_RECEIPT: u64 = 20;

/// Time from the call of [`LoadGenerator::begin`] to the first message: enough for the pacing thread to notice.
const LEAD: Duration = Duration::from_millis(50);

/// How long [`LoadGenerator::finish`] waits for each thread.
const STOP_LIMIT: Duration = Duration::from_millis(1500);

/// A running load generator. Dropping it stops everything within a moment; [`LoadGenerator::finish`] waits for
/// that.
#[derive(Debug)]
pub struct LoadGenerator {
    run: Arc<LoadRun>,
    warm_up: Duration,
    orders: Vec<mpsc::Sender<SendOrder>>,
    probes: AtomicUsize,
    pacer: Pacer,
    engines: Vec<Engine>,
    /// When the measured load begins, and the pacing thread's ticket for it.
    begun: OnceLock<(Duration, usize)>,
    /// Stops all threads, however the generator is dropped.
    stop: DropGuard,
}

impl LoadGenerator {
    /// Connects and subscribes every client except those that join later. The run's zero is now.
    pub async fn start(settings: Settings) -> Result<Self, LoadError> {
        let limit = settings.load.connect_timeout + START_LIMIT;
        Self::start_within(settings, limit).await
    }

    async fn start_within(settings: Settings, limit: Duration) -> Result<Self, LoadError> {
        settings.check()?;
        let Settings { plan, load, faults, dialect, transport, keeps_history, seed, urls, agent } = settings;
        let plays = |client| agent.as_ref().is_none_or(|agent| agent.plays(client));
        let attendance = Attendance::new(&faults, plan.subscribers, seed, plays);
        let nonce = agent.as_ref().map_or_else(rand::random, |agent| agent.nonce);
        let binds = agent.as_ref().map(|agent| agent.binds.clone()).unwrap_or_default();
        let cross = agent.as_ref().map(|agent| Cross::new(&plan, agent)).unwrap_or_default();
        let mut ledger = Ledger::new(plan.clone());
        if load.presence {
            ledger.watch_presence();
        }
        let run = Arc::new(LoadRun {
            clock: agent.as_ref().map_or_else(LoadClock::start, |agent| agent.clock),
            texts: Texts::new(nonce, seed, load.payload),
            dialect,
            transport,
            poll_every: load.poll_every,
            traffic: Traffic::new(plan.subscribers),
            dialer: Dialer::new(&urls, &load, seed, binds)?,
            roster: Roster::new(&plan, &attendance.away(), plays),
            attendance,
            slowness: Slowness::new(&faults, plan.subscribers, seed),
            storms: Storms::new(plan.publishers + plan.subscribers),
            rehearsal: Rehearsal::new(plan.clone(), agent.as_ref().map(|agent| agent.share)),
            health: LoadHealth::new(),
            resend: load.resend,
            keeps_history,
            watches_presence: load.presence,
            waiting: watch::Sender::new(0),
            ledger: Arc::new(Mutex::new(ledger)),
            cross: Mutex::new(cross),
            agent,
            plan,
        });
        let cancel = CancellationToken::new();
        let stop = cancel.clone().drop_guard();
        let (ticks_tx, ticks) = mpsc::channel(TICKS);
        let (orders, inboxes) = (0..run.plan.publishers).map(|_| mpsc::channel(ORDERS)).unzip();
        let engines =
            vec![start_publishers(&run, inboxes, &cancel)?, start_subscribers(&run, ticks, &cancel)?];
        let pacer = Pacer::start(run.clone(), Clone::clone(&orders), ticks_tx, cancel)?;
        if !run.roster.all_online(limit).await {
            return Err(LoadError::Connect {
                online: run.roster.online(),
                clients: run.roster.expected(),
                limit,
                trouble: run.roster.troubles_so_far(),
            });
        }
        let (probes, begun) = (AtomicUsize::new(0), OnceLock::new());
        Ok(Self { run, warm_up: load.warm_up, orders, probes, pacer, engines, begun, stop })
    }

    /// The ledger that records everything. Hold its lock for a moment only: every receipt needs it.
    pub fn ledger(&self) -> Arc<Mutex<Ledger>> {
        self.run.ledger.clone()
    }

    /// Time since the run's zero.
    pub fn now(&self) -> Duration {
        self.run.clock.now()
    }

    /// Probes every path of the pattern from a publisher to a subscriber, until each has worked or `limit` has
    /// passed. Tells the ledger which paths have not worked, and returns their number.
    pub async fn probe(&self, limit: Duration) -> usize {
        let run = &self.run;
        run.rehearsal.await_paths(|publisher, subscriber| run.reaches(publisher, subscriber));
        let end = Instant::now() + limit;
        loop {
            self.send_probes(run.rehearsal.unprobed());
            let pause = (Instant::now() + PROBE_PAUSE).min(end);
            if timeout_at(pause, run.rehearsal.verified()).await.is_ok() {
                return 0;
            }
            if pause == end {
                break;
            }
        }
        self.probed()
    }

    fn send_probes(&self, pairs: impl IntoIterator<Item = (usize, usize)>) {
        let run = &self.run;
        for (publisher, room) in pairs {
            let seq = self.probes.fetch_add(1, Ordering::Relaxed);
            let order = SendOrder { kind: TextKind::Probe, number: seq, seq, room, due: run.clock.now() };
            if self.orders[publisher].try_send(order).is_err() {
                run.health.overrun();
            }
        }
    }

    /// Awaits a message over every path to a subscriber of this agent: its own publishers and those of other agents probe.
    pub fn await_paths(&self) {
        let run = &self.run;
        run.rehearsal.await_paths(|publisher, subscriber| {
            let is_played = run.agent.as_ref().is_none_or(|agent| agent.is_played(publisher));
            is_played && run.reaches(publisher, subscriber)
        });
    }

    /// Probes for other agents, without end: whether their subscribers have heard the publishers of this one is known there
    /// alone. Each round asks every publisher for a message to every room.
    pub async fn probe_on(&self) {
        let run = &self.run;
        let own: Vec<_> = (0..run.plan.publishers).filter(|publisher| run.plays(*publisher)).collect();
        let rooms = |publisher: usize| (0..run.plan.rooms).map(move |room| (publisher, room));
        let pairs: Vec<_> = own.into_iter().flat_map(rooms).collect();
        // Many paths are not all tried ten times a second, nor all at once: the probes would be a load of their own.
        let receipts = (run.plan.publishers * run.plan.subscribers) as u64;
        let round = PROBE_PAUSE.max(Duration::from_micros(receipts.saturating_mul(PROBE_RECEIPT)));
        let share = PROBE_PAUSE.as_secs_f64() / round.as_secs_f64();
        let at_once = (pairs.len() as f64 * share).ceil() as usize;
        loop {
            for some in pairs.chunks(at_once.max(1)) {
                self.send_probes(some.iter().copied());
                sleep(PROBE_PAUSE).await;
            }
        }
    }

    /// Waits until every path of [`LoadGenerator::await_paths`] has worked, or `limit` has passed. Meanwhile somebody has to
    /// [`LoadGenerator::probe_on`].
    pub async fn heard(&self, limit: Duration) {
        let _ = timeout(limit, self.run.rehearsal.verified()).await;
    }

    /// Tells the ledger which paths have not worked in the probe, and returns their number.
    pub fn probed(&self) -> usize {
        let run = &self.run;
        let dead = run.rehearsal.unverified();
        for (publisher, subscriber) in &dead {
            let path = Event::UnverifiedPath { publisher: *publisher, subscriber: *subscriber };
            run.tell(&path, run.clock.now());
        }
        dead.len()
    }

    /// What is wrong if no path at all has worked in the probe; `None` if one has, or there is none to probe.
    pub fn silence(&self) -> Option<Silence> {
        let paths = self.run.rehearsal.all_dead()?;
        Some(Silence { paths, strange: self.run.health.first_strange_frame() })
    }

    /// Sends the warm-up, at the load's own rate without its surges. Returns when its last message is due. Subscribers that
    /// ask at intervals then have the time to ask for all that was sent until now: what they had of it later would be taken
    /// for the load's own traffic.
    pub async fn warm_up(&self) {
        let messages = (self.run.plan.rate * self.warm_up.as_secs_f64()).round() as usize;
        let plan = Plan { messages, surges: Vec::new(), ..self.run.plan.clone() };
        self.pacer.finished(self.pacer.follow(Schedule::new(TextKind::Warm, plan, self.now()))).await;
        if self.run.transport == Transport::Poll {
            let heard = async {
                while self.run.rehearsal.is_something_missing() {
                    sleep(LOOK).await;
                }
            };
            let _ = timeout(self.run.poll_every + LATE_POLL, heard).await;
        }
    }

    /// Begins the measured load some milliseconds from now. Returns the instant at which the first message is due; a
    /// further call returns the same instant.
    pub fn begin(&self) -> Duration {
        self.begin_at(self.now() + LEAD)
    }

    /// Begins the measured load at this moment, of which at least some milliseconds are left: its first message is due
    /// then. A further call changes nothing and returns the same instant.
    pub fn begin_at(&self, at: Duration) -> Duration {
        let begin = || {
            self.run.tell(&Event::Begin, at);
            self.run.health.measure();
            self.run.traffic.measure();
            (at, self.pacer.follow(Schedule::new(TextKind::Load, self.run.plan.clone(), at)))
        };
        self.begun.get_or_init(begin).0
    }

    /// Waits until the last message's due time has passed, and every publisher that has a connection has handed over
    /// what was due: the ledger then knows all debts except those of publishers without a connection. Without
    /// [`LoadGenerator::begin`] there is nothing to wait for.
    pub async fn schedule_ended(&self) {
        if let Some((_, ticket)) = self.begun.get() {
            self.pacer.finished(*ticket).await;
            self.run.handed_over().await;
        }
    }

    /// Lets the subscribers of a fault (by its place in [`Settings::faults`]) go offline on purpose: each closes its
    /// connection politely and stays away. Gives `false` if that takes longer than `limit`.
    pub async fn leave(&self, fault: usize, limit: Duration) -> bool {
        self.run.attendance.dismiss(fault, limit).await
    }

    /// Lets the absent subscribers of a fault come, each to the node on which it starts. Gives `false` if it takes
    /// longer than `limit` until all of them are subscribed; they go on trying.
    pub async fn come(&self, fault: usize, limit: Duration) -> bool {
        let run = &self.run;
        run.roster.expect(run.attendance.call(fault));
        run.attendance.seated(fault, limit).await
    }

    /// Waits until every client that is not away on purpose is connected, every such subscriber is subscribed, and
    /// the messages that waited for a connection were handed over. Gives `false` if the clients take longer than
    /// `limit`.
    pub async fn all_connected(&self, limit: Duration) -> bool {
        let (roster, since) = (&self.run.roster, self.now());
        let back = async {
            while !roster.are_all_back(since, self.now()) {
                if roster.all_online(LOOK).await {
                    sleep(LOOK).await;
                }
            }
        };
        let all = timeout(limit, back).await.is_ok();
        if all {
            self.run.handed_over().await;
        }
        all
    }

    /// The clients that are to be connected now and are not, publishers first. A subscriber that is away on purpose is
    /// not among them.
    pub fn locked_out(&self) -> Vec<LockedOut> {
        self.run.roster.locked_out(self.now())
    }

    /// Lets the subscribers of a `slow` fault (by its place in [`Settings::faults`]) read no faster than it says,
    /// over this and every later connection. Where several such faults hold, the lowest rate does. How long a
    /// connection takes to be opened is not slowed. The subscribers of such a fault have a small receive buffer for
    /// the whole run; what the node's kernel buffers for them is the node's concern.
    pub fn slow(&self, fault: usize) {
        self.run.slowness.slow(fault);
    }

    /// Ends what [`LoadGenerator::slow`] began for this fault, at once.
    pub fn hurry(&self, fault: usize) {
        self.run.slowness.hurry(fault);
    }

    /// Lets all clients that are connected to this node (to any node for `None`) drop their connections without a
    /// goodbye and connect again at once, all together. A client that fails goes on as after any lost connection.
    /// Gives `false` if it takes longer than `limit` until all of them are back and the subscribers subscribed.
    pub async fn storm(&self, node: Option<usize>, limit: Duration) -> bool {
        self.run.storms.strike(node, limit).await
    }

    /// What has passed over the subscribers' connections since the measured load began, the opening of each connection
    /// that was there then included, and not yet shared out; `None` before that.
    pub fn traffic(&self) -> Option<TrafficFigures> {
        self.run.traffic.figures()
    }

    /// Whether something is still to come: a debt that is not paid, the answer to a publish, or what an observer has to
    /// learn of who is there. Of several agents each also awaits what others may have sent to its subscribers; it cannot
    /// tell whether an observer is right about their people.
    pub fn awaits_something(&self) -> bool {
        let alone = self.run.agent.is_none();
        let own = {
            let ledger = self.run.ledger();
            let unanswered = self.has_answers() && ledger.unanswered() > 0;
            ledger.outstanding() > 0 || unanswered || alone && ledger.is_some_list_wrong()
        };
        own || self.run.cross.lock().unwrap_or_else(PoisonError::into_inner).missing() > 0
    }

    /// Whether the dialect has answers. If not, there is no answer to wait for.
    pub fn has_answers(&self) -> bool {
        self.run.dialect.has_answers()
    }

    /// Ends the load before its time: messages that are due from now on are not sent. Returns when every publisher
    /// that has a connection has handed over all messages due before, and gives the instant of the end. Receivers go
    /// on.
    pub async fn halt(&self) -> Duration {
        let at = self.pacer.halt(self.now());
        self.schedule_ended().await;
        at
    }

    /// Stops all threads, and reports how well the load generator itself has done.
    pub async fn finish(self) -> Harness {
        self.finish_within(STOP_LIMIT).await
    }

    /// Stops all threads as [`LoadGenerator::finish`] does, but gives each only `limit`. A thread that is late is
    /// left to end by itself.
    pub async fn finish_within(self, limit: Duration) -> Harness {
        let Self { run, pacer, engines, stop, .. } = self;
        run.tell(&Event::PresenceEnds, run.clock.now());
        stop.disarm().cancel();
        let mut notes = run.rehearsal.notes();
        for engine in engines {
            match engine.ended(limit).await {
                Ok(()) => {}
                Err(FailedEnd::Died(what)) => run.health.problem(what),
                // What was measured is written down by now, so a late end is mentioned and is no reason to doubt the
                // run.
                Err(FailedEnd::Late(what)) => notes.push(what),
            }
        }
        if timeout(limit, pacer.ended()).await.is_err() {
            notes.push("the pacing thread did not stop in time".to_owned());
        }
        run.health.harness(notes)
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::tests::settings;
    use super::*;

    #[tokio::test]
    async fn settings_that_contradict_themselves_are_refused_at_once() {
        let one_url = LoadGenerator::start(settings(&["ws://127.0.0.1:1"])).await.unwrap_err();
        assert!(matches!(one_url, LoadError::Settings(_)), "{one_url}");
        let mut nobody = settings(&["ws://127.0.0.1:1", "ws://127.0.0.1:2"]);
        nobody.plan.subscribers = 0;
        let nobody = LoadGenerator::start(nobody).await.unwrap_err();
        assert!(matches!(nobody, LoadError::Settings(_)), "{nobody}");
    }
}

#[cfg(test)]
mod tests_of_the_machine {
    use super::super::settings::tests::settings;
    use super::*;

    #[tokio::test]
    async fn a_cluster_that_is_not_there_is_named() {
        // One port on which nobody listens any more, and one on which nobody answers.
        let gone = std::net::TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).unwrap();
        let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let urls = [format!("ws://{gone}"), format!("ws://{}", mute.local_addr().unwrap())];
        let mut settings = settings(&urls.each_ref().map(|url| &**url));
        settings.load.connect_timeout = Duration::from_millis(20);
        let error = LoadGenerator::start_within(settings, Duration::from_millis(200)).await.unwrap_err();
        let error = error.to_string();
        let begin =
            "only 0 of 4 clients were connected and subscribed within 200ms; the latest failure: node ";
        assert!(error.starts_with(begin), "{error}");
        assert!(urls.iter().any(|url| error.contains(url)), "{error}");
    }
}
