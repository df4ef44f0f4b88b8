//! A room that everybody may read, and in which only one person writes.

use std::borrow::Cow;

use pubsub_lab::node::{Decision, Hook, Visitor};

/// The room, and the name of who writes in it.
pub struct ReadOnly {
    /// The name of the room.
    pub room: &'static str,
    /// Who may write in it. A client chooses its own name, unless a token says it: see `pubsub-lab policy --help`.
    pub writer: &'static str,
}

impl Hook for ReadOnly {
    fn publish_in(&self, visitor: &Visitor<'_>, room: &str, _text: &mut Cow<'_, str>) -> Decision {
        if room == self.room && visitor.name != self.writer {
            return Decision::refuse(format!("only {} writes here", self.writer));
        }
        Decision::Allow
    }
}
