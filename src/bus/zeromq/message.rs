//! A message on the wire: three frames, which any ZeroMQ program can send and read.

use bytes::{Bytes, BytesMut};

use super::zmtp;
use wire::{Envelope, Room};

/// The byte that ends a topic. ZeroMQ compares only the beginning, so without it whoever wants `math` would get
/// `maths` too. No room's name contains this byte.
pub(super) const END: char = '\n';

/// The topic of a room.
pub(super) fn topic(room: &Room) -> String {
    format!("{room}{END}")
}

/// The whole message as it goes to every peer. It is made once and shared by all queues.
pub(super) fn encode(topic: &str, envelope: &Envelope) -> Bytes {
    let body = envelope.encode();
    let mut out = BytesMut::with_capacity(32 + topic.len() + envelope.id.len() + body.len());
    zmtp::put_message(&mut out, &[topic.as_bytes(), envelope.id.as_bytes(), &body]);
    out.freeze()
}

/// The envelope in a message; `None` if it is not one of ours. Anybody may publish to us, so the topic and the id
/// have to be the envelope's own.
pub(super) fn decode(frames: Vec<Bytes>) -> Option<Envelope> {
    let [topic, id, body] = <[Bytes; 3]>::try_from(frames).ok()?;
    let envelope = Envelope::decode(body).ok()?;
    let room = std::str::from_utf8(&topic).ok()?.strip_suffix(END)?;
    (room == envelope.room.as_str() && id == envelope.id.as_bytes()).then_some(envelope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::Kind;

    fn envelope() -> Envelope {
        Envelope {
            kind: Kind::Chat,
            room: Room::parse("a room").unwrap(),
            id: "s.1".into(),
            sender: "s".into(),
            others: false,
            count: None,
            frame: Bytes::from_static(b"{}"),
        }
    }

    #[test]
    fn the_bytes_are_topic_id_and_envelope() {
        let bytes = encode(&topic(&envelope().room), &envelope());
        assert_eq!(&bytes[..], b"\x01\x07a room\n\x01\x03s.1\x00\x181 chat s.1 s - a room\n{}");
    }

    #[test]
    fn only_a_message_that_agrees_with_itself_is_taken() {
        let frames = |frames: &[&'static str]| frames.iter().map(|frame| Bytes::from(*frame)).collect();
        let body = "1 chat s.1 s - a room\n{}";
        assert_eq!(decode(frames(&["a room\n", "s.1", body])), Some(envelope()));
        for wrong in [
            &[][..],
            &["a room\n"],
            &["a room\n", "s.1"],
            &["a room\n", "s.1", body, ""],
            &["a room", "s.1", body],
            &["a roo\n", "s.1", body],
            &["a room\nx", "s.1", body],
            &["a room\n", "s.2", body],
            &["a room\n", "s.1", "hello"],
        ] {
            assert_eq!(decode(frames(wrong)), None, "{wrong:?}");
        }
    }
}
