//! How far this node has heard each room: from where a gap in its live feed is to be filled.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;

use wire::{Envelope, Room};

/// How far one room was heard.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    /// When the node began to listen, in Unix milliseconds: what is older is nothing that it missed.
    pub(super) since: u64,
    /// The chat message that was heard last.
    pub(super) last: Option<Arc<str>>,
}

/// The rooms that this node listens to.
#[derive(Default)]
pub(super) struct Marks(HashMap<Room, Mark>);

impl Marks {
    /// The node begins to listen, unless it does already. `since` is now, in Unix milliseconds.
    pub(super) fn begin(&mut self, room: &Room, since: u64) {
        self.0.entry(room.clone()).or_insert(Mark { since, last: None });
    }

    /// The node listens no longer.
    pub(super) fn end(&mut self, room: &Room) {
        self.0.remove(room);
    }

    /// The node heard a chat message.
    pub(super) fn hear(&mut self, envelope: &Envelope) {
        if let Some(mark) = self.0.get_mut(&envelope.room) {
            mark.last = Some(Arc::clone(&envelope.id));
        }
    }

    /// One of them.
    pub(super) fn get(&self, room: &Room) -> Option<Mark> {
        self.0.get(room).cloned()
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<(Room, Mark)> {
        self.0.iter().map(|(room, mark)| (room.clone(), mark.clone())).collect()
    }
}

/// Now, in Unix milliseconds.
pub(super) fn unix_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// When a chat message was sent, by the clock of the node that sent it.
pub(super) fn sent_at(envelope: &Envelope) -> Option<u64> {
    #[derive(Deserialize)]
    struct Frame {
        sent_at: u64,
    }
    serde_json::from_slice::<Frame>(&envelope.frame).ok().map(|frame| frame.sent_at)
}
