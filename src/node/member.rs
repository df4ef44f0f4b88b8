//! One room of a node: who is in it, and who waits for the broker to confirm it.

use std::sync::Arc;

use bytes::Bytes;

use super::frame;
use super::identity::Identity;
use super::link::{Dialect, Link};
use crate::wire::{self, Envelope, Kind};

/// A client in a room.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its socket and outbox.
    pub link: Arc<Link>,
    /// Who it is there.
    pub identity: Identity,
}

/// One room of a node.
#[derive(Debug, Default)]
pub struct RoomState {
    /// Those who hear it.
    pub members: Vec<Member>,
    /// Those who will, once the broker has confirmed it.
    pub waiting: Vec<Member>,
    /// Whether the broker has confirmed the room since it was last asked.
    pub confirmed: bool,
    /// Counts the askings, so that a late confirmation of an earlier one is told apart.
    pub generation: u64,
}

impl RoomState {
    /// Whether a client hears the room.
    pub fn has(&self, link: u64) -> bool {
        self.members.iter().any(|member| member.link.number == link)
    }

    /// Takes a client out. Gives it back if it was a member.
    pub fn remove(&mut self, link: u64) -> Option<Member> {
        self.waiting.retain(|member| member.link.number != link);
        let at = self.members.iter().position(|member| member.link.number == link)?;
        Some(self.members.swap_remove(at))
    }

    /// Whether nobody is or wants to be here.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.waiting.is_empty()
    }

    /// Queues an envelope for every member that is to have it. `dirty` gets the links that must now be written.
    /// Gives the number of frames dropped.
    pub fn deliver(&self, envelope: &Envelope, dirty: &mut Vec<Arc<Link>>) -> u64 {
        let mut dropped = 0;
        let mut frames = Frames { envelope, v1: None, plain: None };
        // Nobody is told of its own coming and going.
        let skip_sender = envelope.others || envelope.kind == Kind::Presence;
        for member in &self.members {
            if skip_sender && member.identity.id == envelope.sender {
                continue;
            }
            let Some(bytes) = frames.get(member.link.dialect) else { continue };
            if member.link.offer(bytes, &mut dropped) {
                dirty.push(member.link.clone());
            }
        }
        dropped
    }
}

/// The frames of one envelope, each made at most once and only if somebody wants it.
struct Frames<'a> {
    envelope: &'a Envelope,
    v1: Option<Bytes>,
    plain: Option<Option<Bytes>>,
}

impl Frames<'_> {
    fn get(&mut self, dialect: Dialect) -> Option<&Bytes> {
        match dialect {
            Dialect::V1 => Some(self.v1.get_or_insert_with(|| frame::text(&self.envelope.frame))),
            Dialect::Plain => self
                .plain
                .get_or_insert_with(|| {
                    // The plain dialect has words for messages only.
                    let chat = self.envelope.kind == Kind::Chat;
                    let text = chat.then(|| wire::text_of(&self.envelope.frame)).flatten()?;
                    Some(frame::text(text.as_bytes()))
                })
                .as_ref(),
        }
    }
}
