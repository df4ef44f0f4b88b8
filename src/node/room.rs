//! The rooms of a node: one task that alone knows who is in which room, takes what the bus brings, and writes
//! it to the members.
//!
//! The task works in rounds. A round queues everything that the bus has brought for every member, then writes each
//! member's outbox in one go. Between chunks of a round it lets the other tasks run and takes in what they published
//! meanwhile. A long round is followed by a rest as long as itself, at most [`LONGEST_REST`]: what comes meanwhile
//! leaves in one write for each socket. So a busy room costs fewer writes and at most twice the delay; in a small
//! room, or at rest, nothing waits.

use std::collections::HashMap;
use std::future::{pending, ready};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

use super::client_connection::{ClientConnection, Dialect};
use super::delay::Delay;
use super::follow::FollowAnswer;
use super::frame;
use super::gaps::Gaps;
use super::identity::Identity;
use super::member::{Delivered, Member, RoomState, Waiting};
use super::notices::Notices;
use super::presence::{Presence, ROSTER_ROOM};
use super::replay::Ended;
use super::search::{Found, Searches};
use super::trail::Trail;
use super::turns::{AT_ONCE, SLOW_AT_ONCE, Turns};
use bus::{Bus, BusError, BusEvent, Health, Numbers, ReplayStart};
use trace::Trace;
use wire::{Audience, Envelope, NodeFrame, Recovered, Room};

/// Number of sockets written before the other tasks get a turn.
const CHUNK: usize = 32;
/// Number of sockets below which a round is not followed by a rest, since there is little to spare.
const LONG_ROUND: usize = 64;
/// The longest rest after a round.
const LONGEST_REST: Duration = Duration::from_millis(2);
/// Number of envelopes taken in before the first of them is written, so that a flood does not hold it up.
const INTAKE: usize = 256;
/// Number of commands that may wait. A session that finds the queue full waits, and its client's next request with
/// it.
pub const COMMAND_QUEUE: usize = 1024;

/// A request of a session to the rooms.
#[derive(Debug)]
pub enum Command {
    /// Adds a client to a room, after a replay from there on if it wants one. The answer is `subscribed` on its
    /// connection.
    Join { room: Room, member: Member, replay: Option<ReplayStart> },
    /// Removes a client from a room. The answer is `unsubscribed` on its connection if the client `asked` for it.
    Leave { room: Room, connection: Arc<ClientConnection>, asked: bool },
    /// A client of the v1 dialect has its `welcome`, and wants to hear of the bus.
    Greet { connection: Arc<ClientConnection>, person: Identity },
    /// A client that was greeted is gone.
    Dismiss { connection: Arc<ClientConnection> },
    /// A client asks who is in a room.
    People { room: Room, connection: Arc<ClientConnection> },
    /// A client looks for a person, by name or by the id of a session.
    Find { to: Arc<str>, answer: oneshot::Sender<Found> },
    /// Somebody reads a room over HTTP. The answer comes when the broker has confirmed the room.
    Follow { room: Room, answer: oneshot::Sender<FollowAnswer> },
    /// A client types in a room.
    Typing { room: Room, connection: Arc<ClientConnection>, person: Identity },
    /// A client is somebody of another name or colour from now on, in these rooms.
    Rename { connection: Arc<ClientConnection>, person: Identity, rooms: Vec<Room> },
}

type Confirmation = BoxFuture<'static, (Room, u64, Result<(), BusError>)>;

/// All rooms of a node.
pub struct Rooms {
    pub(super) bus: Arc<dyn Bus>,
    commands: mpsc::Receiver<Command>,
    pub(super) health: watch::Receiver<Health>,
    pub(super) rooms: HashMap<Room, RoomState>,
    pending: FuturesUnordered<Confirmation>,
    /// The tasks that feed replays to members that catch up.
    pub(super) replays: JoinSet<Option<Ended>>,
    /// Bounds how many replays are requested from the bus at once.
    pub(super) turns: Arc<Turns>,
    /// Bounds how many of them are requested at once for clients that were too slow.
    pub(super) slow_turns: Arc<Turns>,
    /// When the log last had a line about a failed replay.
    pub(super) complained: Option<Instant>,
    pub(super) presence: Presence,
    pub(super) notices: Notices,
    /// The numbers of this node's own messages; `None` if the bus gives them none.
    pub(super) numbers: Option<Arc<Numbers>>,
    pub(super) gaps: Gaps,
    pub(super) searches: Searches,
    /// Links that have something to write.
    pub(super) dirty: Vec<Arc<ClientConnection>>,
    /// The end of the rest: no round begins before this instant.
    rest_until: Option<Instant>,
    generation: u64,
    trail: Trail,
    delay: Delay,
    /// Trace handle for tasks that outlive the round, such as replays.
    pub(super) trace: Trace,
}

