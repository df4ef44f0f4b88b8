//! The chat page in a real browser, against real nodes.

mod absent;
mod chat;
mod here;
mod lines;
mod path;
mod place;
mod rooms;
mod session;
mod tabs;
mod talk;

use serde_json::Value;

use crate::support::browser::{Browser, Window};
use crate::support::process::{Running, pubsub_lab};

/// Typed at the end of a message.
const ENTER: &str = "\u{e007}";
const STATE: &str = "return document.getElementById('status').dataset.state";
const NAME: &str = "return document.getElementById('name').value";
const MEMBERS: &str = "return document.getElementById('members').textContent";
/// The texts of all messages.
const TEXTS: &str =
    "return [...document.querySelectorAll('#log .message .text')].map((text) => text.textContent)";
/// What the page says between the messages, without times of day (`T`) and lengths of time (`L`).
const SAID: &str =
    "return [...document.querySelectorAll('#log .system:not(.presence)')].map((line) => line.textContent
    .replace(/[0-9]+:[0-9]+:[0-9]+( [AP]M)?/g, 'T').replace(/[0-9.]+ (s|min)\\b/g, 'L'))";

/// A node with these arguments, and its address.
fn node_of(arguments: &[&str]) -> (Running, String) {
    let mut command = pubsub_lab(&["node"]);
    command.args(arguments).args(["--max-rate", "0"]).env("PUBSUB_LAB_SECRET", "one secret for all");
    let node = Running::start(command);
    let address = node.out_line("listening http://").replace("listening http://", "");
    (node, address)
}

/// A node of one's own, at this address.
fn node(listen: &str) -> (Running, String) {
    node_of(&["local", "--listen", listen])
}

async fn online(windows: &[&Window<'_>], members: usize) {
    for window in windows {
        window.until(STATE, "online").await;
        window.until(MEMBERS, format!("{members} here")).await;
    }
}

/// Goes to another room, as a link to it does.
async fn go(window: &Window<'_>, room: &str) {
    window.run(&format!("location.hash = '{room}'")).await;
    window.until("return document.title", format!("{room} · pubsub-lab")).await;
    window.until(STATE, "online").await;
}

/// What is in the console, but for failed connections to the node: those a browser reports by itself.
async fn complaints(browser: &Browser) -> Vec<Value> {
    let connection = |entry: &Value| {
        let message = entry["message"].as_str().unwrap();
        entry["source"] == "network" && !message.contains("404")
            || message.contains("WebSocket connection to 'ws://") && message.contains("/ws' failed")
    };
    browser.console().await.into_iter().filter(|entry| !connection(entry)).collect()
}

/// Asserts that no page complained, and ends the browser, of which nothing may be left.
async fn in_peace(browser: Browser) {
    assert_eq!(complaints(&browser).await, Vec::<Value>::new());
    assert_eq!(browser.end(), []);
}
