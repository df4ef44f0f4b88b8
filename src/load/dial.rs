//! How a client gets a connection, and another one when it loses it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::address::ServerAddress;
use super::error::LoadError;
use super::introduction::Session;
use super::refusal::Refusal;
use super::run::LoadRun;
use super::slow::Tap;
use scenario::Load;

/// Number of clients that may connect at the same time of their own accord.
const BEGINNERS: usize = 64;

/// Connects clients to nodes.
#[derive(Debug)]
pub(super) struct Dialer {
    nodes: Vec<ServerAddress>,
    connect_timeout: Duration,
    first_pause: Duration,
    longest_pause: Duration,
    seed: u64,
    /// The addresses from which clients connect, in turn; empty where the system chooses.
    binds: Vec<IpAddr>,
    /// Permits for clients that connect of their own accord, so that a node's accept backlog does not overflow.
    beginners: Semaphore,
}

/// The client that connects.
#[derive(Debug)]
pub(super) struct Caller {
    /// The name of the client.
    pub(super) name: String,
    /// The number of the client among all clients, so that each has its own jitter.
    pub(super) client: usize,
    /// The node to which the client connects first.
    pub(super) home: usize,
    /// The rooms that the client enters, for a dialect that has to be told on connecting.
    pub(super) rooms: Vec<String>,
    /// Whether the client publishes. A publisher ignores what comes in until it is ready.
    pub(super) publishes: bool,
    /// The tap that limits how fast the client reads, if some fault ever makes it slow.
    pub(super) tap: Option<Arc<Tap>>,
}

impl Dialer {
    /// Makes a dialer for these nodes, as patient as the load says.
    pub(super) fn new(
        urls: &[String],
        load: &Load,
        seed: u64,
        binds: Vec<IpAddr>,
    ) -> Result<Self, LoadError> {
        Ok(Self {
            nodes: urls.iter().map(|url| ServerAddress::parse(url)).collect::<Result<_, _>>()?,
            connect_timeout: load.connect_timeout,
            first_pause: load.reconnect_min,
            longest_pause: load.reconnect_max,
            seed,
            binds,
            beginners: Semaphore::new(BEGINNERS),
        })
    }

    /// How long a connection may take until it is usable.
    pub(super) fn patience(&self) -> Duration {
        self.connect_timeout
    }

    /// Makes a client's route to its nodes.
    pub(super) fn route(&self, caller: Caller) -> Route {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(caller.client as u64);
        let (node, pause) = (caller.home, self.first_pause);
        let from = self.binds.get(caller.client % self.binds.len().max(1)).copied();
        Route { caller, node, from, session: None, begins: true, at_once: true, pause, random }
    }
}

/// The route of one client: the node to which it is or was connected, and its session there.
#[derive(Debug)]
pub(super) struct Route {
    caller: Caller,
    node: usize,
    /// The address from which the client connects; `None` where the system chooses.
    from: Option<IpAddr>,
    /// What the last `welcome` said.
    session: Option<Session>,
    /// Whether the client comes of its own accord, and not because it lost a connection.
    begins: bool,
    /// Whether the next attempt is made without a pause.
    at_once: bool,
    pause: Duration,
    random: ChaCha8Rng,
}

/// How a client opens a connection to a node.
pub(super) trait Opening: Sync {
    /// What is opened.
    type Connection: Send;

    /// Makes one attempt. Gives the session beside the connection, where a welcome has told of one.
    fn open(
        &self,
        node: &ServerAddress,
        route: &Route,
        run: &LoadRun,
    ) -> impl Future<Output = Result<(Self::Connection, Option<Session>), Refusal>> + Send;

    /// What a node may fail to do in time, in words.
    fn awaited(&self, run: &LoadRun) -> &'static str;
}

impl Route {
    /// The node of the present or last connection.
    pub(super) fn node(&self) -> usize {
        self.node
    }

    /// The address from which the client connects; `None` where the system chooses.
    pub(super) fn from(&self) -> Option<IpAddr> {
        self.from
    }

    /// The client.
    pub(super) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The tap that limits how fast the client reads, if some fault ever makes it slow.
    pub(super) fn tap(&self) -> Option<&Arc<Tap>> {
        self.caller.tap.as_ref()
    }

    /// The token of the session that the last welcome told of.
    pub(super) fn token(&self) -> Option<&str> {
        self.session.as_ref().map(|session| &*session.token)
    }

    /// Whether the node of the present or last connection may keep a history, as far as it has said so.
    pub(super) fn keeps_history(&self) -> bool {
        self.session.as_ref().is_none_or(|session| session.keeps_history)
    }

    /// Records that the client leaves of its own accord: it will come back to its own node, and without a pause.
    pub(super) fn leave(&mut self, dialer: &Dialer) {
        (self.node, self.begins, self.at_once) = (self.caller.home, true, true);
        self.pause = dialer.first_pause;
    }

    /// Records that the client drops its connection on purpose: its next attempt is made at once, together with all
    /// other clients that do so.
    pub(super) fn rush(&mut self) {
        self.at_once = true;
    }

    /// Connects, and tries until it works. The first attempt is made at once if the client comes of its own accord or
    /// in a storm, and after a pause if it lost its connection.
    pub(super) async fn connect<O: Opening>(&mut self, run: &LoadRun, opening: &O) -> O::Connection {
        loop {
            if !std::mem::take(&mut self.at_once) {
                self.wait(&run.dialer).await;
            }
            if let Some(connection) = self.attempt(run, opening).await {
                (self.pause, self.begins) = (run.dialer.first_pause, false);
                return connection;
            }
        }
    }

    /// Makes one attempt: first to the node of the last connection, then round the ring to the next node that lives.
    async fn attempt<O: Opening>(&mut self, run: &LoadRun, opening: &O) -> Option<O::Connection> {
        let dialer = &run.dialer;
        // Jitter spreads the clients that come back, but nothing spreads those that begin, so these take turns.
        let _turn = match self.begins {
            true => dialer.beginners.acquire().await.ok(),
            false => None,
        };
        for step in 0..dialer.nodes.len() {
            let number = (self.node + step) % dialer.nodes.len();
            let node = &dialer.nodes[number];
            let refusal = match timeout(dialer.connect_timeout, opening.open(node, self, run)).await {
                Ok(Ok((connection, session))) => {
                    (self.node, self.session) = (number, session);
                    return Some(connection);
                }
                Ok(Err(refusal)) => refusal,
                Err(_) => Refusal::of_server(format!(
                    "{} within {:?}",
                    opening.awaited(run),
                    dialer.connect_timeout
                )),
            };
            run.roster.refused(self.caller.client, &format!("node {number} at {}", node.shown()), &refusal);
        }
        None
    }

    async fn wait(&mut self, dialer: &Dialer) {
        tokio::time::sleep(jittered(self.pause, self.random.next_u32())).await;
        self.pause = (self.pause * 2).min(dialer.longest_pause);
    }
}

/// A random pause between half of the given one and one and a half of it, so that clients that lost their node
/// together do not come back together.
fn jittered(pause: Duration, random: u32) -> Duration {
    pause.mul_f64(0.5 + f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_spread_around_their_length() {
        let pause = Duration::from_millis(100);
        assert_eq!(jittered(pause, 0), pause / 2);
        assert_eq!(jittered(pause, u32::MAX), pause * 3 / 2);
    }
}
