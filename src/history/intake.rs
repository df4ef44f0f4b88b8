//! Reads what a delivery from the queue contains.

use std::sync::Arc;

use bytes::Bytes;
use serde::de::IgnoredAny;

use bus::amqp::topology::{FENCE_ROOM, HISTORY_ROOM};
use wire::{Audience, Envelope};

/// One delivery on its way from the consumer to the writer. Every delivery goes this way, in the queue's order,
/// because an acknowledgement is for everything up to it.
#[derive(Debug)]
pub struct Delivery {
    /// The subscription by which the delivery came. The tag means nothing to another subscription.
    pub epoch: u64,
    /// The broker's number for the delivery.
    pub tag: u64,
    /// What the delivery contains.
    pub content: Content,
}

/// The content of a delivery.
#[derive(Debug, PartialEq, Eq)]
pub enum Content {
    /// A chat message, which is stored.
    Message(Message),
    /// A fence with this id, whose place is recorded.
    Fence(Arc<str>),
    /// A mark of the history's own in its queue, with this id.
    Mark(Arc<str>),
    /// Presence, or a control message of the nodes, which is not kept.
    Other,
    /// A delivery that cannot be read, with the reason.
    Garbled(String),
}

/// A chat message as it is stored.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    /// The message id.
    pub id: Arc<str>,
    /// The name of the room.
    pub room: Arc<str>,
    /// The envelope as it was published: header line and frame.
    pub envelope: Bytes,
}

impl Content {
    /// Reads the body of a delivery.
    pub fn read(body: Vec<u8>) -> Self {
        let bytes = Bytes::from(body);
        let envelope = match Envelope::decode(bytes.clone()) {
            Ok(envelope) => envelope,
            Err(error) => return Self::Garbled(error.to_string()),
        };
        if envelope.kind.is_kept() {
            if !is_one_object(&envelope.frame) {
                return Self::Garbled("the frame is not one line with one JSON object".into());
            }
            let room = envelope.room.as_str().into();
            return Self::Message(Message { id: envelope.id, room, envelope: bytes });
        }
        match (envelope.kind.audience(), envelope.room.as_str()) {
            (Audience::Nodes, FENCE_ROOM) => Self::Fence(envelope.id),
            (Audience::Nodes, HISTORY_ROOM) => Self::Mark(envelope.id),
            _ => Self::Other,
        }
    }
}

/// Whether a frame can stand in an answer, both as an element of a JSON array and as one line.
fn is_one_object(frame: &[u8]) -> bool {
    frame.first() == Some(&b'{')
        && !frame.contains(&b'\n')
        && serde_json::from_slice::<IgnoredAny>(frame).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Content {
        Content::read(body.as_bytes().to_vec())
    }

    #[test]
    fn messages_fences_and_what_nobody_keeps() {
        let body = "1 chat s.1 s - a room\n{\"type\":\"message\"}";
        let message = Message { id: "s.1".into(), room: "a room".into(), envelope: body.into() };
        assert_eq!(read(body), Content::Message(message));
        assert_eq!(read("1 control f1 n - $fence\n"), Content::Fence("f1".into()));
        assert_eq!(read("1 control 7.1 h - $history\n"), Content::Mark("7.1".into()));
        assert_eq!(read("1 control f1 n - $other\n"), Content::Other);
        assert_eq!(read("1 presence p n - lobby\n{}"), Content::Other);
    }

    #[test]
    fn whatever_cannot_be_told_again_is_garbled() {
        for body in [
            "",
            "hello",
            "2 chat s.1 s - r\n{}",
            "1 chat s.1 s - r\n",
            "1 chat s.1 s - r\n[]",
            "1 chat s.1 s - r\n{\"a\":",
            "1 chat s.1 s - r\n{}{}",
            "1 chat s.1 s - r\n{\n}",
            "1 chat s.1 s - r\n {}",
        ] {
            assert!(matches!(read(body), Content::Garbled(_)), "{body:?}");
        }
        assert!(matches!(Content::read(vec![0xff; 40]), Content::Garbled(_)));
    }
}