impl Rooms {
    /// Makes the rooms over a bus, and the queue by which sessions reach them.
    pub fn new(bus: Arc<dyn Bus>, presence_limit: usize) -> (Self, mpsc::Sender<Command>) {
        let (sender, commands) = mpsc::channel(COMMAND_QUEUE);
        let numbers = bus.numbers();
        let rooms = Self {
            health: bus.health(),
            presence: Presence::new(numbers.clone(), bus.crosses_nodes(), presence_limit),
            notices: Notices::default(),
            numbers,
            gaps: Gaps::default(),
            searches: Searches::default(),
            bus,
            commands,
            rooms: HashMap::new(),
            pending: FuturesUnordered::new(),
            replays: JoinSet::new(),
            turns: Arc::new(Turns::new(AT_ONCE)),
            slow_turns: Arc::new(Turns::new(SLOW_AT_ONCE)),
            complained: None,
            dirty: Vec::new(),
            rest_until: None,
            generation: 0,
            trail: Trail::default(),
            delay: Delay::new(),
            trace: Trace::off(),
        };
        (rooms, sender)
    }

    /// Turns the trace on for these rooms.
    #[must_use]
    pub fn traced(self, trace: Trace) -> Self {
        Self { trail: Trail::new(trace.clone()), trace, ..self }
    }

    /// Runs until the token is cancelled (or the bus ends), and every session has left.
    pub async fn run(mut self, mut events: mpsc::Receiver<BusEvent>, shutdown: CancellationToken) {
        if let Ok(room) = Room::any(ROSTER_ROOM) {
            self.subscribe(room);
        }
        self.health.mark_changed();
        let numbers = self.numbers.clone();
        loop {
            let news_due = [self.notices.due(), self.gap_due(), self.searches.due()].into_iter().flatten();
            let news_due = news_due.fold(self.presence.due(), Instant::min);
            let waits = !self.dirty.is_empty();
            let rest = self.rest_until.filter(|_| waits);
            tokio::select! {
                event = events.recv() => match event {
                    Some(event) => self.take_event(event),
                    None => break,
                },
                command = self.commands.recv() => match command {
                    Some(command) => self.obey_command(command),
                    None => break,
                },
                Some((room, generation, result)) = self.pending.next() => self.confirmed(room, generation, result),
                Some(ended) = self.replays.join_next_with_id(), if !self.replays.is_empty() => self.ended(ended),
                Ok(()) = self.health.changed() => self.look_at_bus(),
                () = sleep_until(news_due.into()) => self.look_at_presence(),
                () = retracted(numbers.as_deref()) => self.presence.beat_soon(),
                () = sleep_until(rest.unwrap_or_else(Instant::now).into()), if rest.is_some() => self.rest_until = None,
                // What a round took in between its chunks is written by the next round, even if nothing else happens.
                () = ready(()), if waits && rest.is_none() => {}
                () = shutdown.cancelled(), if self.rooms.values().all(RoomState::has_nobody) => break,
            }
            self.take_in(&mut events);
            if self.rest_until.is_none_or(|end| end <= Instant::now()) {
                self.round(&mut events).await;
            }
        }
    }

    async fn round(&mut self, events: &mut mpsc::Receiver<BusEvent>) {
        let began = Instant::now();
        // A connection that gets something new after it was written waits for the next round. Otherwise a flood would
        // keep this round going, and nobody could come or leave.
        let connections = std::mem::take(&mut self.dirty);
        let traced = self.trail.begin();
        self.delay.round_begins();
        for (chunk, last) in connections.chunks(CHUNK).zip(1..) {
            for connection in chunk {
                connection.flush();
            }
            if last * CHUNK < connections.len() {
                tokio::task::yield_now().await;
                self.take_in(events);
            }
        }
        self.delay.round_ends();
        self.trail.end(traced);
        self.rest_until = (connections.len() >= LONG_ROUND).then(|| {
            let end = Instant::now();
            end + end.saturating_duration_since(began).min(LONGEST_REST)
        });
    }

