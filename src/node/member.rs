//! One room of a node: who is in it, who catches up in it, and who waits for the broker to confirm it.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use tokio::task::{AbortHandle, Id};

use super::catch_up::CatchUp;
use super::frame;
use super::identity::Identity;
use super::link::{Dialect, Link};
use wire::{self, Envelope, Kind};

/// A client in a room.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its socket and outbox.
    pub link: Arc<Link>,
    /// Who it is there.
    pub identity: Identity,
}

/// A client that waits for a room.
#[derive(Debug)]
pub struct Waiting {
    /// The client.
    pub member: Member,
    /// The last message that it holds, if it wants to have what came after it.
    pub after: Option<Arc<str>>,
}

/// A member that catches up, or lately did.
#[derive(Debug)]
pub struct Late {
    /// What it has and what is held back for it.
    pub catch_up: Arc<CatchUp>,
    /// Which of its askings is under way: the number that [`CatchUp::begin`] gave.
    pub run: u64,
    /// Its replay is under way, and it is owed a `subscribed`.
    pub asking: bool,
    /// What works for it.
    pub task: Option<AbortHandle>,
}

impl Late {
    /// Ends what works for it. Nothing is fed to it by that any more.
    pub fn cut(&self) {
        self.catch_up.cut();
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// What became of an envelope in a room.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    /// Clients for whom it waits now.
    pub clients: usize,
    /// Frames dropped.
    pub dropped: u64,
}

/// One room of a node.
#[derive(Debug, Default)]
pub struct RoomState {
    /// Those who hear it.
    pub members: Vec<Member>,
    /// Members too, apart from the others so that those cost nothing more: the ones who catch up, and those for whom a
    /// live message may be a second copy of a replayed one.
    pub late: Vec<Late>,
    /// Those who will hear it, once the broker has confirmed it.
    pub waiting: Vec<Waiting>,
    /// Whether the broker has confirmed the room since it was last asked.
    pub confirmed: bool,
    /// Counts the askings, so that a late confirmation of an earlier one is told apart.
    pub generation: u64,
    hasher: RandomState,
}

impl RoomState {
    /// Whether a client hears the room.
    pub fn has(&self, link: u64) -> bool {
        self.members.iter().any(|member| member.link.number == link) || self.late_at(link).is_some()
    }

    /// How many clients hear the room.
    pub fn count(&self) -> usize {
        self.members.len() + self.late.len()
    }

    /// Where a client is among the late ones.
    fn late_at(&self, link: u64) -> Option<usize> {
        self.late.iter().position(|late| late.catch_up.member.link.number == link)
    }

    /// The late one of a link.
    pub fn late_of(&mut self, link: u64) -> Option<&mut Late> {
        self.late.iter_mut().find(|late| late.catch_up.member.link.number == link)
    }

    /// The late one for which a task works.
    pub fn late_of_task(&self, task: Id) -> Option<&Late> {
        self.late.iter().find(|late| late.task.as_ref().is_some_and(|working| working.id() == task))
    }

    /// Lets a client catch up, a member or not.
    pub fn make_late(&mut self, member: Member) -> Option<&mut Late> {
        let link = member.link.number;
        if self.late_at(link).is_none() {
            self.members.retain(|other| other.link.number != link);
            let catch_up = Arc::new(CatchUp::new(member, self.hasher.clone()));
            self.late.push(Late { catch_up, run: 0, asking: false, task: None });
        }
        self.late_of(link)
    }

    /// Takes a client out. Gives it back if it was a member.
    pub fn remove(&mut self, link: u64) -> Option<Member> {
        self.waiting.retain(|waiting| waiting.member.link.number != link);
        if let Some(at) = self.members.iter().position(|member| member.link.number == link) {
            return Some(self.members.swap_remove(at));
        }
        let late = self.late.swap_remove(self.late_at(link)?);
        late.cut();
        Some(late.catch_up.member.clone())
    }

    /// Makes ordinary members of those for whom no second copy can come any more.
    pub fn forget_late(&mut self, now: Instant) {
        let members = &mut self.members;
        self.late.retain(|late| {
            let over = !late.asking && late.catch_up.is_over(now);
            if over {
                members.push(late.catch_up.member.clone());
            }
            !over
        });
    }

    /// Whether nobody is or wants to be here.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.late.is_empty() && self.waiting.is_empty()
    }

    /// Everybody's link.
    pub fn links(&self) -> impl Iterator<Item = &Arc<Link>> {
        let late = self.late.iter().map(|late| &late.catch_up.member.link);
        self.members.iter().map(|member| &member.link).chain(late)
    }

    /// Queues an envelope for every member that is to have it, as a replayed one if it is. `dirty` gets the links that
    /// must now be written.
    pub fn deliver(&self, envelope: &Envelope, replay: bool, dirty: &mut Vec<Arc<Link>>) -> Delivered {
        let (mut offered, mut dropped) = (0, 0);
        let mut frames = Frames { envelope, replay, v1: None, plain: None };
        // Nobody is told of its own coming and going.
        let skip_sender = envelope.others || envelope.kind == Kind::Presence;
        for member in &self.members {
            if skip_sender && member.identity.id == envelope.sender {
                continue;
            }
            let Some(bytes) = frames.get(member.link.dialect) else { continue };
            offered += 1;
            if member.link.offer(bytes, &mut dropped) {
                dirty.push(member.link.clone());
            }
        }
        if !self.late.is_empty() {
            let id = self.hasher.hash_one(&*envelope.id);
            for late in &self.late {
                let member = &late.catch_up.member;
                if skip_sender && member.identity.id == envelope.sender {
                    continue;
                }
                let Some(bytes) = frames.get(member.link.dialect) else { continue };
                offered += 1;
                if late.catch_up.hear(id, bytes, &mut dropped) {
                    dirty.push(member.link.clone());
                }
            }
        }
        let clients = offered - usize::try_from(dropped).unwrap_or(offered).min(offered);
        Delivered { clients, dropped }
    }
}

/// The frames of one envelope, each made at most once and only if somebody wants it.
struct Frames<'a> {
    envelope: &'a Envelope,
    replay: bool,
    v1: Option<Bytes>,
    plain: Option<Option<Bytes>>,
}

impl Frames<'_> {
    fn get(&mut self, dialect: Dialect) -> Option<&Bytes> {
        match dialect {
            Dialect::V1 => Some(self.v1.get_or_insert_with(|| {
                let replayed = self.replay.then(|| wire::replayed(&self.envelope.frame)).flatten();
                frame::text(replayed.as_ref().unwrap_or(&self.envelope.frame))
            })),
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
