//! The barrier as an agent calls it.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout, timeout_at};

use super::line::Line;
use super::words::{Answer, Call, Stage};
use crate::error::LabError;
use load::LoadClock;
use part::{ClockSample, Share};

/// How often the clocks are compared while the load lasts.
const EVERY: Duration = Duration::from_secs(1);
/// Number of comparisons one after another before the load and after it: the quickest of them says most.
const MANY: usize = 16;
/// How long to wait for the answer to a question for the time.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait until a barrier that is not there yet is called again.
const PAUSE: Duration = Duration::from_millis(200);

/// Who calls a barrier, and where.
#[derive(Debug, Clone)]
pub(crate) struct Calls {
    /// Where the barrier is: `HOST:PORT`.
    pub(crate) at: String,
    /// Who calls.
    pub(crate) share: Share,
    /// What it is to play: equal in agents that play one load.
    pub(crate) load: String,
    /// How long to wait for the barrier, and for the others.
    pub(crate) wait: Duration,
}

/// An agent's connections to the barrier.
#[derive(Debug)]
pub(crate) struct Caller {
    meeting: tokio::sync::Mutex<Line>,
    clock: tokio::sync::Mutex<Line>,
    own: LoadClock,
    samples: Mutex<Vec<ClockSample>>,
    /// The number of the agent that serves the barrier.
    peer: u32,
    /// What parts of this run share.
    pub(crate) run: String,
    /// The agents that did not come.
    pub(crate) absent: Vec<u32>,
}

impl Caller {
    /// Calls the barrier, compares the clocks, and waits for the others.
    pub(crate) async fn call(calls: &Calls, own: LoadClock) -> Result<Self, LabError> {
        let mut clock = connect(calls).await?;
        let lost = |error: io::Error| {
            LabError::environment(format!("the barrier at {} has gone: {error}", calls.at))
                .hint("look at what the agent that serves it has said, and start all agents again")
        };
        let mut samples = Vec::new();
        let mut nearest: Option<(u64, i64)> = None;
        for _ in 0..MANY {
            let (sample, ahead_ms) = ask_time(&mut clock, own).await.map_err(lost)?;
            let trip = sample.received - sample.sent;
            if nearest.is_none_or(|(least, _)| trip < least) {
                nearest = Some((trip, ahead_ms));
            }
            samples.push(sample);
        }
        let mut meeting = connect(calls).await?;
        let hello = Call::Hello {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            agent: calls.share.agent,
            of: calls.share.of,
            load: calls.load.clone(),
            ahead_ms: nearest.map_or(0, |(_, ahead_ms)| ahead_ms),
            wall: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
        };
        meeting.say(&hello).await.map_err(lost)?;
        match meeting.hear().await.map_err(lost)? {
            Answer::Go { peer, run, absent, .. } => {
                samples.iter_mut().for_each(|sample| sample.peer = peer);
                let (meeting, clock) = (meeting.into(), clock.into());
                Ok(Self { meeting, clock, own, samples: Mutex::new(samples), peer, run, absent })
            }
            Answer::Refused { why, hint } => Err(LabError::environment(why).hint(hint)),
            Answer::Time { .. } => Err(lost(io::ErrorKind::InvalidData.into())),
        }
    }

    /// Waits until all agents are ready, and gives when the load begins by this agent's own clock.
    pub(crate) async fn ready(&self, limit: Duration) -> Result<Duration, LabError> {
        let begin = self.arrive(Stage::Ready, limit).await?;
        let begin = begin.ok_or_else(|| gone("it has not said when the load begins"))?;
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let nearest = samples.iter().min_by_key(|sample| sample.received - sample.sent);
        let Some(nearest) = nearest else { return Err(gone("it has not told the time")) };
        let middle = nearest.sent + (nearest.received - nearest.sent) / 2;
        let begin = i128::from(begin) - i128::from(nearest.peer_time) + i128::from(middle);
        Ok(Duration::from_nanos(u64::try_from(begin).unwrap_or_default()))
    }

