//! How a client gets a connection, and another when it loses it.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::codec::{DIALECT, Inbound, Outbound};
use super::generator::LoadError;
use super::roster::Roster;
use super::socket::{CountedStream, Socket};
use crate::scenario::Load;

/// What a connection may buffer. The library's 128 KiB a connection would be 1.3 GB for ten thousand clients.
const READ_BUFFER: usize = 8 * 1024;
const WRITE_BUFFER: usize = 16 * 1024;

/// Clients that connect of their own accord at once.
const BEGINNERS: usize = 64;

/// Connects clients to nodes.
#[derive(Debug)]
pub(super) struct Dialer {
    nodes: Vec<Node>,
    connect_timeout: Duration,
    first_pause: Duration,
    longest_pause: Duration,
    seed: u64,
    /// Turns for clients that connect of their own accord, lest a node's backlog overflows.
    beginners: Semaphore,
}

#[derive(Debug)]
struct Node {
    url: String,
    host: String,
    port: u16,
}

impl Node {
    fn parse(url: &str) -> Result<Self, LoadError> {
        let wrong = || LoadError::Url(url.to_owned());
        let request = url.into_client_request().map_err(|_| wrong())?;
        let uri = request.uri();
        let host = uri.host().filter(|_| uri.scheme_str() == Some("ws")).ok_or_else(wrong)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { url: url.to_owned(), host, port: uri.port_u16().unwrap_or(80) })
    }

    fn request(&self) -> Result<Request, String> {
        let mut request = self.url.as_str().into_client_request().map_err(|e| e.to_string())?;
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(DIALECT));
        Ok(request)
    }

    /// Connects and says hello; gives the socket and the session's token.
    async fn connect(&self, hello: String) -> Result<(Socket, String), String> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(|e| e.to_string())?;
        stream.set_nodelay(true).map_err(|e| e.to_string())?;
        let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER).write_buffer_size(WRITE_BUFFER);
        let stream = CountedStream::new(stream);
        let (mut socket, _) = client_async_with_config(self.request()?, stream, Some(config))
            .await
            .map_err(|e| e.to_string())?;
        socket.send(Message::text(hello)).await.map_err(|e| e.to_string())?;
        let mut trouble = String::from("closed before it said welcome");
        while let Some(message) = socket.next().await {
            let Message::Text(text) = message.map_err(|e| e.to_string())? else { continue };
            match Inbound::decode(&text) {
                Some(welcome) if welcome.kind == "welcome" => {
                    let session = welcome.session.into_owned();
                    return Ok((socket, session));
                }
                // Not the end: a node that does not know the session says so, and welcomes a new one.
                Some(error) if error.kind == "error" => {
                    trouble = format!("{} ({})", error.reason, error.code);
                }
                _ => {}
            }
        }
        Err(trouble)
    }
}

impl Dialer {
    /// Connects to these nodes, as patiently as the load says.
    pub(super) fn new(urls: &[String], load: &Load, seed: u64) -> Result<Self, LoadError> {
        Ok(Self {
            nodes: urls.iter().map(|url| Node::parse(url)).collect::<Result<_, _>>()?,
            connect_timeout: load.connect_timeout,
            first_pause: load.reconnect_min,
            longest_pause: load.reconnect_max,
            seed,
            beginners: Semaphore::new(BEGINNERS),
        })
    }

    /// A client's way to its nodes. `client` is a number that no other client has: its jitter is its own.
    pub(super) fn route(&self, name: String, home: usize, client: usize) -> Route {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(client as u64);
        Route { name, home, node: home, session: None, begins: true, pause: self.first_pause, random }
    }
}

/// One client's way: where it is or was connected, and as whom.
#[derive(Debug)]
pub(super) struct Route {
    name: String,
    home: usize,
    node: usize,
    /// The token of the last welcome: with it the same session goes on, on any node.
    session: Option<String>,
    /// Whether it comes of its own accord, and not because it lost a connection: then there is nothing to wait
    /// for.
    begins: bool,
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
        (self.node, self.begins, self.pause) = (self.home, true, dialer.first_pause);
    }

    /// Connects: of its own accord at once, after a lost connection after a pause; then until it works.
    pub(super) async fn connect(&mut self, dialer: &Dialer, roster: &Roster) -> Socket {
        if !self.begins {
            self.wait(dialer).await;
        }
        loop {
            if let Some(socket) = self.attempt(dialer, roster).await {
                (self.pause, self.begins) = (dialer.first_pause, false);
                return socket;
            }
            self.wait(dialer).await;
        }
    }

    /// One attempt: the node of the last connection first, then round the ring to the next that lives.
    async fn attempt(&mut self, dialer: &Dialer, roster: &Roster) -> Option<Socket> {
        // Jitter spreads those who come back; nothing spreads those who begin.
        let _turn = match self.begins {
            true => dialer.beginners.acquire().await.ok(),
            false => None,
        };
        for step in 0..dialer.nodes.len() {
            let number = (self.node + step) % dialer.nodes.len();
            let node = &dialer.nodes[number];
            let hello = Outbound::Hello { name: &self.name, session: self.session.as_deref() }.encode();
            let trouble = match timeout(dialer.connect_timeout, node.connect(hello)).await {
                Ok(Ok((socket, session))) => {
                    self.node = number;
                    self.session = Some(session);
                    return Some(socket);
                }
                Ok(Err(why)) => why,
                Err(_) => format!("no welcome within {:?}", dialer.connect_timeout),
            };
            roster.trouble(format!("node {number} at {}: {trouble}", node.url));
        }
        None
    }

    async fn wait(&mut self, dialer: &Dialer) {
        tokio::time::sleep(jittered(self.pause, self.random.next_u32())).await;
        self.pause = (self.pause * 2).min(dialer.longest_pause);
    }
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
    fn urls() {
        let node = Node::parse("ws://127.0.0.1:8080").unwrap();
        assert_eq!((&*node.host, node.port), ("127.0.0.1", 8080));
        let node = Node::parse("ws://[::1]:81/ws").unwrap();
        assert_eq!((&*node.host, node.port), ("::1", 81));
        for wrong in ["", "127.0.0.1:8080", "http://127.0.0.1:8080", "wss://127.0.0.1:1", "ws://"] {
            assert!(Node::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_request_asks_for_the_dialect() {
        let request = Node::parse("ws://127.0.0.1:8080").unwrap().request().unwrap();
        assert_eq!(request.headers()["sec-websocket-protocol"], "pubsub-lab.v1");
        assert_eq!(request.uri().path(), "/");
    }

    #[test]
    fn pauses_spread_around_their_length() {
        let pause = Duration::from_millis(100);
        assert_eq!(jittered(pause, 0), pause / 2);
        assert_eq!(jittered(pause, u32::MAX), pause * 3 / 2);
    }
}
