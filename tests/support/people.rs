//! People in rooms: a client with a session, and one that believes every frame of presence.
#![allow(dead_code, reason = "every test target uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::collections::{BTreeSet, HashSet};

use serde_json::{Value, json};

use super::client::Client;
use super::node::Node;
use super::process::PATIENCE;

/// A client that is a person with a session.
pub struct Someone {
    pub client: Client,
    pub name: String,
    pub token: Value,
}

impl Someone {
    pub async fn on(node: &Node, name: &str) -> Self {
        Self::welcomed(Client::v1(node).await.patient(), json!({"type": "hello", "name": name})).await
    }

    /// The same session once more.
    pub async fn again(node: &Node, token: &Value) -> Self {
        Self::welcomed(Client::v1(node).await.patient(), json!({"type": "hello", "session": token})).await
    }

    async fn welcomed(mut client: Client, hello: Value) -> Self {
        client.say(hello).await;
        let welcome = client.frame_of("welcome").await;
        let name = welcome["name"].as_str().unwrap().to_owned();
        Self { client, name, token: welcome["session"].clone() }
    }

    pub async fn enter(&mut self, room: &str) -> u64 {
        self.client.enter(room).await["members"].as_u64().unwrap()
    }
}

/// Somebody in a room who believes every frame, and whose count must fit every frame.
pub struct Observer {
    pub someone: Someone,
    room: String,
    /// The number of people, as the frames tell it.
    pub members: u64,
    /// Who came and went since the last look: `+name` and `-name`.
    pub seen: Vec<String>,
    /// The number of `members` frames.
    pub numbers: u64,
    /// The number of `gap` frames.
    pub gaps: u64,
}

impl Observer {
    pub async fn on(node: &Node, name: &str, room: &str) -> Self {
        let mut someone = Someone::on(node, name).await;
        let members = someone.enter(room).await;
        Self { someone, room: room.into(), members, seen: Vec::new(), numbers: 0, gaps: 0 }
    }

    /// Takes in one frame of presence. Every `joined` and `left` must change the number by one.
    fn believe(&mut self, frame: &Value) {
        let members = frame["members"].as_u64();
        let name = frame["name"].as_str().unwrap_or_default();
        match frame["type"].as_str().unwrap() {
            "joined" => {
                assert_eq!(members, Some(self.members + 1), "{frame}");
                self.seen.push(format!("+{name}"));
            }
            "left" => {
                assert_eq!(members, Some(self.members - 1), "{frame}");
                self.seen.push(format!("-{name}"));
            }
            "members" => self.numbers += 1,
            "gap" => {
                self.gaps += 1;
                return;
            }
            _ => return,
        }
        assert_ne!(name, self.someone.name, "never of oneself");
        self.members = members.unwrap();
    }

    /// The next frame, which is believed.
    pub async fn frame(&mut self) -> Value {
        let frame = self.someone.client.frame().await;
        self.believe(&frame);
        frame
    }

    /// Waits for the next frame of this type; gives it.
    pub async fn frame_of(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.frame().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// Asks who is there; gives their names. There are as many as the frames before say.
    pub async fn people(&mut self) -> BTreeSet<String> {
        self.someone.client.say(json!({"type": "people", "room": self.room})).await;
        let frame = self.frame_of("people").await;
        let people = frame["people"].as_array().unwrap();
        assert_eq!(people.len() as u64, self.members, "{frame}");
        let all =
            |key: &str| people.iter().map(|one| one[key].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(all("id").iter().collect::<HashSet<_>>().len(), people.len(), "{frame}");
        all("name").into_iter().collect()
    }

    /// Waits until these are the people.
    pub async fn people_are(&mut self, wanted: &[&str]) {
        let wanted = wanted.iter().map(|name| (*name).to_owned()).collect();
        let begin = std::time::Instant::now();
        loop {
            let people = self.people().await;
            if people == wanted {
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "{people:?}\nnot\n{wanted:?}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// Waits until this was seen: `+name` or `-name`.
    pub async fn sees(&mut self, what: &str) {
        while !self.seen.iter().any(|seen| seen == what) {
            self.frame().await;
        }
    }

    /// Takes what was seen since the last look.
    pub fn take_seen(&mut self) -> Vec<String> {
        std::mem::take(&mut self.seen)
    }
}
