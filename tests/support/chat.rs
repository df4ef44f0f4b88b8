//! Small chat servers of the kind that others write: no answers, no history, a framing of their own. All nodes of one
//! server live in one process and hear each other.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's server fails its test")]

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How a server behaves. The default is a plain one in good order.
#[derive(Debug, Clone, Default)]
pub struct Manners {
    /// The text that is sent to everybody who connects.
    pub greeting: Option<String>,
    /// The text that is put before every text that goes out.
    pub prefix: String,
    /// Whether texts go out as binary frames.
    pub binary: bool,
    /// Each time that this number of texts of the measured load has come, the last of them is sent to nobody.
    pub lose: Option<usize>,
    /// Each time that this number of texts of the measured load has come, this text is sent to everybody too.
    pub invent: Option<(usize, String)>,
    /// Whether the server selects the first subprotocol that is offered, whichever it is, as some libraries do.
    pub selects_anything: bool,
    /// The only subprotocol that the server selects.
    pub selects: Option<&'static str>,
    /// Whether the server speaks JSON: `join` is answered with `joined`, `say` with `ack`, and the text goes to the
    /// room.
    pub json: bool,
    /// Whether the server holds back every `joined` until [`ChatServer::let_in`].
    pub doorkeeper: bool,
    /// The size in bytes of the kernel's buffer for what could not be sent yet.
    pub send_buffer: Option<u32>,
}

/// A running chat server. Dropping it ends everything.
pub struct ChatServer {
    state: Arc<State>,
    addresses: Vec<SocketAddr>,
    stop: CancellationToken,
}

struct State {
    manners: Manners,
    tasks: TaskTracker,
    inner: Mutex<Inner>,
    door: watch::Sender<bool>,
}

#[derive(Default)]
struct Inner {
    connections: u64,
    members: HashMap<u64, Member>,
    /// Every frame that a client sent.
    heard: Vec<String>,
    /// Every subprotocol that was offered.
    offers: Vec<String>,
    /// Number of connections that were closed with a goodbye.
    goodbyes: usize,
    /// Number of texts of the measured load.
    loads: usize,
    /// Number of bytes that could be written to a client, by the name that the client gave itself with `/name`.
    written: HashMap<String, u64>,
}

struct Member {
    name: String,
    room: String,
    outbox: mpsc::UnboundedSender<String>,
}

impl ChatServer {
    /// Starts a server with this number of nodes on free ports.
    pub async fn start(nodes: usize, manners: Manners) -> Self {
        let state = State {
            door: watch::Sender::new(!manners.doorkeeper),
            manners,
            tasks: TaskTracker::new(),
            inner: Mutex::default(),
        };
        let mut server = Self { state: Arc::new(state), addresses: vec![], stop: CancellationToken::new() };
        for _ in 0..nodes {
            let socket = TcpSocket::new_v4().unwrap();
            if let Some(bytes) = server.state.manners.send_buffer {
                // Accepted sockets inherit the size from the listening one.
                socket.set_send_buffer_size(bytes).unwrap();
            }
            socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
            let listener = socket.listen(1024).unwrap();
            server.addresses.push(listener.local_addr().unwrap());
            server.serve(listener);
        }
        server
    }

    /// The URL of each node.
    pub fn urls(&self) -> Vec<String> {
        self.addresses.iter().map(|address| format!("ws://{address}")).collect()
    }

    /// Answers every `join`, including those to come.
    pub fn let_in(&self) {
        self.state.door.send_replace(true);
    }

    /// Every frame that a client has sent so far.
    pub fn heard(&self) -> Vec<String> {
        self.state.inner().heard.clone()
    }

    /// Every subprotocol that was offered so far.
    pub fn offers(&self) -> Vec<String> {
        self.state.inner().offers.clone()
    }

    /// Number of connections that a client has closed politely so far.
    pub fn goodbyes(&self) -> usize {
        self.state.inner().goodbyes
    }

    /// Number of bytes that could be written so far to clients of this name.
    pub fn written(&self, name: &str) -> u64 {
        self.state.inner().written.get(name).copied().unwrap_or(0)
    }

    fn serve(&self, listener: TcpListener) {
        let (state, stop) = (self.state.clone(), self.stop.clone());
        self.state.tasks.spawn(self.stop.clone().run_until_cancelled_owned(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let client = state.clone().client(stream);
                state.tasks.spawn(stop.clone().run_until_cancelled_owned(client));
            }
        }));
    }
}

