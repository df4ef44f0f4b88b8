//! Clients that come back whatever happens, as a browser's page does: one that writes, and one that reads.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

use super::project::chat;
use crate::support::client::{Client, V1};

/// The pause before a client connects again.
const PAUSE: Duration = Duration::from_millis(100);
/// The pause between two messages of a writer.
const INTERVAL: Duration = Duration::from_millis(20);
/// How long a writer waits for an answer before it looks whether there is more to do.
const LOOK: Duration = Duration::from_millis(10);
/// How long a connection may give no sign of life. A node pings sooner.
const SILENCE: Duration = Duration::from_secs(30);

/// A connection, or nothing if none can be had now.
async fn connect() -> Option<Client> {
    match timeout(SILENCE, Client::at(chat(), &[V1])).await {
        Ok(Ok(client)) => Some(client),
        _ => {
            sleep(PAUSE).await;
            None
        }
    }
}

async fn send(client: &mut Client, frame: Value) -> bool {
    client.socket.send(Message::text(frame.to_string())).await.is_ok()
}

/// The next frame of a text; `None` at the end of the connection.
async fn frame(client: &mut Client) -> Option<Value> {
    loop {
        match timeout(SILENCE, client.socket.next()).await.ok()??.ok()? {
            Message::Text(text) => return serde_json::from_str(&text).ok(),
            Message::Close(_) => return None,
            _ => {}
        }
    }
}

fn hello(session: &Option<Value>, name: &str) -> Value {
    match session {
        Some(session) => json!({"type": "hello", "session": session, "rooms": false}),
        None => json!({"type": "hello", "name": name, "rooms": false}),
    }
}

/// Publishes messages until `enough` says so after some number of acknowledged ones, and sends again under the same id what
/// was not acknowledged. Gives the texts that were acknowledged, which are all, and how often it had to connect.
pub async fn write(room: &str, enough: impl Fn() -> bool) -> (BTreeSet<String>, usize) {
    let (mut acked, mut waiting) = (BTreeSet::new(), BTreeSet::new());
    let (mut next, mut connections, mut session) = (0_u32, 0, None);
    while !(enough() && waiting.is_empty() && next > 0) {
        let Some(mut client) = connect().await else { continue };
        connections += 1;
        let publish = |n: u32| json!({"type": "publish", "room": room, "id": n.to_string(), "text": format!("text {n}")});
        if !send(&mut client, hello(&session, "writer")).await {
            continue;
        }
        let mut alive = true;
        for n in &waiting {
            alive = alive && send(&mut client, publish(*n)).await;
        }
        let mut last = tokio::time::Instant::now();
        while alive && !(enough() && waiting.is_empty()) {
            if !enough() && last.elapsed() >= INTERVAL {
                last = tokio::time::Instant::now();
                waiting.insert(next);
                alive = send(&mut client, publish(next)).await;
                next += 1;
            }
            let Ok(answer) = timeout(LOOK, frame(&mut client)).await else { continue };
            let Some(answer) = answer else { break };
            let of = answer["id"].as_str().and_then(|id| id.parse::<u32>().ok());
            match (answer["type"].as_str(), of) {
                (Some("welcome" | "session"), _) => session = Some(answer["session"].clone()),
                (Some("ack"), Some(n)) => {
                    waiting.remove(&n);
                    acked.insert(format!("text {n}"));
                }
                (Some("refused" | "unknown"), Some(n)) => {
                    sleep(PAUSE).await;
                    alive = send(&mut client, publish(n)).await;
                }
                _ => {}
            }
        }
    }
    (acked, connections)
}

/// Reads a room until it holds all that `wanted` names, once that is known. Gives the texts in the order in which they came,
/// without those that it held already.
pub async fn read(
    room: &str,
    entered: impl FnOnce(),
    wanted: impl Fn() -> Option<BTreeSet<String>>,
) -> Vec<String> {
    let (mut texts, mut ids, mut newest) = (Vec::new(), BTreeSet::new(), None::<String>);
    let (mut session, mut entered) = (None, Some(entered));
    loop {
        let Some(mut client) = connect().await else { continue };
        let mut subscribe = json!({"type": "subscribe", "room": room});
        if let Some(newest) = &newest {
            subscribe["after"] = json!(newest);
        }
        if !send(&mut client, hello(&session, "reader")).await || !send(&mut client, subscribe).await {
            continue;
        }
        loop {
            let complete = wanted().is_some_and(|wanted| wanted.iter().all(|text| texts.contains(text)));
            if complete {
                return texts;
            }
            let Ok(came) = timeout(PAUSE, frame(&mut client)).await else { continue };
            let Some(came) = came else { break };
            match came["type"].as_str() {
                Some("welcome" | "session") => session = Some(came["session"].clone()),
                Some("subscribed") => {
                    if let Some(entered) = entered.take() {
                        entered();
                    }
                    // The rest is at the history, which does not answer now: ask again later.
                    if newest.is_some() && came["recovered"] != "all" {
                        sleep(PAUSE).await;
                        break;
                    }
                }
                Some("message") => {
                    let id = came["id"].as_str().unwrap().to_owned();
                    if ids.insert(id.clone()) {
                        texts.push(came["text"].as_str().unwrap().to_owned());
                        newest = Some(id);
                    }
                }
                _ => {}
            }
        }
    }
}
