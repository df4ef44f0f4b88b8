//! A client that remembers every frame that it got, token and all.

#![allow(dead_code, reason = "each test target uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::client::{Client, V1};
use super::node::{Node, PATIENCE};

/// A client of the v1 dialect.
pub struct Recorded {
    client: Client,
    /// Every frame that came, in order.
    pub frames: Vec<Value>,
}

impl Recorded {
    pub async fn on(node: &Node) -> Self {
        Self::over(Client::connect(node, "/ws", &[V1]).await.unwrap())
    }

    pub fn over(client: Client) -> Self {
        Self { client, frames: Vec::new() }
    }

    /// A client that has said hello and has entered a room.
    pub async fn in_room(node: &Node, name: &str, room: &str) -> Self {
        let mut client = Self::on(node).await;
        client.asks(json!({"type": "hello", "name": name}), "welcome").await;
        client.asks(json!({"type": "subscribe", "room": room}), "subscribed").await;
        client
    }

    pub async fn send(&mut self, text: &str) {
        self.client.send(text).await;
    }

    pub async fn send_binary(&mut self) {
        self.client.send_binary(b"binary").await;
    }

    pub async fn say(&mut self, request: Value) {
        self.client.say(request).await;
    }

    /// The next frame.
    pub async fn frame(&mut self) -> Value {
        let next = async {
            loop {
                match self.client.socket.next().await.expect("a frame, not the end").unwrap() {
                    Message::Text(text) => break serde_json::from_str::<Value>(&text).unwrap(),
                    Message::Ping(_) | Message::Pong(_) => {}
                    other => panic!("{other:?}"),
                }
            }
        };
        let frame = timeout(PATIENCE, next).await.unwrap_or_else(|_| panic!("only {:?} came", self.frames));
        self.frames.push(frame.clone());
        frame
    }

    /// Reads until a frame whose type, code or state is this word.
    pub async fn until(&mut self, word: &str) -> Value {
        loop {
            let frame = self.frame().await;
            if is(&frame, word) {
                return frame;
            }
        }
    }

    /// Reads until the answer to something that was said.
    pub async fn answer(&mut self) -> Value {
        loop {
            let frame = self.frame().await;
            if ["ack", "refused", "unknown"].iter().any(|kind| frame["type"] == *kind) {
                return frame;
            }
        }
    }

    /// Reads until a frame whose type, code or state is this word, unless one has come already.
    pub async fn ever(&mut self, word: &str) {
        if !self.frames.iter().any(|frame| is(frame, word)) {
            self.until(word).await;
        }
    }

    /// Asks for something, and reads until the answer of this type or code.
    pub async fn asks(&mut self, request: Value, answer: &str) -> Value {
        self.say(request).await;
        self.until(answer).await
    }

    /// Publishes a text, and reads until the answer of this type or code.
    pub async fn publishes(&mut self, room: &str, text: &str, answer: &str) {
        self.asks(json!({"type": "publish", "room": room, "text": text}), answer).await;
    }
}

/// Whether the type, the code or the state of a frame is this word.
fn is(frame: &Value, word: &str) -> bool {
    ["type", "code", "state"].iter().any(|field| frame[*field] == word)
}
