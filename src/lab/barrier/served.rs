//! The barrier as the agent that serves it has it: who is there, and how far each has come.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::line::Line;
use super::words::{Answer, Call, Stage};
use load::LoadClock;

/// How long after the last agent is ready the warm-up may begin: each has to hear of it.
const MARGIN: Duration = Duration::from_millis(500);
/// Number of connections beyond two for each agent: somebody may call again whose connection is not known to be dead. A
/// further one waits until another ends.
const MORE: usize = 16;

/// What holds for everybody who meets at a barrier.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    /// The number of the agent that serves it.
    pub(crate) agent: u32,
    /// Number of agents.
    pub(crate) of: u32,
    /// What is played: equal in agents that play one load.
    pub(crate) load: String,
    /// What parts of this run share.
    pub(crate) run: String,
    /// How long to wait for agents that do not come.
    pub(crate) wait: Duration,
    /// How far a wall clock may be off.
    pub(crate) clock_limit: Duration,
    /// How long the warm-up lasts.
    pub(crate) warm_up: Duration,
}

/// A barrier that is served until this is dropped.
#[derive(Debug)]
pub(crate) struct Barrier {
    address: SocketAddr,
    served: Arc<Served>,
    tasks: TaskTracker,
    _stop: DropGuard,
}

#[derive(Debug)]
struct Served {
    rules: Rules,
    clock: LoadClock,
    /// When those who are there go on without the others.
    deadline: Instant,
    room: watch::Sender<Room>,
    places: Semaphore,
}

#[derive(Debug, Default)]
struct Room {
    /// How far each agent has come that is there.
    members: BTreeMap<u32, Stage>,
    /// The agents that did not come, once the others have gone on.
    absent: Option<Vec<u32>>,
    begin_ns: Option<u64>,
    /// Why nothing is played, and what to do about it.
    refused: Option<(String, String)>,
}

impl Room {
    fn have_all_come_to(&self, stage: Stage) -> bool {
        self.members.values().all(|come| *come >= stage)
    }
}

impl Barrier {
    /// Serves a barrier at this address.
    pub(crate) async fn serve(at: SocketAddr, rules: Rules, clock: LoadClock) -> io::Result<Self> {
        let listener = TcpListener::bind(at).await?;
        let address = listener.local_addr()?;
        let places = Semaphore::new(2 * rules.of as usize + MORE);
        let deadline = Instant::now() + rules.wait;
        let room = watch::Sender::new(Room::default());
        let served = Arc::new(Served { rules, clock, deadline, room, places });
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let (all, token, tracker) = (served.clone(), stop.clone(), tasks.clone());
        tasks.spawn(
            async move { token.clone().run_until_cancelled(accept(listener, all, tracker, token)).await },
        );
        Ok(Self { address, served, tasks, _stop: stop.drop_guard() })
    }

    /// Where it is served.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until every agent has left, but no longer than `limit`, and ends.
    pub(crate) async fn close(self, limit: Duration) {
        let mut room = self.served.room.subscribe();
        let _ = timeout(limit, room.wait_for(|room| room.members.is_empty())).await;
        let Self { tasks, _stop, .. } = self;
        drop(_stop);
        tasks.close();
        let _ = timeout(limit, tasks.wait()).await;
    }
}

async fn accept(listener: TcpListener, served: Arc<Served>, tasks: TaskTracker, stop: CancellationToken) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Short of descriptors, the system would say so again at once.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (served, stop) = (served.clone(), stop.clone());
        tasks.spawn(async move { stop.run_until_cancelled(attend(&served, stream)).await });
    }
}

/// Answers the calls of one connection until it ends. An agent whose connection ends is waited for no longer.
async fn attend(served: &Served, stream: TcpStream) {
    let Ok(_place) = served.places.acquire().await else { return };
    let (mut line, mut who) = (Line::new(stream), None);
    let mut answering = async || -> io::Result<()> {
        loop {
            let answer = match line.hear().await? {
                Call::Time => served.time(),
                Call::Arrive { stage, within_ms } => match who {
                    Some(agent) => served.arrive(agent, stage, Duration::from_millis(within_ms)).await,
                    None => refused("an agent came on that had not said who it is", AGAIN),
                },
                Call::Hello { version, agent, of, load, ahead_ms, wall } => {
                    match served.admit(&version, agent, of, &load, ahead_ms, &wall) {
                        Ok(()) => {
                            who = Some(agent);
                            // Whoever hangs up while the others are awaited is not there.
                            served.gathered().await
                        }
                        Err((why, hint)) => refused(&why, &hint),
                    }
                }
            };
            line.say(&answer).await?;
        }
    };
    let _ = answering().await;
    if let Some(agent) = who {
        served.room.send_modify(|room| {
            room.members.remove(&agent);
        });
    }
}

