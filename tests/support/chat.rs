//! Small chat servers such as others write: no answers, no history, a framing of their own. All nodes of one
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
    /// Sent to everybody who connects.
    pub greeting: Option<String>,
    /// Put before every text that goes out.
    pub prefix: String,
    /// Texts go out as binary frames.
    pub binary: bool,
    /// Every so many texts of the measured load nobody is told of.
    pub lose: Option<usize>,
    /// After every so many such texts everybody is told this one too.
    pub invent: Option<(usize, String)>,
    /// Selects the first subprotocol that is offered, whichever, as some libraries do.
    pub selects_anything: bool,
    /// Selects this subprotocol alone.
    pub selects: Option<&'static str>,
    /// Speaks JSON: `join` is answered with `joined`, `say` with `ack`, and goes to the room.
    pub json: bool,
    /// The `joined` are held back until [`ChatServer::let_in`].
    pub doorkeeper: bool,
    /// What the kernel is asked to keep of what it could not send yet, in bytes.
    pub send_buffer: Option<u32>,
}

/// The server. Dropping it ends everything.
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
    /// Connections that were closed with a goodbye.
    goodbyes: usize,
    /// Texts of the measured load.
    loads: usize,
    /// By the name that a client gave itself with `/name`: bytes that could be written to it.
    written: HashMap<String, u64>,
}

struct Member {
    name: String,
    room: String,
    outbox: mpsc::UnboundedSender<String>,
}

impl ChatServer {
    /// Starts so many nodes on free ports.
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
                // Those that are accepted inherit it.
                socket.set_send_buffer_size(bytes).unwrap();
            }
            socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
            let listener = socket.listen(1024).unwrap();
            server.addresses.push(listener.local_addr().unwrap());
            server.serve(listener);
        }
        server
    }

    /// One URL a node.
    pub fn urls(&self) -> Vec<String> {
        self.addresses.iter().map(|address| format!("ws://{address}")).collect()
    }

    /// Answers every `join`, those to come included.
    pub fn let_in(&self) {
        self.state.door.send_replace(true);
    }

    /// Every frame so far that a client sent.
    pub fn heard(&self) -> Vec<String> {
        self.state.inner().heard.clone()
    }

    /// Every subprotocol offered so far.
    pub fn offers(&self) -> Vec<String> {
        self.state.inner().offers.clone()
    }

    /// Connections that a client closed politely so far.
    pub fn goodbyes(&self) -> usize {
        self.state.inner().goodbyes
    }

    /// Bytes that could be written so far to clients of this name.
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
        // In a server that speaks JSON nobody is anywhere at first.
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

    /// A frame to a server without a framing.
    fn said(&self, connection: u64, frame: &str) {
        self.inner().heard.push(frame.to_owned());
        match frame.strip_prefix("/name ") {
            Some(name) => self.inner().members.get_mut(&connection).unwrap().name = name.to_owned(),
            None => self.tell("", frame, |text| format!("{}{text}", self.manners.prefix)),
        }
    }

    /// A frame to a server that speaks JSON.
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

/// Counts what the kernel took.
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
