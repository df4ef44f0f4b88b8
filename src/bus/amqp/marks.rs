//! How far this node has heard each room, which is where a gap in its live feed begins.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;

use wire::{Envelope, Room};

/// How far this node has heard one room.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    /// When the node began to listen to the room, in Unix milliseconds. It missed nothing that was said earlier.
    pub(super) since: u64,
    /// The id of the last chat message that the node received in the room.
    pub(super) last: Option<Arc<str>>,
}

/// The marks of the rooms that this node listens to.
#[derive(Default)]
pub(super) struct Marks(HashMap<Room, Mark>);

impl Marks {
    /// Records that the node begins to listen to a room, unless it does already. `since` is the current time in Unix
    /// milliseconds.
    pub(super) fn begin(&mut self, room: &Room, since: u64) {
        self.0.entry(room.clone()).or_insert(Mark { since, last: None });
    }

    /// Records that the node no longer listens to a room.
    pub(super) fn end(&mut self, room: &Room) {
        self.0.remove(room);
    }

    /// Records that the node received a chat message.
    pub(super) fn record(&mut self, envelope: &Envelope) {
        if let Some(mark) = self.0.get_mut(&envelope.room) {
            mark.last = Some(Arc::clone(&envelope.id));
        }
    }

    /// The mark of one room, if the node listens to it.
    pub(super) fn get(&self, room: &Room) -> Option<Mark> {
        self.0.get(room).cloned()
    }

    /// The marks of all rooms that the node listens to.
    pub(super) fn all(&self) -> Vec<(Room, Mark)> {
        self.0.iter().map(|(room, mark)| (room.clone(), mark.clone())).collect()
    }
}

/// When a chat message was sent, in Unix milliseconds by the clock of the node that sent it.
pub(super) fn sent_at(envelope: &Envelope) -> Option<u64> {
    #[derive(Deserialize)]
    struct Frame {
        sent_at: u64,
    }
    serde_json::from_slice::<Frame>(&envelope.frame).ok().map(|frame| frame.sent_at)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::samples::{chat, room};

    fn last(marks: &Marks, name: &str) -> Option<String> {
        marks.get(&room(name)).and_then(|mark| mark.last).map(|id| id.to_string())
    }

    #[test]
    fn the_last_message_of_each_room_is_marked_on_its_own() {
        let mut marks = Marks::default();
        marks.begin(&room("a"), 1);
        marks.begin(&room("b"), 2);
        for (name, id) in [("a", "1"), ("b", "2"), ("a", "3"), ("other", "4")] {
            marks.record(&chat(name, id));
        }
        assert_eq!((last(&marks, "a").as_deref(), last(&marks, "b").as_deref()), (Some("3"), Some("2")));
        assert!(marks.get(&room("other")).is_none());
        let mut all: Vec<_> =
            marks.all().into_iter().map(|(room, mark)| (room.to_string(), mark.since)).collect();
        all.sort();
        assert_eq!(all, [("a".into(), 1), ("b".into(), 2)]);
    }

    #[test]
    fn a_room_that_is_bound_again_keeps_its_mark() {
        let mut marks = Marks::default();
        marks.begin(&room("r"), 1);
        marks.record(&chat("r", "1"));
        marks.begin(&room("r"), 9);
        assert_eq!((marks.get(&room("r")).unwrap().since, last(&marks, "r").as_deref()), (1, Some("1")));
    }

    #[test]
    fn a_room_that_was_left_begins_anew() {
        let mut marks = Marks::default();
        marks.begin(&room("r"), 1);
        marks.record(&chat("r", "1"));
        marks.end(&room("r"));
        marks.record(&chat("r", "2"));
        assert!(marks.all().is_empty());
        marks.begin(&room("r"), 9);
        assert_eq!((marks.get(&room("r")).unwrap().since, last(&marks, "r")), (9, None));
    }

    #[test]
    fn when_a_message_was_sent_stands_in_its_frame_if_anywhere() {
        let sent = |frame: &'static str| {
            sent_at(&Envelope { frame: Bytes::from_static(frame.as_bytes()), ..chat("r", "1") })
        };
        assert_eq!(sent(r#"{"id":"1","sent_at":17,"text":"x"}"#), Some(17));
        for frame in ["", "x", "{}", r#"{"sent_at":-1}"#, r#"{"sent_at":"17"}"#] {
            assert_eq!(sent(frame), None, "{frame}");
        }
    }
}
