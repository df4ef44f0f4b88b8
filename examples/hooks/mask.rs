//! Puts stars in place of words that nobody wants to read.

use std::borrow::Cow;

use pubsub_lab::node::{Decision, Hook, Visitor};

/// Masks one word, wherever it stands.
pub struct Mask(pub &'static str);

impl Hook for Mask {
    fn publish_in(&self, _: &Visitor<'_>, _room: &str, text: &mut Cow<'_, str>) -> Decision {
        if text.contains(self.0) {
            *text = text.replace(self.0, &"*".repeat(self.0.chars().count())).into();
        }
        Decision::Allow
    }
}