    fn take_in(&mut self, events: &mut mpsc::Receiver<BusEvent>) {
        for _ in 0..INTAKE {
            let Ok(event) = events.try_recv() else { break };
            self.take_event(event);
        }
    }

    fn take_event(&mut self, event: BusEvent) {
        match event {
            BusEvent::Envelope(envelope) => self.take_envelope(&envelope),
            BusEvent::Replayed(envelope) => self.deliver(&envelope, true),
            BusEvent::Gap(reason) => self.report_loss(&reason),
            BusEvent::Lagged(missed) => {
                let lost = "messages were lost between the broker and this node, which was too slow";
                self.report_loss(&format!("{missed} {lost}"));
            }
        }
    }

    fn take_envelope(&mut self, envelope: &Envelope) {
        match envelope.kind.audience() {
            Audience::All => {
                self.count(envelope);
                self.deliver(envelope, false);
            }
            Audience::Others => self.pass_on(envelope),
            Audience::TwoPersons => self.deliver_whisper(envelope),
            Audience::Nodes if self.hear_search(envelope) => {}
            Audience::Nodes => {
                let sent = self.presence.hear(&envelope.frame);
                self.hear_of(sent);
                self.tell_changes();
            }
        }
    }

    fn deliver(&mut self, envelope: &Envelope, replay: bool) {
        self.trail.brought(envelope, replay);
        let Some(room) = self.rooms.get_mut(&envelope.room) else { return };
        let before = self.dirty.len();
        let kept = envelope.kind.is_kept() && self.bus.keeps_history();
        let Delivered { clients, dropped } = room.deliver(envelope, replay, kept, &mut self.dirty);
        if !replay && clients > 0 && !self.dirty.is_empty() {
            self.delay.queued();
        }
        self.trail.queued(envelope, clients, dropped, !self.dirty.is_empty());
        metrics::counter!("pubsub_lab_room_envelopes_total").increment(1);
        metrics::counter!("pubsub_lab_links_written_total").increment((self.dirty.len() - before) as u64);
        if dropped > 0 {
            metrics::counter!("pubsub_lab_outbox_dropped_frames_total").increment(dropped);
            self.catch_up_fallen(&envelope.room);
        }
    }

    fn obey_command(&mut self, command: Command) {
        match command {
            Command::Join { room, member, replay } => self.join(room, member, replay),
            Command::Leave { room, connection, asked } => self.leave(&room, &connection, asked),
            Command::Greet { connection, person } => self.greet(connection, person),
            Command::Dismiss { connection } => self.dismiss(&connection),
            Command::People { room, connection } => self.answer_people(&room, &connection),
            Command::Find { to, answer } => self.find(&to, answer),
            Command::Follow { room, answer } => self.follow(room, answer),
            Command::Typing { room, connection, person } => self.tell_typing(room, &connection, &person),
            Command::Rename { connection, person, rooms } => self.rename(connection, person, &rooms),
        }
    }

    fn join(&mut self, room: Room, member: Member, replay: Option<ReplayStart>) {
        let state = self.rooms.entry(room.clone()).or_default();
        if replay.is_none() && state.has(member.connection.number) {
            // A client that is in the room already gets the answer again, and the other members hear nothing of it.
            self.answer_subscribed(&room, &member.connection, Recovered::None);
            return;
        }
        let up = self.health.borrow().is_up();
        if state.confirmed && up {
            self.admit(&room, member, replay);
            return;
        }
        let first = state.waiting.is_empty() && !state.followers.wait();
        if !up {
            let reason = format!("the broker is away; you will hear `{room}` as soon as it is back");
            not_in(&member.connection, "bus_down", &reason);
        }
        state.waiting.push(Waiting { member, replay });
        if first {
            self.subscribe(room);
        }
    }

