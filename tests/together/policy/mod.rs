//! The policy of a node, and hooks: who comes in, who reads and writes, and how it is told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod command;
mod connect;
mod hooks;
mod http;
mod page;
mod rooms;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

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

/// What an answer says that refuses something: its type, its code and its reason.
fn refusal(frame: &Value) -> Value {
    json!([frame["type"], frame["code"], frame["reason"]])
}
