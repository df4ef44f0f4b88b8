//! One room of a node: who is in it, who catches up in it, and who waits for the broker to confirm it.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Instant;

use tokio::task::{AbortHandle, Id};

use super::admitted::Shown;
use super::catch_up::CatchUp;
use super::client_connection::{ClientConnection, Dialect, Offered};
use super::follow::Followers;
use super::frames::Frames;
use super::identity::Identity;
use bus::ReplayStart;
use wire::Envelope;

/// A client that is in a room.
#[derive(Debug, Clone)]
pub struct Member {
    /// The client's socket and outbox.
    pub connection: Arc<ClientConnection>,
    /// The identity under which the client entered the room.
    pub identity: Identity,
}

impl Member {
    /// What the client is shown of an envelope.
    pub fn shown(&self, envelope: &Envelope) -> Shown {
        match &self.connection.admitted {
            Some(admitted) => admitted.shown(&self.identity, envelope),
            None => Shown::AsItIs,
        }
    }
}

/// A client that waits until the broker has confirmed a room.
#[derive(Debug)]
pub struct Waiting {
    /// The client.
    pub member: Member,
    /// Where the replay begins that the client wants; `None` if it wants none.
    pub replay: Option<ReplayStart>,
}

/// A member that catches up, or did so a short time ago.
#[derive(Debug)]
pub struct Late {
    /// The replay's state: the ids that were replayed and the frames that are held back.
    pub catch_up: Arc<CatchUp>,
    /// The number of the member's current request for a replay, as [`CatchUp::begin`] gave it.
    pub run: u64,
    /// Whether the replay is under way, so that a `subscribed` is still owed to the client.
    pub asking: bool,
    /// Whether it is so slow that it is caught up. It is not told who comes and goes meanwhile, but afterwards how many
    /// people there are.
    pub catching: bool,
    /// Whether it fell behind just now, so that nobody has begun to catch it up.
    pub fallen: bool,
    /// The task that feeds the replay to the member.
    pub task: Option<AbortHandle>,
}

impl Late {
    fn new(catch_up: CatchUp) -> Self {
        let catch_up = Arc::new(catch_up);
        Self { catch_up, run: 0, asking: false, catching: false, fallen: false, task: None }
    }

    /// Marks the member if something was dropped for it and nobody is at work on it.
    fn mark_fallen(&mut self) -> bool {
        let Some(run) = self.catch_up.begin_catching() else { return false };
        (self.run, self.fallen) = (run, true);
        true
    }

    /// Ends the task of the member's replay, which then feeds nothing more.
    pub fn cut(&self) {
        self.catch_up.cut();
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// The result of a delivery of one envelope to the members of a room.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    /// Number of clients for whom the envelope is queued now.
    pub clients: usize,
    /// Number of frames that were dropped because an outbox was full.
    pub dropped: u64,
}

impl Delivered {
    /// Counts what became of one client's frame. Gives true if the caller must write the connection.
    fn count(&mut self, offered: Offered) -> bool {
        match offered {
            Offered::MustBeWritten | Offered::Waits => self.clients += 1,
            Offered::Dropped => self.dropped += 1,
            Offered::Nothing => {}
        }
        offered == Offered::MustBeWritten
    }
}

/// One room of a node.
#[derive(Debug, Default)]
pub struct RoomState {
    /// The clients that hear the room, except those in `late`.
    pub members: Vec<Member>,
    /// The members that catch up, and those for whom a live message may be a second copy of a replayed one. They are
    /// kept apart so that ordinary members cost nothing more.
    pub late: Vec<Late>,
    /// The clients that will hear the room once the broker has confirmed it.
    pub waiting: Vec<Waiting>,
    /// Those who read the room over HTTP.
    pub followers: Followers,
    /// Whether the broker has confirmed the room since it was last asked.
    pub confirmed: bool,
    /// Counts the subscriptions asked of the bus, so that the late confirmation of an earlier one is recognised.
    pub generation: u64,
    /// The id of the last message that the room's members were given, whether or not they took it. A replay is told of it,
    /// so it is `None` where there is no history.
    pub heard: Option<Arc<str>>,
    /// Whether one of `late` fell behind just now.
    has_fallen: bool,
    hasher: RandomState,
}

impl RoomState {
    /// Whether a client hears the room.
    pub fn has(&self, connection: u64) -> bool {
        self.members.iter().any(|member| member.connection.number == connection)
            || self.late_at(connection).is_some()
    }

    /// The index of a client in `late`.
    fn late_at(&self, connection: u64) -> Option<usize> {
        self.late.iter().position(|late| late.catch_up.member.connection.number == connection)
    }

    /// The entry of a connection in `late`.
    pub fn late_of(&mut self, connection: u64) -> Option<&mut Late> {
        self.late.iter_mut().find(|late| late.catch_up.member.connection.number == connection)
    }

