//! Clients of a node: one that keeps the rules (over tokio-tungstenite), and one that writes any bytes it likes.
#![allow(dead_code, reason = "every test target uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{Error, Message, client::ClientRequestBuilder};

use super::node::{Node, PATIENCE};

/// The subprotocol, spelled out: a test must notice if it changes.
pub const V1: (&str, &str) = ("sec-websocket-protocol", "pubsub-lab.v1");

/// A client that keeps the rules of WebSocket.
pub struct Client {
    /// The socket.
    pub socket: WebSocketStream<TcpStream>,
    /// Frames that came while the client waited for another frame.
    kept: VecDeque<Value>,
    /// The newest token, out of a `session` frame. These frames come whenever rooms change, and are no others' business.
    pub session: Option<Value>,
    /// How long the client waits for a frame.
    patience: Duration,
}

impl Client {
    /// A client of the v1 dialect.
    pub async fn v1(node: &Node) -> Self {
        Self::connect(node, "/", &[V1]).await.unwrap()
    }

    /// A client of the v1 dialect at this address.
    pub async fn v1_at(address: SocketAddr) -> Self {
        let tcp = TcpStream::connect(address).await.unwrap();
        Self::over(tcp, address, "/", &[V1]).await.unwrap()
    }

    /// A client at this address with these headers; a refused handshake is an error.
    pub async fn at(address: SocketAddr, headers: &[(&str, &str)]) -> Result<Self, Error> {
        let tcp = TcpStream::connect(address).await.unwrap();
        Self::over(tcp, address, "/", headers).await
    }

    /// A v1 client that has entered a room.
    pub async fn v1_in(node: &Node, room: &str) -> Self {
        let mut client = Self::v1(node).await;
        client.enter(room).await;
        client.frame_of("welcome").await;
        client
    }

    /// A client of the plain dialect. It is in the lobby as soon as it receives its own message.
    pub async fn plain(node: &Node) -> Self {
        Self::plain_at(node.address).await
    }

    /// A client of the plain dialect at this address.
    pub async fn plain_at(address: SocketAddr) -> Self {
        let tcp = TcpStream::connect(address).await.unwrap();
        let mut client = Self::over(tcp, address, "/", &[]).await.unwrap();
        let port = client.socket.get_ref().local_addr().unwrap().port();
        // The node reads a plain client only when it is in the lobby, so what comes back proves the room.
        let hello = format!("{port} here");
        client.send(&hello).await;
        client.text_is(&hello).await;
        client
    }

    /// Connects with these headers; a refused handshake is an error.
    pub async fn connect(node: &Node, path: &str, headers: &[(&str, &str)]) -> Result<Self, Error> {
        let tcp = TcpStream::connect(node.address).await.unwrap();
        Self::over(tcp, node.address, path, headers).await
    }

    /// The status and the body with which a handshake is refused.
    pub async fn refused(node: &Node, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
        match Self::connect(node, path, headers).await {
            Err(Error::Http(answer)) => {
                let body = answer.body().as_ref().map(|body| String::from_utf8_lossy(body).into_owned());
                (answer.status().as_u16(), body.unwrap_or_default())
            }
            Err(other) => panic!("not an answer in HTTP: {other}"),
            Ok(_) => panic!("it was let in"),
        }
    }

    /// Connects with a small receive buffer, so that whoever writes soon notices that nobody reads.
    pub async fn with_small_buffer(node: &Node, headers: &[(&str, &str)]) -> Self {
        let tcp = TcpSocket::new_v4().unwrap();
        tcp.set_recv_buffer_size(8 * 1024).unwrap();
        let tcp = tcp.connect(node.address).await.unwrap();
        Self::over(tcp, node.address, "/", headers).await.unwrap()
    }

