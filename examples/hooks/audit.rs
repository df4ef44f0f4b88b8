//! Writes down who came, what was said, and who left.

use std::borrow::Cow;
use std::sync::mpsc::Sender;

use pubsub_lab::node::{Decision, Hook, Visitor};

/// Sends a line for each event to whoever writes it down: a hook must not wait, and a disk may be slow.
pub struct Audit(pub Sender<String>);

impl Audit {
    fn note(&self, line: String) {
        // Nobody is left to read it when the program ends.
        let _ = self.0.send(line);
    }
}

impl Hook for Audit {
    fn subscribe(&self, visitor: &Visitor<'_>, room: &str) -> Decision {
        self.note(format!("{} ({}) enters {room}", visitor.name, visitor.id));
        Decision::Allow
    }

    fn publish_in(&self, visitor: &Visitor<'_>, room: &str, text: &mut Cow<'_, str>) -> Decision {
        self.note(format!("{} ({}) says in {room}: {text}", visitor.name, visitor.id));
        Decision::Allow
    }

    fn disconnect(&self, visitor: &Visitor<'_>) {
        self.note(format!("{} ({}) is gone", visitor.name, visitor.id));
    }
}
