//! A client that wants to miss nothing: it names the last message that it holds whenever it comes back, and keeps
//! account of what it gets.

use std::collections::{BTreeSet, HashSet};

use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::node::Node;

/// What a client holds of one room.
pub struct Reader {
    room: String,
    client: Option<Client>,
    ids: HashSet<String>,
    /// What it got of the replay under way.
    this_replay: HashSet<String>,
    /// The last message that it got.
    pub last: Option<String>,
    /// What was said, as far as it heard.
    pub texts: BTreeSet<String>,
    /// What it got first by a replay.
    pub recovered: BTreeSet<String>,
    /// Number of messages that a replay brought though it held them.
    pub again: usize,
    /// Everything else that it was told.
    pub others: Vec<Value>,
}

impl Reader {
    pub fn new(room: &str) -> Self {
        Self {
            room: room.into(),
            client: None,
            ids: HashSet::new(),
            this_replay: HashSet::new(),
            last: None,
            texts: BTreeSet::new(),
            recovered: BTreeSet::new(),
            again: 0,
            others: Vec::new(),
        }
    }

    /// Comes to this node, after the last message that it holds. Gives `recovered`.
    pub async fn come(&mut self, node: &Node) -> String {
        self.client = Some(Client::v1(node).await.patient());
        self.ask(self.last.clone()).await
    }

    /// Asks for the room, after a message. Gives `recovered`.
    pub async fn ask(&mut self, after: Option<String>) -> String {
        let mut subscribe = json!({"type": "subscribe", "room": self.room});
        if let Some(after) = after {
            subscribe["after"] = after.into();
        }
        self.this_replay.clear();
        self.client.as_mut().unwrap().say(subscribe).await;
        loop {
            if let Some(recovered) = self.take().await {
                return recovered;
            }
        }
    }

    /// Is gone, without a word.
    pub fn go(&mut self) {
        self.client = None;
    }

    /// Reads until it holds these texts.
    pub async fn until(&mut self, texts: &BTreeSet<String>) {
        while !texts.is_subset(&self.texts) {
            self.take().await;
        }
    }

    /// Reads so many new messages.
    pub async fn read(&mut self, count: usize) {
        let end = self.texts.len() + count;
        while self.texts.len() < end {
            self.take().await;
        }
    }

    /// Takes one frame. Gives `recovered` if it is a `subscribed`.
    pub async fn take(&mut self) -> Option<String> {
        let frame = self.client.as_mut().unwrap().frame().await;
        match frame["type"].as_str().unwrap() {
            "message" => self.heard(&frame),
            "subscribed" => return Some(frame["recovered"].as_str().unwrap().into()),
            _ => self.others.push(frame),
        }
        None
    }

    fn heard(&mut self, frame: &Value) {
        let (id, text) =
            (frame["id"].as_str().unwrap().to_owned(), frame["text"].as_str().unwrap().to_owned());
        let new = self.ids.insert(id.clone());
        if frame["replay"] == true {
            assert!(self.this_replay.insert(id.clone()), "twice in one replay: {frame}");
            if new {
                self.recovered.insert(text.clone());
            } else {
                self.again += 1;
            }
        } else {
            assert!(new, "held already, and came live: {frame}");
        }
        self.texts.insert(text);
        self.last = Some(id);
    }
}
