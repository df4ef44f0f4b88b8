//! How a client gets a connection, and another one when it loses it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::address::ServerAddress;
use super::codec::{Inbound, Outbound};
use super::dialect::{Dialect, Template};
use super::ending::Ending;
use super::error::LoadError;
use super::refusal::Refusal;
use super::roster::Roster;
use super::run::LoadRun;
use super::slow::{RECEIVE_BUFFER, Tap};
use super::socket::{Socket, frame_of};
use scenario::{Load, Pattern};

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
    pub(super) fn new(urls: &[String], load: &Load, seed: u64) -> Result<Self, LoadError> {
        Ok(Self {
            nodes: urls.iter().map(|url| ServerAddress::parse(url)).collect::<Result<_, _>>()?,
            connect_timeout: load.connect_timeout,
            first_pause: load.reconnect_min,
            longest_pause: load.reconnect_max,
            seed,
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
        Route { caller, node, session: None, begins: true, at_once: true, pause, random }
    }
}

/// The route of one client: the node to which it is or was connected, and its session there.
#[derive(Debug)]
pub(super) struct Route {
    caller: Caller,
    node: usize,
    /// What the last `welcome` said.
    session: Option<Session>,
    /// Whether the client comes of its own accord, and not because it lost a connection.
    begins: bool,
    /// Whether the next attempt is made without a pause.
    at_once: bool,
    pause: Duration,
    random: ChaCha8Rng,
}

/// What a `welcome` said.
#[derive(Debug)]
struct Session {
    /// The token with which the same session continues on any node.
    token: String,
    /// Whether the node's pattern may keep a history.
    keeps_history: bool,
}

impl Route {
    /// The node of the present or last connection.
    pub(super) fn node(&self) -> usize {
        self.node
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
    pub(super) async fn connect(&mut self, run: &LoadRun) -> Socket {
        loop {
            if !std::mem::take(&mut self.at_once) {
                self.wait(&run.dialer).await;
            }
            if let Some(socket) = self.attempt(run).await {
                (self.pause, self.begins) = (run.dialer.first_pause, false);
                return socket;
            }
        }
    }

    /// Makes one attempt: first to the node of the last connection, then round the ring to the next node that lives.
    async fn attempt(&mut self, run: &LoadRun) -> Option<Socket> {
        let dialer = &run.dialer;
        // Jitter spreads the clients that come back, but nothing spreads those that begin, so these take turns.
        let _turn = match self.begins {
            true => dialer.beginners.acquire().await.ok(),
            false => None,
        };
        for step in 0..dialer.nodes.len() {
            let number = (self.node + step) % dialer.nodes.len();
            let node = &dialer.nodes[number];
            let introduced = self.introduce(node, run);
            let refusal = match timeout(dialer.connect_timeout, introduced).await {
                Ok(Ok((mut socket, session))) => {
                    self.node = number;
                    self.session = session;
                    if let Some(tap) = &self.caller.tap {
                        socket.get_mut().keep_to(tap.clone());
                    }
                    return Some(socket);
                }
                Ok(Err(refusal)) => refusal,
                Err(_) => Refusal::of_server(format!(
                    "{} within {:?}",
                    awaited(&run.dialect),
                    dialer.connect_timeout
                )),
            };
            run.roster.refused(self.caller.client, &format!("node {number} at {}", node.shown()), &refusal);
        }
        None
    }

    /// Opens a WebSocket and sends what the dialect has to be told first. Gives the session, where there is one.
    async fn introduce(
        &self,
        node: &ServerAddress,
        run: &LoadRun,
    ) -> Result<(Socket, Option<Session>), Refusal> {
        let dialect = &run.dialect;
        // The connection is slowed only after this, because how long it takes to be made is not what the fault is
        // about.
        let buffer = self.caller.tap.as_ref().map(|_| RECEIVE_BUFFER);
        let mut socket = node.open(dialect.subprotocol(), buffer).await?;
        let name = &self.caller.name;
        let session = match dialect {
            Dialect::Plain => None,
            Dialect::V1 => {
                let session = self.session.as_ref().map(|session| &*session.token);
                let hello = Outbound::hello(name, session).encode();
                Some(welcome(&mut socket, hello, &run.roster).await?)
            }
            Dialect::Template(template) => {
                for frame in template.connect(name, &self.caller.rooms) {
                    socket.send(Message::text(frame)).await?;
                }
                if self.caller.publishes && template.waits() {
                    ready(&mut socket, template, &run.roster).await?;
                }
                None
            }
        };
        Ok((socket, session))
    }

    async fn wait(&mut self, dialer: &Dialer) {
        tokio::time::sleep(jittered(self.pause, self.random.next_u32())).await;
        self.pause = (self.pause * 2).min(dialer.longest_pause);
    }
}

/// What a node may fail to do in time, in words.
fn awaited(dialect: &Dialect) -> &'static str {
    match dialect {
        Dialect::Plain => "no WebSocket",
        Dialect::V1 => "no welcome",
        Dialect::Template(template) if template.waits() => "no frame that matches `ready`",
        Dialect::Template(_) => "no WebSocket",
    }
}

/// Whether a node of the pattern with this name may keep a history. Of a pattern that is not ours nobody knows, so it
/// may.
fn keeps_history(pattern: &str) -> bool {
    Pattern::named(pattern).is_none_or(Pattern::has_history)
}

/// Says hello, and gives the session.
async fn welcome(socket: &mut Socket, hello: String, roster: &Roster) -> Result<Session, Refusal> {
    socket.send(Message::text(hello)).await?;
    let mut refusal = Refusal::closed(None, "said welcome");
    while let Some(message) = socket.next().await {
        let message = message.map_err(|error| Ending::of(&error).refusal("said welcome"))?;
        if let Message::Close(frame @ Some(_)) = &message {
            refusal = Refusal::closed(frame.as_ref(), "said welcome");
        }
        let Some(text) = frame_of(&message) else { continue };
        match Inbound::decode(&text) {
            Some(welcome) if welcome.kind == "welcome" => {
                return Ok(Session {
                    token: welcome.session.into_owned(),
                    keeps_history: keeps_history(&welcome.pattern),
                });
            }
            // This error is not the end: a node that does not know the session says so, and welcomes a new one.
            Some(error) if error.kind == "error" => {
                refusal = Refusal::of_server(format!("{} ({})", error.reason, error.code));
            }
            _ => {}
        }
        roster.overheard(&text);
    }
    Err(refusal)
}

/// What a server does that says that a client is ready.
const READY: &str = "sent a frame that matches `ready`";

/// Waits until the server says that the client is ready.
async fn ready(socket: &mut Socket, template: &Template, roster: &Roster) -> Result<(), Refusal> {
    let mut goodbye = None;
    while let Some(message) = socket.next().await {
        let message = message.map_err(|error| Ending::of(&error).refusal(READY))?;
        if let Some(frame) = frame_of(&message) {
            if template.is_ready(&template.read(&frame)) {
                return Ok(());
            }
            roster.overheard(&frame);
        } else if let Message::Close(frame) = message {
            goodbye = frame;
        }
    }
    Err(Refusal::closed(goodbye.as_ref(), READY))
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
    fn the_pattern_says_whether_there_is_a_history() {
        let known = ["local", "redis", "zeromq", "amqp", "somebody's", ""].map(keeps_history);
        assert_eq!(known, [false, false, false, true, true, true]);
    }

    #[test]
    fn pauses_spread_around_their_length() {
        let pause = Duration::from_millis(100);
        assert_eq!(jittered(pause, 0), pause / 2);
        assert_eq!(jittered(pause, u32::MAX), pause * 3 / 2);
    }
}