const AGAIN: &str = "start all agents again, with the same version of pubsub-lab";

fn refused(why: &str, hint: &str) -> Answer {
    Answer::Refused { why: why.to_owned(), hint: hint.to_owned() }
}

impl Served {
    fn time(&self) -> Answer {
        let ns = u64::try_from(self.clock.now().as_nanos()).unwrap_or(u64::MAX);
        let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Answer::Time { ns, unix_ms: u64::try_from(unix.as_millis()).unwrap_or(u64::MAX) }
    }

    /// Lets an agent in, or says why not, and what to do about it.
    #[allow(clippy::map_entry, reason = "an agent that is not there yet may still be refused")]
    fn admit(
        &self,
        version: &str,
        agent: u32,
        of: u32,
        load: &str,
        ahead_ms: i64,
        wall: &str,
    ) -> Result<(), (String, String)> {
        let rules = &self.rules;
        let mine = env!("CARGO_PKG_VERSION");
        let server = rules.agent;
        let no = |why: String, hint: &str| Err((why, hint.to_owned()));
        if version != mine {
            return no(format!("agent {agent} is version {version}, and agent {server} is {mine}"), AGAIN);
        }
        if of != rules.of || load != rules.load {
            let why = format!("agent {agent} and agent {server} are not of one load");
            return no(why, "give all agents the same scenario, seed, overrides, nodes and number of agents");
        }
        let mut result = Ok(());
        self.room.send_modify(|room| {
            if let Some(refused) = &room.refused {
                result = Err(refused.clone());
            } else if room.absent.is_some() {
                let why = format!("the other agents have begun without agent {agent}");
                let hint = "start all agents within `--barrier-wait` of each other";
                result = no(why, hint);
            } else if room.members.contains_key(&agent) {
                let why = format!("there is an agent {agent} already");
                result =
                    no(why, "give each agent a number of its own: `--share 1/4`, `--share 2/4` and so on");
            } else if u128::from(ahead_ms.unsigned_abs()) > rules.clock_limit.as_millis() {
                let own = humantime::format_rfc3339_millis(SystemTime::now());
                let (by, way) = (ahead_ms.unsigned_abs(), if ahead_ms > 0 { "ahead of" } else { "behind" });
                let why = format!(
                    "the wall clock of agent {agent}, {wall}, is {by} ms {way} that of agent {server}, {own}"
                );
                let hint = "set the clocks of the machines by NTP, and start all agents again".to_owned();
                room.refused = Some((why.clone(), hint.clone()));
                result = Err((why, hint));
            } else {
                room.members.insert(agent, Stage::There);
            }
        });
        result
    }

    /// Waits until all agents are there, or those that are have waited for long enough.
    async fn gathered(&self) -> Answer {
        let all = self.rules.of as usize;
        let mut room = self.room.subscribe();
        let settled =
            |room: &Room| room.members.len() >= all || room.absent.is_some() || room.refused.is_some();
        let _ = timeout_at(self.deadline, room.wait_for(settled)).await;
        self.room.send_modify(|room| {
            let members = &room.members;
            let missing = || (1..=self.rules.of).filter(|agent| !members.contains_key(agent)).collect();
            if room.refused.is_none() && room.absent.is_none() {
                room.absent = Some(missing());
            }
        });
        self.go()
    }

    /// Waits until all agents that are there have come so far.
    async fn arrive(&self, agent: u32, stage: Stage, within: Duration) -> Answer {
        self.room.send_modify(|room| {
            room.members.insert(agent, stage);
        });
        let mut room = self.room.subscribe();
        let _ = timeout(within, room.wait_for(|room| room.have_all_come_to(stage))).await;
        if stage == Stage::Ready {
            let begin = self.clock.now() + MARGIN + self.rules.warm_up + MARGIN;
            let begin = u64::try_from(begin.as_nanos()).unwrap_or(u64::MAX);
            self.room.send_modify(|room| {
                room.begin_ns.get_or_insert(begin);
            });
        }
        self.go()
    }

    fn go(&self) -> Answer {
        let room = self.room.borrow();
        match &room.refused {
            Some((why, hint)) => refused(why, hint),
            None => Answer::Go {
                peer: self.rules.agent,
                run: self.rules.run.clone(),
                absent: room.absent.clone().unwrap_or_default(),
                begin_ns: room.begin_ns,
            },
        }
    }
}