    /// Waits until no agent has anything more to wait for. A barrier that has gone keeps nobody.
    pub(crate) async fn done(&self, limit: Duration) {
        let _ = self.arrive(Stage::Done, limit).await;
    }

    async fn arrive(&self, stage: Stage, limit: Duration) -> Result<Option<u64>, LabError> {
        let within_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        let mut line = self.meeting.lock().await;
        let meet = async {
            line.say(&Call::Arrive { stage, within_ms }).await?;
            line.hear::<Answer>().await
        };
        match timeout(limit + PATIENCE, meet).await {
            Ok(Ok(Answer::Go { begin_ns, .. })) => Ok(begin_ns),
            Ok(Ok(Answer::Refused { why, hint })) => Err(LabError::environment(why).hint(hint)),
            Ok(Ok(Answer::Time { .. })) => Err(gone("it has answered what was not asked")),
            Ok(Err(error)) => Err(gone(&error.to_string())),
            Err(_) => Err(gone("it has not answered in time")),
        }
    }

    /// Compares the clocks again and again, without end.
    pub(crate) async fn compare(&self) {
        let mut tick = interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            if !self.compare_once().await {
                // The clocks cannot be compared any more; the load goes on without it.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Compares the clocks for the last time.
    pub(crate) async fn compare_at_the_end(&self) {
        for _ in 0..MANY {
            if !self.compare_once().await {
                return;
            }
        }
    }

    async fn compare_once(&self) -> bool {
        let Ok((mut sample, _)) = ask_time(&mut *self.clock.lock().await, self.own).await else {
            return false;
        };
        sample.peer = self.peer;
        self.samples.lock().unwrap_or_else(PoisonError::into_inner).push(sample);
        true
    }

    /// All comparisons of the clocks; none on the agent that serves the barrier, which has one clock.
    pub(crate) fn samples(&self, share: Share) -> Vec<ClockSample> {
        match self.peer == share.agent {
            true => Vec::new(),
            false => self.samples.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

fn gone(why: &str) -> LabError {
    LabError::environment(format!("the barrier has gone: {why}"))
        .hint("look at what the agent that serves it has said, and start all agents again")
}

/// Connects to the barrier, which may be served a little later than it is called.
async fn connect(calls: &Calls) -> Result<Line, LabError> {
    let end = Instant::now() + calls.wait;
    loop {
        let why = match timeout_at(end, TcpStream::connect(&calls.at)).await {
            Ok(Ok(stream)) => return Ok(Line::new(stream)),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it does not answer".to_owned(),
        };
        if Instant::now() + PAUSE >= end {
            let message = format!("nobody serves a barrier at {}: {why}", calls.at);
            return Err(LabError::environment(message).hint(
                "start one agent with `--serve-barrier 0.0.0.0:7300`, and give the others its address with `--barrier`",
            ));
        }
        sleep(PAUSE).await;
    }
}

/// Asks for the time. Gives the round trip, and how far the own wall clock is ahead, in milliseconds.
async fn ask_time(line: &mut Line, own: LoadClock) -> io::Result<(ClockSample, i64)> {
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let sent = own.now();
    line.say(&Call::Time).await?;
    let answer = timeout(PATIENCE, line.hear()).await.map_err(|_| io::ErrorKind::TimedOut)??;
    let received = own.now();
    let Answer::Time { ns, unix_ms } = answer else { return Err(io::ErrorKind::InvalidData.into()) };
    let middle = wall + received.saturating_sub(sent) / 2;
    let ahead = i64::try_from(middle.as_millis()).unwrap_or(i64::MAX);
    let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let sample = ClockSample { peer: 0, sent: nanos(sent), peer_time: ns, received: nanos(received) };
    Ok((sample, ahead.saturating_sub_unsigned(unix_ms)))
}
