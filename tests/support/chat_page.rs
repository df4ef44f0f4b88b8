//! The chat page as tests look at it: scripts that read what it shows, and what a person does there.
#![allow(dead_code, reason = "each test target uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may")]

use serde_json::Value;

use super::browser::{Browser, Window};

/// Typed at the end of a message.
pub const ENTER: &str = "\u{e007}";
pub const STATE: &str = "return document.getElementById('status').dataset.state";
pub const NAME: &str = "return document.getElementById('name').value";
pub const MEMBERS: &str = "return document.getElementById('members').textContent";
/// The people of the shown room.
pub const PEOPLE: &str =
    "return [...document.querySelectorAll('#people-list .from')].map((name) => name.textContent).toSorted()";
pub const TYPING: &str = "return document.getElementById('typing').textContent";
/// The texts of all messages.
pub const TEXTS: &str =
    "return [...document.querySelectorAll('#log .message .text')].map((text) => text.textContent)";
/// The whispers, with what stands beside their writers' names.
pub const WHISPERS: &str = "return [...document.querySelectorAll('#log .whisper')].map((line) =>
    ['.from', '.aside', '.text', '.note'].map((part) => line.querySelector(part)?.textContent ?? '').join('|'))";
/// What the page says between the messages, without times of day (`T`) and lengths of time (`L`).
pub const SAID: &str =
    "return [...document.querySelectorAll('#log .system:not(.presence)')].map((line) => line.textContent
    .replace(/[0-9]+:[0-9]+:[0-9]+( [AP]M)?/g, 'T').replace(/[0-9.]+ (s|min)\\b/g, 'L'))";

/// Says something, as a person does.
pub async fn say(window: &Window<'_>, text: &str) {
    window.type_into("#text", &format!("{text}{ENTER}")).await;
}

/// Takes another name, and waits until the node has taken it.
pub async fn call(window: &Window<'_>, name: &str) {
    window.run("document.getElementById('name').value = ''").await;
    window.type_into("#name", &format!("{name}{ENTER}")).await;
    let told = "return [...document.querySelectorAll('#log .divider')].at(-1)?.textContent ?? ''";
    window.until(told, format!("You are {name} now.")).await;
}

/// What is in the console, but for failed connections to the node: those a browser reports by itself.
pub async fn complaints(browser: &Browser) -> Vec<Value> {
    let connection = |entry: &Value| {
        let message = entry["message"].as_str().unwrap();
        entry["source"] == "network" && !message.contains("404")
            || message.contains("WebSocket connection to 'ws://") && message.contains("/ws' failed")
    };
    browser.console().await.into_iter().filter(|entry| !connection(entry)).collect()
}

/// Asserts that no page complained, and ends the browser, of which nothing may be left.
pub async fn in_peace(browser: Browser) {
    assert_eq!(complaints(&browser).await, Vec::<Value>::new());
    assert_eq!(browser.end(), []);
}
