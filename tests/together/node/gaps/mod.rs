//! What is lost without a word of any bus: the clients of the room are told, and nobody is told of what was not lost.

mod between_peers;
mod no_false_alarm;
mod unbrought;

use serde_json::Value;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::support::client::Client;

/// How long the numbers of a room mean nothing to a node that has just begun to hear it.
pub const SETTLED: Duration = Duration::from_millis(600);

/// The time in Unix milliseconds.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
}

/// Checks a notice of a loss between nodes after this moment and not long before it.
pub fn is_gap(gap: &Value, room: &str, lost: u64) {
    assert_eq!(gap["room"], room, "{gap}");
    assert_eq!(gap["reason"], "messages were lost between the nodes", "{gap}");
    let since = gap["since"].as_u64().unwrap();
    assert!((lost - 60_000..=lost).contains(&since), "{gap} {lost}");
}

/// Waits until a message with this text comes, and gives the number of `gap` frames before it.
pub async fn gaps_before(client: &mut Client, text: &str) -> usize {
    let mut gaps = 0;
    loop {
        let frame = client.frame().await;
        match frame["type"].as_str().unwrap() {
            "gap" => gaps += 1,
            "message" if frame["text"] == text => return gaps,
            _ => {}
        }
    }
}
