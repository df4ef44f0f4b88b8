//! What the unit tests of the buses have in common: a room, messages, an instant from which they count, and what the
//! node reads.

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::BusEvent;
use wire::{Envelope, Kind, Room};

/// An instant for tests to count from. Which one it is does not matter, because the tests never look at the clock
/// again.
pub(crate) fn any_moment() -> Instant {
    Instant::now()
}

/// A room, of clients or of the nodes themselves.
pub(crate) fn room(name: &str) -> Room {
    Room::any(name).unwrap()
}

/// A chat message with this id and a one-byte text.
pub(crate) fn chat(name: &str, id: &str) -> Envelope {
    let frame = Bytes::from_static(b"x");
    let (room, id, sender) = (room(name), id.into(), "s".into());
    Envelope { kind: Kind::Chat, room, id, sender, others: false, count: None, frame }
}

/// A presence envelope with this id.
pub(crate) fn presence(name: &str, id: &str) -> Envelope {
    Envelope { kind: Kind::Presence, ..chat(name, id) }
}

/// A chat message whose encoded envelope has this number of bytes.
pub(crate) fn chat_of(bytes: usize) -> Envelope {
    let header = chat("r", "1").encode().len() - 1;
    Envelope { frame: vec![b'x'; bytes - header].into(), ..chat("r", "1") }
}

/// The events that wait for the node: a message as its id, a replayed one with `+` before the id, a loss of two as
/// `-2`.
pub(crate) fn read(events: &mut mpsc::Receiver<BusEvent>) -> Vec<String> {
    let mut read = Vec::new();
    while let Ok(event) = events.try_recv() {
        read.push(match event {
            BusEvent::Envelope(envelope) => envelope.id.to_string(),
            BusEvent::Replayed(envelope) => format!("+{}", envelope.id),
            BusEvent::Gap(reason) => format!("gap: {reason}"),
            BusEvent::Lagged(missed) => format!("-{missed}"),
        });
    }
    read
}
