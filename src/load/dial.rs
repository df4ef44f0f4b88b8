//! How a client gets a connection, and another when it loses it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::address::Address;
use super::codec::{Inbound, Outbound};
use super::dialect::{Dialect, Template};
use super::roster::Roster;
use super::settings::LoadError;
use super::slow::{RECEIVE_BUFFER, Tap};
use super::socket::Socket;
use crate::scenario::Load;

/// Clients that connect of their own accord at once.
const BEGINNERS: usize = 64;

/// Connects clients to nodes.
#[derive(Debug)]
pub(super) struct Dialer {
    nodes: Vec<Address>,
    dialect: Dialect,
    connect_timeout: Duration,
    first_pause: Duration,
    longest_pause: Duration,
    seed: u64,
    /// Turns for clients that connect of their own accord, lest a node's backlog overflows.
    beginners: Semaphore,
}

impl Dialer {
    /// Connects to these nodes, as patiently as the load says.
    pub(super) fn new(urls: &[String], load: &Load, dialect: Dialect, seed: u64) -> Result<Self, LoadError> {
        Ok(Self {
            nodes: urls.iter().map(|url| Address::parse(url)).collect::<Result<_, _>>()?,
            dialect,
            connect_timeout: load.connect_timeout,
            first_pause: load.reconnect_min,
            longest_pause: load.reconnect_max,
            seed,
            beginners: Semaphore::new(BEGINNERS),
        })
    }

    /// How the nodes are spoken to.
    pub(super) fn dialect(&self) -> &Dialect {
        &self.dialect
    }

    /// A client's way to its nodes. `client` is a number that no other client has: its jitter is its own.
    pub(super) fn route(&self, traveller: Traveller, home: usize, client: usize) -> Route {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(client as u64);
        let pause = self.first_pause;
        Route { traveller, home, node: home, session: None, coming: Coming::ByItself, pause, random }
    }
}

/// Who is to be connected.
#[derive(Debug)]
pub(super) struct Traveller {
    /// The name to appear under.
    pub(super) name: String,
    /// The rooms that it will speak or listen in.
    pub(super) rooms: Vec<String>,
    /// What keeps it slow, if some fault may.
    pub(super) tap: Option<Arc<Tap>>,
}

/// Why a client connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coming {
    /// Of its own accord: there is nothing to wait for but its turn.
    ByItself,
    /// It has just dropped its connection, with many others: it waits for nothing.
    InAStorm,
    /// It has lost its connection: it waits a while.
    AfterALoss,
}

/// One client's way: where it is or was connected, and as whom.
#[derive(Debug)]
pub(super) struct Route {
    traveller: Traveller,
    home: usize,
    node: usize,
    /// The token of the last welcome: with it the same session goes on, on any node.
    session: Option<String>,
    coming: Coming,
    pause: Duration,
    random: ChaCha8Rng,
}

impl Route {
    /// The node of the present or last connection.
    pub(super) fn node(&self) -> usize {
        self.node
    }

    /// The client leaves of its own accord: it comes back to its own node, and then at once.
    pub(super) fn leave(&mut self, dialer: &Dialer) {
        (self.node, self.coming, self.pause) = (self.home, Coming::ByItself, dialer.first_pause);
    }

    /// The client drops its connection in a storm: it comes back to where it was, and at once.
    pub(super) fn storm(&mut self, dialer: &Dialer) {
        (self.coming, self.pause) = (Coming::InAStorm, dialer.first_pause);
    }

    /// Connects: after a lost connection after a pause, else at once; then until it works.
    pub(super) async fn connect(&mut self, dialer: &Dialer, roster: &Roster) -> Socket {
        if self.coming == Coming::AfterALoss {
            self.wait(dialer).await;
        }
        loop {
            if let Some(socket) = self.attempt(dialer, roster).await {
                (self.pause, self.coming) = (dialer.first_pause, Coming::AfterALoss);
                return socket;
            }
            self.wait(dialer).await;
        }
    }

