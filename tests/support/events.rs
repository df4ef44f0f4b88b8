//! A reader of server-sent events, over a connection of its own.
#![allow(dead_code, reason = "every test target uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::process::PATIENCE;

/// One event.
#[derive(Debug)]
pub struct Event {
    /// Its `id`, if it has one.
    pub id: Option<String>,
    /// Its type; `message` if it says none, as browsers have it.
    pub kind: String,
    /// Its data.
    pub data: Value,
}

/// A stream of events.
pub struct Events {
    tcp: TcpStream,
    read: String,
    /// The head of the answer, in lower case.
    pub head: String,
}

impl Events {
    /// Asks for this path with these lines of headers. HTTP/1.0 has no chunks, so that the bytes are the events.
    pub async fn open(address: SocketAddr, path: &str, headers: &str) -> Self {
        let mut tcp = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.0\r\nhost: {address}\r\n{headers}\r\n");
        tcp.write_all(request.as_bytes()).await.unwrap();
        let mut events = Self { tcp, read: String::new(), head: String::new() };
        events.head = events.until("\r\n\r\n").await.expect("a head").to_lowercase();
        events
    }

    /// The next event; `None` at the end of the stream. Comments are skipped.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            let block = self.until("\n\n").await?;
            let field = |name: &str| {
                let lines: Vec<_> = block.lines().filter_map(|line| line.strip_prefix(name)).collect();
                assert!(lines.len() < 2, "{block}");
                lines.first().map(|value| value.strip_prefix(": ").unwrap().to_owned())
            };
            let Some(data) = field("data") else {
                assert!(block.starts_with(':'), "neither an event nor a comment: {block:?}");
                continue;
            };
            let kind = field("event").unwrap_or_else(|| "message".into());
            return Some(Event { id: field("id"), kind, data: serde_json::from_str(&data).unwrap() });
        }
    }

    /// The next event of this type; others are skipped.
    pub async fn next_of(&mut self, kind: &str) -> Event {
        loop {
            let event = self.next().await.unwrap_or_else(|| panic!("the end instead of `{kind}`"));
            if event.kind == kind {
                return event;
            }
        }
    }

    /// The texts of the next messages.
    pub async fn texts(&mut self, count: usize) -> Vec<String> {
        let mut texts = Vec::new();
        while texts.len() < count {
            let event = self.next_of("message").await;
            assert_eq!(event.id.as_deref(), event.data["id"].as_str());
            texts.push(event.data["text"].as_str().unwrap().to_owned());
        }
        texts
    }

    /// Whether nothing comes for this long.
    pub async fn is_silent(&mut self, time: Duration) -> bool {
        timeout(time, self.next()).await.is_err()
    }

    async fn until(&mut self, end: &str) -> Option<String> {
        loop {
            if let Some(at) = self.read.find(end) {
                let rest = self.read.split_off(at + end.len());
                return Some(std::mem::replace(&mut self.read, rest));
            }
            let mut bytes = [0; 4096];
            let read = timeout(PATIENCE, self.tcp.read(&mut bytes)).await.expect("an event in time");
            let read = read.unwrap_or(0);
            if read == 0 {
                return None;
            }
            self.read.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
        }
    }
}