    async fn over(
        tcp: TcpStream,
        address: SocketAddr,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, Error> {
        tcp.set_nodelay(true).unwrap();
        let uri = format!("ws://{address}{path}").parse().unwrap();
        let mut request = ClientRequestBuilder::new(uri).into_client_request().unwrap();
        for (name, value) in headers {
            let name = HeaderName::try_from(*name).unwrap();
            request.headers_mut().insert(name, HeaderValue::try_from(*value).unwrap());
        }
        let handshake = tokio_tungstenite::client_async(request, tcp);
        let (socket, _) = timeout(PATIENCE, handshake).await.expect("an answer to the handshake")?;
        Ok(Self { socket, kept: VecDeque::new(), session: None, patience: PATIENCE })
    }

    /// The same client, which now waits for a frame as long as a RabbitMQ may take to boot.
    pub fn patient(self) -> Self {
        Self { patience: super::process::PATIENCE, ..self }
    }

    /// Sends a text frame.
    pub async fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// Sends a text frame, if the connection still takes it.
    pub async fn try_send(&mut self, text: &str) -> Result<(), Error> {
        self.socket.send(Message::text(text)).await
    }

    /// Sends a binary frame.
    pub async fn send_binary(&mut self, bytes: &[u8]) {
        self.socket.send(Message::binary(bytes.to_vec())).await.unwrap();
    }

    /// Sends several text frames in one write.
    pub async fn send_at_once(&mut self, texts: &[&str]) {
        for text in texts {
            self.socket.feed(Message::text(*text)).await.unwrap();
        }
        self.socket.flush().await.unwrap();
    }

    /// Sends a JSON frame.
    pub async fn say(&mut self, frame: Value) {
        self.send(&frame.to_string()).await;
    }

    /// Sends a `hello`; gives the `welcome`.
    pub async fn hello(&mut self, name: &str) -> Value {
        self.say(json!({"type": "hello", "name": name})).await;
        self.frame_of("welcome").await
    }

    /// Subscribes to a room; gives the `subscribed`.
    pub async fn enter(&mut self, room: &str) -> Value {
        self.say(json!({"type": "subscribe", "room": room})).await;
        self.frame_of("subscribed").await
    }

    /// Publishes a text; gives the `ack`, `refused` or `unknown`.
    pub async fn publish(&mut self, room: &str, text: &str) -> Value {
        self.say(json!({"type": "publish", "room": room, "text": text})).await;
        self.answer().await
    }

    /// The next answer to a publish; other frames are kept for later.
    pub async fn answer(&mut self) -> Value {
        self.frame_among(&["ack", "refused", "unknown"]).await
    }

    /// Continues a session with its newest token; gives the `welcome`.
    pub async fn hello_again(&mut self, session: &Value) -> Value {
        self.say(json!({"type": "hello", "session": session})).await;
        self.frame_of("welcome").await
    }

    /// The next text or close frame.
    pub async fn message(&mut self) -> Message {
        let deadline = Instant::now() + self.patience;
        loop {
            let next = timeout_at(deadline, self.socket.next()).await.expect("a frame in time");
            match next.expect("a frame, not the end").expect("a frame, no failure") {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }

    /// The next text.
    pub async fn text(&mut self) -> String {
        match self.message().await {
            Message::Text(text) => text.as_str().to_owned(),
            other => panic!("a text was expected: {other:?}"),
        }
    }

    /// Skips texts until this text.
    pub async fn text_is(&mut self, wanted: &str) {
        while self.text().await != wanted {}
    }

    /// The next frame of the v1 dialect.
    pub async fn frame(&mut self) -> Value {
        match self.kept.pop_front() {
            Some(frame) => frame,
            None => self.fresh_frame().await,
        }
    }

    /// The next frame that comes, apart from tokens, which are remembered.
    async fn fresh_frame(&mut self) -> Value {
        loop {
            let frame: Value = serde_json::from_str(&self.text().await).expect("JSON");
            if frame["type"] != "session" {
                return frame;
            }
            self.session = Some(frame["session"].clone());
        }
    }

    /// Reads until a token comes that is none of those before; gives it.
    pub async fn next_session(&mut self) -> Value {
        let deadline = Instant::now() + self.patience;
        loop {
            if let Some(session) = self.session.take() {
                return session;
            }
            let text = timeout_at(deadline, self.text()).await.expect("a new token in time");
            let frame: Value = serde_json::from_str(&text).expect("JSON");
            match frame["type"] == "session" {
                true => self.session = Some(frame["session"].clone()),
                false => self.kept.push_back(frame),
            }
        }
    }

    /// The next frame of this type; others before it are kept for later.
    pub async fn frame_of(&mut self, kind: &str) -> Value {
        self.frame_among(&[kind]).await
    }

    async fn frame_among(&mut self, kinds: &[&str]) -> Value {
        let wanted = |frame: &Value| kinds.contains(&frame["type"].as_str().unwrap());
        if let Some(at) = self.kept.iter().position(wanted) {
            return self.kept.remove(at).unwrap();
        }
        let deadline = Instant::now() + self.patience;
        loop {
            let frame = timeout_at(deadline, self.fresh_frame()).await;
            let frame = frame.unwrap_or_else(|_| panic!("none of {kinds:?} came, but {:?}", self.kept));
            if wanted(&frame) {
                return frame;
            }
            self.kept.push_back(frame);
        }
    }

    /// The texts of the messages that come, up to the message with this text.
    pub async fn texts_until(&mut self, last: &str) -> Vec<String> {
        let mut texts = Vec::new();
        loop {
            let text = self.frame_of("message").await["text"].as_str().unwrap().to_owned();
            if text == last {
                return texts;
            }
            texts.push(text);
        }
    }

    /// Skips messages until the message with this text.
    pub async fn text_of_message(&mut self, wanted: &str) {
        while self.frame_of("message").await["text"] != wanted {}
    }

    /// Reads to the end; gives the code and the reason of the close frame.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Message::Close(frame) = self.message().await {
                let frame = frame.expect("a close frame with a code");
                return (frame.code.into(), frame.reason.as_str().to_owned());
            }
        }
    }