    /// One attempt: the node of the last connection first, then round the ring to the next that lives.
    async fn attempt(&mut self, dialer: &Dialer, roster: &Roster) -> Option<Socket> {
        // Jitter spreads those who come back; nothing spreads those who begin.
        let _turn = match self.coming {
            Coming::ByItself => dialer.beginners.acquire().await.ok(),
            Coming::InAStorm | Coming::AfterALoss => None,
        };
        for step in 0..dialer.nodes.len() {
            let number = (self.node + step) % dialer.nodes.len();
            let node = &dialer.nodes[number];
            let trouble = match timeout(dialer.connect_timeout, self.open(dialer, node)).await {
                Ok(Ok((socket, session))) => {
                    self.node = number;
                    self.session = session;
                    return Some(socket);
                }
                Ok(Err(why)) => why,
                Err(_) => format!("no welcome within {:?}", dialer.connect_timeout),
            };
            roster.trouble(format!("node {number} at {}: {trouble}", node.url()));
        }
        None
    }

    /// A connection that can be used, and the session's token where the dialect has one.
    async fn open(&self, dialer: &Dialer, node: &Address) -> Result<(Socket, Option<String>), String> {
        let Traveller { name, rooms, tap } = &self.traveller;
        let dialect = &dialer.dialect;
        let mut socket = node.open(dialect.subprotocol(), tap.as_ref().map(|_| RECEIVE_BUFFER)).await?;
        if let Some(tap) = tap {
            socket.get_mut().keep_to(Arc::clone(tap));
        }
        match dialect {
            Dialect::Plain => Ok((socket, None)),
            Dialect::V1 => {
                let hello = Outbound::Hello { name, session: self.session.as_deref() }.encode();
                let session = welcome(&mut socket, hello).await?;
                Ok((socket, Some(session)))
            }
            Dialect::Template(template) => {
                join(&mut socket, template, template.connect(name, rooms)).await?;
                Ok((socket, None))
            }
        }
    }

    async fn wait(&mut self, dialer: &Dialer) {
        tokio::time::sleep(jittered(self.pause, self.random.next_u32())).await;
        self.pause = (self.pause * 2).min(dialer.longest_pause);
    }
}

/// Says hello; gives the session's token.
async fn welcome(socket: &mut Socket, hello: String) -> Result<String, String> {
    socket.send(Message::text(hello)).await.map_err(|e| e.to_string())?;
    let mut trouble = String::from("closed before it said welcome");
    while let Some(message) = socket.next().await {
        let Message::Text(text) = message.map_err(|e| e.to_string())? else { continue };
        match Inbound::decode(&text) {
            Some(welcome) if welcome.kind == "welcome" => return Ok(welcome.session.into_owned()),
            // Not the end: a node that does not know the session says so, and welcomes a new one.
            Some(error) if error.kind == "error" => trouble = format!("{} ({})", error.reason, error.code),
            _ => {}
        }
    }
    Err(trouble)
}

/// Sends what a template wants to be sent first, and waits for the frame that says that the client is in, if there
/// is one. What comes before it is not owed.
async fn join(socket: &mut Socket, template: &Template, frames: Vec<String>) -> Result<(), String> {
    for frame in frames {
        socket.feed(Message::text(frame)).await.map_err(|e| e.to_string())?;
    }
    socket.flush().await.map_err(|e| e.to_string())?;
    if !template.waits() {
        return Ok(());
    }
    while let Some(message) = socket.next().await {
        if let Message::Text(text) = message.map_err(|e| e.to_string())?
            && template.is_ready(&template.read(&text))
        {
            return Ok(());
        }
    }
    Err("closed before it said that the client is in (`ready` of the template)".into())
}

/// Between half of a pause and one and a half of it, so that clients that lost their node together do not come
/// back together.
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
