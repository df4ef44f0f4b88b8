//! The frames of one envelope, as the members of a room get them.

use bytes::Bytes;

use super::admitted::Shown;
use super::client_connection::Dialect;
use super::frame;
use super::member::Member;
use wire::{self, Envelope};

/// The frames of one envelope. Each is made at most once for each dialect, and only if a member needs it; what the hooks
/// change for one member is made for that member alone.
pub struct Frames<'a> {
    envelope: &'a Envelope,
    replay: bool,
    v1: Option<Bytes>,
    plain: Option<Option<Bytes>>,
    /// What the hooks made of the envelope for the last member.
    changed: Option<Bytes>,
}

impl<'a> Frames<'a> {
    /// The frames of this envelope, marked as replayed if `replay` says so.
    pub fn of(envelope: &'a Envelope, replay: bool) -> Self {
        Self { envelope, replay, v1: None, plain: None, changed: None }
    }

    /// The frame for a member. `None` if it gets none.
    pub fn frame_for(&mut self, member: &Member) -> Option<&Bytes> {
        let dialect = member.connection.dialect;
        match member.shown(self.envelope) {
            Shown::AsItIs => self.shared(dialect),
            Shown::Hidden => None,
            Shown::Changed(json) => {
                self.changed = match dialect {
                    Dialect::V1 => Some(self.v1(&json)),
                    Dialect::Plain => self.plain(&json),
                };
                self.changed.as_ref()
            }
        }
    }

    fn shared(&mut self, dialect: Dialect) -> Option<&Bytes> {
        let json = &self.envelope.frame;
        match dialect {
            Dialect::V1 if self.v1.is_none() => self.v1 = Some(self.v1(json)),
            Dialect::Plain if self.plain.is_none() => self.plain = Some(self.plain(json)),
            Dialect::V1 | Dialect::Plain => {}
        }
        match dialect {
            Dialect::V1 => self.v1.as_ref(),
            Dialect::Plain => self.plain.as_ref()?.as_ref(),
        }
    }

    fn v1(&self, json: &Bytes) -> Bytes {
        let replayed = self.replay.then(|| wire::replayed(json)).flatten();
        frame::text(replayed.as_ref().unwrap_or(json))
    }

    fn plain(&self, json: &Bytes) -> Option<Bytes> {
        let worded = self.envelope.kind.has_plain_text();
        let text = worded.then(|| wire::text_of(json)).flatten()?;
        Some(frame::text(text.as_bytes()))
    }
}