    /// Closes the connection, and waits until the node has let go.
    pub async fn leave(mut self) {
        let _ = self.socket.close(None).await;
        while let Some(Ok(_)) = timeout(PATIENCE, self.socket.next()).await.expect("the end in time") {}
    }
}

/// A client that writes any bytes it likes.
pub struct Raw {
    /// The connection.
    pub tcp: TcpStream,
}

/// The first byte of a final text frame.
pub const TEXT: u8 = 0x81;
/// The first byte of a final binary frame.
pub const BINARY: u8 = 0x82;
/// The first byte of a close frame.
pub const CLOSE: u8 = 0x88;
/// The first byte of a ping.
pub const PING: u8 = 0x89;
/// The first byte of a pong.
pub const PONG: u8 = 0x8a;

/// A masked frame, as clients send them. The mask is zero, so that the payload stays readable.
pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    match payload.len() {
        len @ 0..126 => out.push(0x80 | len as u8),
        len @ 126..65_536 => {
            out.push(0x80 | 126);
            out.extend((len as u16).to_be_bytes());
        }
        len => {
            out.push(0x80 | 127);
            out.extend((len as u64).to_be_bytes());
        }
    }
    out.extend([0; 4]);
    out.extend_from_slice(payload);
    out
}

/// The head of a request to upgrade; the extra lines end in `\r\n`.
pub fn upgrade(path: &str, extra: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{extra}\r\n"
    )
}

impl Raw {
    /// A connection over which nothing was sent yet.
    pub async fn connect(node: &Node) -> Self {
        let tcp = TcpStream::connect(node.address).await.unwrap();
        tcp.set_nodelay(true).unwrap();
        Self { tcp }
    }

    /// A WebSocket of the v1 dialect.
    pub async fn v1(node: &Node) -> Self {
        let mut raw = Self::connect(node).await;
        raw.write(upgrade("/", "sec-websocket-protocol: pubsub-lab.v1\r\n").as_bytes()).await;
        raw.upgraded().await;
        raw
    }

    /// A WebSocket of the plain dialect.
    pub async fn plain(node: &Node) -> Self {
        let mut raw = Self::connect(node).await;
        raw.write(upgrade("/", "").as_bytes()).await;
        raw.upgraded().await;
        raw
    }

    /// Writes bytes.
    pub async fn write(&mut self, bytes: &[u8]) {
        timeout(PATIENCE, self.tcp.write_all(bytes)).await.expect("the node reads").unwrap();
    }

    /// Reads the head of the answer to an upgrade, and asserts that the node agreed.
    pub async fn upgraded(&mut self) -> String {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let byte = timeout(PATIENCE, self.tcp.read_u8()).await.expect("an answer").unwrap();
            head.push(byte as char);
        }
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        head.to_lowercase()
    }

    /// The first byte and the payload of the next frame; `None` at the end of the connection.
    pub async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        timeout(PATIENCE, read_frame(&mut self.tcp)).await.expect("a frame in time").ok()
    }

    /// Reads frames up to the close frame; gives its code.
    pub async fn closed(&mut self) -> u16 {
        loop {
            let (first, payload) = self.frame().await.expect("a close frame before the end");
            if first == CLOSE {
                return u16::from_be_bytes([payload[0], payload[1]]);
            }
        }
    }

    /// Reads whatever comes until the connection ends.
    pub async fn ended(&mut self) {
        let mut scratch = [0; 4096];
        let end = async { while matches!(self.tcp.read(&mut scratch).await, Ok(1..)) {} };
        timeout(PATIENCE, end).await.expect("the node lets go");
    }
}

/// Reads one unmasked frame.
pub async fn read_frame(from: &mut (impl AsyncReadExt + Unpin)) -> std::io::Result<(u8, Vec<u8>)> {
    let (first, second) = (from.read_u8().await?, from.read_u8().await?);
    assert_eq!(second & 0x80, 0, "a server does not mask");
    let length = match second {
        126 => u64::from(from.read_u16().await?),
        127 => from.read_u64().await?,
        short => u64::from(short),
    };
    let mut payload = vec![0; length as usize];
    from.read_exact(&mut payload).await?;
    Ok((first, payload))
}
