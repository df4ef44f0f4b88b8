//! The policy of a node, and hooks: who comes in, who reads and writes, and how it is told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod command;
mod connect;
mod hooks;
mod page;
mod rooms;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::Error;

use crate::support::client::{Client, V1};
use crate::support::node::Node;

/// A secret with which tokens may be signed.
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A file of a policy, in a folder of its own.
struct PolicyFile {
    folder: TempDir,
}

impl PolicyFile {
    fn new(text: &str) -> Self {
        let file = Self { folder: TempDir::new().unwrap() };
        file.write("secret.txt", &format!("{SECRET}\n"));
        file.write("policy.toml", text);
        file
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("policy.toml")
    }

    /// A local node that obeys the policy.
    fn node(&self) -> Node {
        Node::start(&["--policy", path(&self.path())])
    }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A client that brings this token.
async fn with_token(node: &Node, token: &str) -> Client {
    let bearer = format!("Bearer {token}");
    Client::connect(node, "/ws", &[V1, ("authorization", &bearer)]).await.unwrap()
}

/// The status and the words with which a client is turned away.
async fn turned_away(node: &Node, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
    match Client::connect(node, path, headers).await {
        Err(Error::Http(answer)) => {
            let body = answer.body().as_ref().map(|body| String::from_utf8_lossy(body).into_owned());
            (answer.status().as_u16(), body.unwrap_or_default())
        }
        Err(other) => panic!("not an answer in HTTP: {other}"),
        Ok(_) => panic!("it was let in"),
    }
}

/// What an answer says that refuses something: its type, its code and its reason.
fn refusal(frame: &Value) -> Value {
    json!([frame["type"], frame["code"], frame["reason"]])
}
