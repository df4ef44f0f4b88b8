//! What the unit tests of the buses begin with: a room, messages, and a moment from which they count.

use bytes::Bytes;
use tokio::time::Instant;

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