impl Drop for ChatServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl State {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn client(self: Arc<Self>, stream: TcpStream) {
        stream.set_nodelay(true).unwrap();
        let state = self.clone();
        #[expect(clippy::result_large_err, reason = "the library's signature")]
        let answer = move |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
            if let Some(offer) = request.headers().get("sec-websocket-protocol") {
                let name = offer.to_str().unwrap();
                state.inner().offers.push(name.to_owned());
                if state.manners.selects_anything || state.manners.selects == Some(name) {
                    response.headers_mut().insert("sec-websocket-protocol", offer.clone());
                }
            }
            Ok(response)
        };
        let (outbox, mut out) = mpsc::unbounded_channel();
        let connection = {
            let mut inner = self.inner();
            inner.connections += 1;
            inner.connections
        };
        let counted = Counted { stream, state: self.clone(), connection };
        let Ok(socket) = tokio_tungstenite::accept_hdr_async(counted, answer).await else { return };
        let (mut sink, mut source) = socket.split();
        if let Some(greeting) = &self.manners.greeting {
            outbox.send(greeting.clone()).unwrap();
        }
        // In a server that speaks JSON nobody is in a room at first.
        let member = Member { name: String::new(), room: String::new(), outbox: outbox.clone() };
        self.inner().members.insert(connection, member);
        let reading = async {
            while let Some(Ok(frame)) = source.next().await {
                match frame {
                    Message::Text(frame) if self.manners.json => self.told(connection, &frame).await,
                    Message::Text(frame) => self.said(connection, &frame),
                    Message::Close(_) => self.inner().goodbyes += 1,
                    _ => {}
                }
            }
        };
        let writing = async {
            while let Some(frame) = out.recv().await {
                let frame = if self.manners.binary { Message::binary(frame) } else { Message::text(frame) };
                if sink.send(frame).await.is_err() {
                    break;
                }
            }
        };
        tokio::select! {
            () = reading => {}
            () = writing => {}
        }
        self.inner().members.remove(&connection);
    }

    /// Handles a frame to a server without a framing.
    fn said(&self, connection: u64, frame: &str) {
        self.inner().heard.push(frame.to_owned());
        match frame.strip_prefix("/name ") {
            Some(name) => self.inner().members.get_mut(&connection).unwrap().name = name.to_owned(),
            None => self.tell("", frame, |text| format!("{}{text}", self.manners.prefix)),
        }
    }

    /// Handles a frame to a server that speaks JSON.
    async fn told(&self, connection: u64, frame: &str) {
        self.inner().heard.push(frame.to_owned());
        let frame: Value = serde_json::from_str(frame).unwrap();
        let room = frame["room"].as_str().unwrap();
        let answer = match frame["op"].as_str().unwrap() {
            "join" => {
                self.door.subscribe().wait_for(|open| *open).await.unwrap();
                let mut inner = self.inner();
                let member = inner.members.get_mut(&connection).unwrap();
                member.name = frame["name"].as_str().unwrap().to_owned();
                member.room = room.to_owned();
                json!({"op": "joined", "room": room})
            }
            "say" => {
                let text = frame["text"].as_str().unwrap();
                self.tell(room, text, |text| json!({"op": "said", "payload": {"text": text}}).to_string());
                json!({"op": "ack", "id": frame["id"]})
            }
            other => panic!("{other:?}"),
        };
        let _ = self.inner().members[&connection].outbox.send(answer.to_string());
    }

    fn tell(&self, room: &str, text: &str, frame: impl Fn(&str) -> String) {
        let inner = &mut *self.inner();
        let is_load = text.split('.').nth(1) == Some("load");
        inner.loads += usize::from(is_load);
        let hits = |every: usize| is_load && inner.loads.is_multiple_of(every);
        let lost = self.manners.lose.is_some_and(hits);
        let invented =
            self.manners.invent.as_ref().filter(|(every, _)| hits(*every)).map(|(_, text)| &**text);
        for text in (!lost).then_some(text).into_iter().chain(invented) {
            for member in inner.members.values().filter(|member| member.room == room) {
                let _ = member.outbox.send(frame(text));
            }
        }
    }
}

/// A stream that counts the bytes which the kernel took.
struct Counted {
    stream: TcpStream,
    state: Arc<State>,
    connection: u64,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(cx, buf);
        if let Poll::Ready(Ok(bytes)) = wrote {
            let inner = &mut *self.state.inner();
            if let Some(member) = inner.members.get(&self.connection) {
                *inner.written.entry(member.name.clone()).or_default() += bytes as u64;
            }
        }
        wrote
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
