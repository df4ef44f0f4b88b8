//! What the unit tests of the buses begin and end with: a room, messages, a moment from which they count, and what the
//! node reads.

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::BusEvent;
use wire::{Envelope, Kind, Room};

/// A moment for tests to count from. Which one it is does not matter to them: they never look at the clock again.
pub(crate) fn any_moment() -> Instant {
    Instant::now()
}

/// A room, of clients or of the nodes themselves.
pub(crate) fn room(name: &str) -> Room {
    Room::any(name).unwrap()
}

/// A chat message with this id, and one byte of text.
pub(crate) fn chat(name: &str, id: &str) -> Envelope {
    let frame = Bytes::from_static(b"x");
    Envelope { kind: Kind::Chat, room: room(name), id: id.into(), sender: "s".into(), others: false, frame }
}

/// News of who is there, with this id.
pub(crate) fn presence(name: &str, id: &str) -> Envelope {
    Envelope { kind: Kind::Presence, ..chat(name, id) }
}

/// A chat message that has so many bytes on its way.
pub(crate) fn chat_of(bytes: usize) -> Envelope {
    let header = chat("r", "1").encode().len() - 1;
    Envelope { frame: vec![b'x'; bytes - header].into(), ..chat("r", "1") }
}

/// What the node reads now: a message as its id, one out of the history with a `+` before it, a loss as `-2`.
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
