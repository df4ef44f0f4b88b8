//! What a node answers over HTTP: a room read by polling and as events, and what a server says in it or to one person.

mod events;
mod outage;
mod polling;
mod publishing;

use serde_json::Value;

use crate::support::node::{Answer, Node};

/// The status of an answer, and what its frame says: the type, and the code or the level.
pub fn told(answer: &Answer) -> (u16, String, String) {
    let frame: Value = serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("no frame: {answer:?}"));
    let word = frame.get("code").or(frame.get("level")).and_then(Value::as_str).unwrap_or_default();
    (answer.status, frame["type"].as_str().unwrap().to_owned(), word.to_owned())
}

/// What [`told`] gives.
fn tale(status: u16, kind: &str, word: &str) -> (u16, String, String) {
    (status, kind.to_owned(), word.to_owned())
}

/// The token of a publisher over HTTP.
pub const TOKEN: &str = "a token for tests";

/// A POST with this body, and these lines of headers.
pub async fn post(node: &Node, path: &str, headers: &str, body: &str) -> Answer {
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", node.address);
    node.request(&format!("{head}content-length: {length}\r\n{headers}\r\n{body}")).await
}

/// The header of a publisher who may.
pub fn bearer() -> String {
    format!("authorization: Bearer {TOKEN}\r\n")
}

/// A local node that lets a server publish.
pub fn open_node(flags: &[&str]) -> Node {
    Node::start_with(flags, |command| {
        command.env("PUBSUB_LAB_API_TOKEN", TOKEN);
    })
}