    /// Asks the bus to subscribe to a room. The answer comes through `pending`.
    pub(super) fn subscribe(&mut self, room: Room) {
        self.generation += 1;
        let generation = self.generation;
        if let Some(state) = self.rooms.get_mut(&room) {
            (state.confirmed, state.generation) = (false, generation);
            self.gaps.end(&room);
        }
        let answer = self.bus.subscribe(room.clone());
        self.pending.push(Box::pin(async move { (room, generation, answer.await) }));
    }

    fn confirmed(&mut self, room: Room, generation: u64, result: Result<(), BusError>) {
        let Some(state) = self.rooms.get_mut(&room).filter(|state| state.generation == generation) else {
            return;
        };
        let waiting = std::mem::take(&mut state.waiting);
        match result {
            Ok(()) => {
                state.confirmed = true;
                if self.numbers.is_some() {
                    self.gaps.begin(&room, Instant::now());
                }
                for Waiting { member, replay } in waiting {
                    self.admit(&room, member, replay);
                }
                self.tell_followers(&room);
            }
            Err(error) => {
                let reason = format!("cannot subscribe to `{room}`: {error}");
                for waiting in &waiting {
                    not_in(&waiting.member.connection, "subscribe_failed", &reason);
                }
                self.refuse_followers(&room, &reason);
                if self.rooms.get(&room).is_some_and(RoomState::is_empty) {
                    self.rooms.remove(&room);
                }
            }
        }
    }

    /// Makes a client a member of the room. It is answered, after a replay of what it missed if it asked for one, and
    /// the other members are told.
    fn admit(&mut self, room: &Room, member: Member, replay: Option<ReplayStart>) {
        let Some(state) = self.rooms.get_mut(room) else { return };
        let connection = member.connection.clone();
        let new = !state.has(connection.number);
        if new {
            self.presence.enter(room, &member.identity);
        }
        match replay {
            Some(start) => self.replay(room, member, start),
            None => {
                // A client that asked twice before the broker confirmed is answered twice, but is a member only once.
                if new {
                    state.members.push(member);
                }
                self.answer_subscribed(room, &connection, Recovered::None);
            }
        }
        if new {
            self.tell_changes();
        }
    }

    fn leave(&mut self, room: &Room, connection: &ClientConnection, asked: bool) {
        let gone = self.rooms.get_mut(room).and_then(|state| state.remove(connection.number));
        // The member is gone from the room, so no replay can send it more after this answer.
        if asked {
            connection.answer(frame::text(&NodeFrame::Unsubscribed { room: room.as_str() }.json()));
        }
        if let Some(Member { identity, .. }) = gone {
            self.presence.leave(room, &identity, asked);
            self.tell_changes();
        }
        self.leave_if_empty(room);
    }

    /// Forgets a room in which nobody is and that nobody follows, and no longer hears it.
    pub(super) fn leave_if_empty(&mut self, room: &Room) {
        if self.rooms.get(room).is_some_and(RoomState::is_empty) {
            self.rooms.remove(room);
            self.gaps.end(room);
            // Nothing depends on the bus's answer: a later `subscribe` takes effect after this.
            drop(self.bus.unsubscribe(room.clone()));
        }
    }

    fn look_at_presence(&mut self) {
        let now = Instant::now();
        if self.presence.due() <= now {
            self.rooms.values_mut().for_each(|state| state.forget_late(now));
            self.forget_tails(now);
            for envelope in self.presence.tick() {
                // The receipt is dropped: what the other nodes have not heard they ask for.
                drop(self.bus.publish(envelope));
            }
            self.tell_changes();
        }
        self.tell_numbers(now);
        self.tell_missing(now);
        self.end_searches();
    }
}

/// Resolves when the broker has refused a message that was counted.
async fn retracted(numbers: Option<&Numbers>) {
    match numbers {
        Some(numbers) => numbers.retracted().await,
        None => pending().await,
    }
}

/// Tells a client that it is not in a room for now. A plain client has no frame for that; it learns it from the answer
/// to what it says.
fn not_in(connection: &ClientConnection, code: &str, reason: &str) {
    match connection.dialect {
        Dialect::V1 => connection.answer(frame::text(&NodeFrame::Error { code, reason }.json())),
        Dialect::Plain => connection.let_speak(),
    }
}
