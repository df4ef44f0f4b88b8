//! A plain client of any address, to find out whether what is said at one node is heard at another.
#![allow(dead_code, reason = "each test target uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::time::{interval, timeout};
use tokio_tungstenite::tungstenite::Message;

use super::process::PATIENCE;

/// Asserts that a text which is published at the first URL (`ws://...`) soon arrives at the second.
pub async fn assert_crosses(from: &str, to: &str) {
    let (mut speaker, _) = tokio_tungstenite::connect_async(from).await.unwrap();
    let (mut listener, _) = tokio_tungstenite::connect_async(to).await.unwrap();
    let text = format!("hello {:016x}", rand::random::<u64>());
    // The text is sent again and again, because nobody tells a plain client when its room is joined.
    let mut again = interval(Duration::from_millis(50));
    let heard = async {
        loop {
            tokio::select! {
                _ = again.tick() => speaker.send(Message::text(text.as_str())).await.unwrap(),
                frame = listener.next() => match frame.expect("an open socket").unwrap() {
                    Message::Text(heard) if heard.as_str() == text => return,
                    _ => {}
                },
            }
        }
    };
    timeout(PATIENCE, heard).await.unwrap_or_else(|_| panic!("what is said at {from} is not heard at {to}"));
}