    /// The entry in `late` for whose replay this task works.
    pub fn late_of_task(&self, task: Id) -> Option<&Late> {
        self.late.iter().find(|late| late.task.as_ref().is_some_and(|working| working.id() == task))
    }

    /// Lets a client catch up, whether or not it is already a member.
    pub fn make_late(&mut self, member: Member) -> Option<&mut Late> {
        let connection = member.connection.number;
        if self.late_at(connection).is_none() {
            self.members.retain(|other| other.connection.number != connection);
            self.late.push(Late::new(CatchUp::new(member, self.hasher.clone())));
        }
        self.late_of(connection)
    }

    /// Removes a client from the room. Gives it back if it was a member.
    pub fn remove(&mut self, connection: u64) -> Option<Member> {
        self.waiting.retain(|waiting| waiting.member.connection.number != connection);
        if let Some(at) = self.members.iter().position(|member| member.connection.number == connection) {
            return Some(self.members.swap_remove(at));
        }
        let late = self.late.swap_remove(self.late_at(connection)?);
        late.cut();
        Some(late.catch_up.member.clone())
    }

    /// Turns those late members into ordinary ones for whom no second copy can come any more.
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

    /// Whether nobody needs the room: neither members nor those who read it over HTTP.
    pub fn is_empty(&self) -> bool {
        self.has_nobody() && self.followers.is_empty()
    }

    /// Whether the room has no members and nobody waits to enter it.
    pub fn has_nobody(&self) -> bool {
        self.members.is_empty() && self.late.is_empty() && self.waiting.is_empty()
    }

    /// The connections of all members.
    pub fn connections(&self) -> impl Iterator<Item = &Arc<ClientConnection>> {
        let late = self.late.iter().map(|late| &late.catch_up.member.connection);
        self.members.iter().map(|member| &member.connection).chain(late)
    }

    /// The members who are told who comes and goes. Those who catch up get the number with their `subscribed` or at the
    /// end.
    pub fn audience(&self) -> impl Iterator<Item = &Member> {
        let late =
            self.late.iter().filter(|late| !late.asking && !late.catching).map(|late| &late.catch_up.member);
        self.members.iter().chain(late).filter(|member| member.connection.dialect == Dialect::V1)
    }

    /// Queues an envelope for every member that is to have it, marked as replayed if `replay` says so. Connections
    /// that must now be written are added to `dirty`. Where a history keeps what is said (`kept`), members whose
    /// outbox is full fall behind: see [`RoomState::take_fallen`].
    pub fn deliver(
        &mut self,
        envelope: &Envelope,
        replay: bool,
        kept: bool,
        dirty: &mut Vec<Arc<ClientConnection>>,
    ) -> Delivered {
        if kept {
            self.heard = Some(Arc::clone(&envelope.id));
        }
        if let Some(tail) = &self.followers.tail {
            tail.add_message(envelope, replay);
        }
        let mut delivered = Delivered::default();
        let mut frames = Frames::of(envelope, replay);
        let mut slow = Vec::new();
        let skip_sender = envelope.skips_its_sender();
        for (at, member) in self.members.iter().enumerate() {
            if skip_sender && member.identity.id == envelope.sender {
                continue;
            }
            let Some(bytes) = frames.frame_for(member) else { continue };
            // A plain client could not tell what is replayed from what is live. It is closed instead.
            let kept = kept && member.connection.dialect == Dialect::V1;
            let offered = match kept {
                true => member.connection.offer_kept(bytes),
                false => member.connection.offer(bytes),
            };
            if delivered.count(offered) {
                dirty.push(member.connection.clone());
            }
            if kept && offered == Offered::Dropped {
                slow.push(at);
            }
        }
        if self.late.is_empty() && slow.is_empty() {
            return delivered;
        }
        let id = self.hasher.hash_one(&*envelope.id);
        for late in &mut self.late {
            let member = &late.catch_up.member;
            if skip_sender && member.identity.id == envelope.sender {
                continue;
            }
            let Some(bytes) = frames.frame_for(member) else { continue };
            let offered = late.catch_up.take_live(envelope, id, bytes);
            if delivered.count(offered) {
                dirty.push(member.connection.clone());
            }
            if offered == Offered::Dropped {
                self.has_fallen |= late.mark_fallen();
            }
        }
        // From the last one on, so that no index changes before it is used.
        for at in slow.into_iter().rev() {
            let member = self.members.swap_remove(at);
            let mut late = Late::new(CatchUp::behind(member, self.hasher.clone(), envelope, id));
            self.has_fallen |= late.mark_fallen();
            self.late.push(late);
        }
        delivered
    }

    /// Takes the members who fell behind since the last call: somebody is to catch them up.
    pub fn take_fallen(&mut self) -> impl Iterator<Item = &mut Late> {
        let any = std::mem::take(&mut self.has_fallen);
        let late = self.late.iter_mut().filter(move |_| any);
        late.filter_map(|late| std::mem::take(&mut late.fallen).then_some(late))
    }
}
