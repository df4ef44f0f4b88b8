//! A WebSocket of the load: how it is closed, and the texts of its frames.

use std::borrow::Cow;
use std::time::Duration;

use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::stream::CountedStream;

/// A client's connection to a node.
pub(super) type Socket = WebSocketStream<CountedStream>;

/// How long closing a connection politely may take.
pub(super) const GOODBYE: Duration = Duration::from_millis(200);

/// Closes a connection politely. It is a courtesy to the node, and it does not matter whether it arrives.
pub(super) async fn say_goodbye(socket: Option<Socket>) {
    if let Some(mut socket) = socket {
        let _ = timeout(GOODBYE, socket.close(None)).await;
    }
}

/// The text of a frame, whichever kind of frame the server chose for it; `None` if the frame carries nothing of the
/// server's own.
pub(super) fn frame_of(message: &Message) -> Option<Cow<'_, str>> {
    match message {
        Message::Text(frame) => Some(Cow::Borrowed(frame)),
        Message::Binary(bytes) => Some(String::from_utf8_lossy(bytes)),
        _ => None,
    }
}

/// The text of a frame as [`frame_of`] gives it, for whoever keeps it.
pub(super) fn text_of(message: Message) -> Option<Utf8Bytes> {
    match message {
        Message::Text(frame) => Some(frame),
        Message::Binary(bytes) => Some(match Utf8Bytes::try_from(bytes.clone()) {
            Ok(frame) => frame,
            Err(_) => String::from_utf8_lossy(&bytes).into_owned().into(),
        }),
        _ => None,
    }
}
