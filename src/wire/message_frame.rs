//! A `message` frame, read again by a node that has to look into it.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;

use super::NodeFrame;

/// What stands in a `message` frame. See [`NodeFrame::Message`].
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct MessageFrame<'a> {
    /// The room of the message.
    #[serde(borrow)]
    pub room: Cow<'a, str>,
    /// The id of the message.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// The name of who sent it.
    #[serde(borrow)]
    pub from: Cow<'a, str>,
    /// The colour of that name, as `#rrggbb`.
    #[serde(borrow)]
    pub colour: Cow<'a, str>,
    /// What was said.
    #[serde(borrow)]
    pub text: Cow<'a, str>,
    /// When it was sent, in Unix milliseconds.
    pub sent_at: u64,
}

impl<'a> MessageFrame<'a> {
    /// Reads a frame. `None` if it is none.
    pub fn read(frame: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(frame).ok()
    }

    /// The frame with this text in place of its own, as JSON.
    pub fn with_text(&self, text: &str) -> Bytes {
        let Self { room, id, from, colour, sent_at, .. } = self;
        NodeFrame::Message { room, id, from, colour, text, sent_at: *sent_at }.json()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_with_another_text_is_otherwise_the_same() {
        let frame = r##"{"type":"message","room":"r","id":"s.1","from":"A\"d","colour":"#111111","text":"damn","sent_at":5}"##;
        let message = MessageFrame::read(frame.as_bytes()).unwrap();
        assert_eq!((&*message.from, &*message.text), ("A\"d", "damn"));
        assert_eq!(message.with_text("****"), frame.replace("damn", "****").as_bytes());
        assert_eq!(MessageFrame::read(b"{}"), None);
    }
}
