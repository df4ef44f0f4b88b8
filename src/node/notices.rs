//! What clients are told without having asked: who comes and goes, that the bus is down, and that something may be
//! missing.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::addressees::Addressees;
use super::client_connection::{ClientConnection, Dialect, Offered};
use super::frame;
use super::gaps::Missing;
use super::identity::Identity;
use super::member::RoomState;
use super::presence::{Change, News, Sent, SentWord};
use super::room::Rooms;
use bus::Health;
use wire::{BusState, Envelope, NodeFrame, Person, Recovered, Room, unix_ms};

/// The least time between two `members` frames of one room.
const NUMBERS_AGAIN: Duration = Duration::from_secs(1);
/// How long after an outage a bus may still find out that it cannot bring what was missed.
const FOUND_OUT_WITHIN: Duration = Duration::from_secs(60);

/// What the rooms know of those who are told things.
#[derive(Debug, Default)]
pub struct Notices {
    /// The clients of the v1 dialect.
    pub(super) greeted: Addressees,
    bus: Standing,
    /// Rooms of whose number of people the clients do not know yet.
    unsettled: HashSet<Room>,
    numbers_due: Option<Instant>,
    numbers_told: Option<Instant>,
}

/// How the bus stands.
#[derive(Debug, Default)]
struct Standing {
    /// Whether it is up; `None` until the first look.
    up: Option<bool>,
    /// Since when, in Unix milliseconds.
    since: u64,
    was_up: bool,
    outage: Option<Outage>,
}

/// The last time for which the bus was down.
#[derive(Debug)]
struct Outage {
    /// Up to when everything was heard, in Unix milliseconds.
    heard_until: u64,
    /// Why something may be missing, for clients. What became of the broker is for the log.
    reason: &'static str,
    ended: Option<Instant>,
}

impl Notices {
    /// When the numbers of people are to be told next.
    pub fn due(&self) -> Option<Instant> {
        self.numbers_due
    }
}

impl Rooms {
    /// Tells the clients what has changed among the people in their rooms.
    pub(super) fn tell_changes(&mut self) {
        for Change { room, news, members } in self.presence.take_changes() {
            let Some(state) = self.rooms.get(&room) else { continue };
            let (person, joined) = match &news {
                News::Joined(person) => (person, true),
                News::Left(person) => (person, false),
                News::Renamed(Identity { id, name, colour }) => {
                    let frame = NodeFrame::Renamed { room: room.as_str(), id, name, colour };
                    let others = state.audience().filter(|member| member.identity.id != *id);
                    let connections = others.map(|member| &member.connection);
                    offer(connections, &frame::text(&frame.json()), &mut self.dirty);
                    continue;
                }
                News::Number => {
                    self.unsettle(room);
                    continue;
                }
            };
            let Identity { id, name, colour } = person;
            if self.notices.unsettled.remove(&room) {
                // The number before this change, so that each of these frames changes the number by one.
                let before = if joined { members.saturating_sub(1) } else { members.saturating_add(1) };
                tell_number(&room, state, before, &mut self.dirty);
            }
            let name_of_room = room.as_str();
            let frame = match joined {
                true => NodeFrame::Joined { room: name_of_room, name, colour, id, members },
                false => NodeFrame::Left { room: name_of_room, name, colour, id, members },
            };
            let bytes = frame::text(&frame.json());
            let others = state.audience().filter(|member| member.identity.id != *id);
            offer(others.map(|member| &member.connection), &bytes, &mut self.dirty);
        }
    }

    fn unsettle(&mut self, room: Room) {
        let Notices { unsettled, numbers_due, numbers_told, .. } = &mut self.notices;
        unsettled.insert(room);
        let now = Instant::now();
        let soon = numbers_told.map_or(now, |told| (told + NUMBERS_AGAIN).max(now));
        *numbers_due = numbers_due.or(Some(soon));
    }

    /// Tells the clients the numbers of people that they do not know yet, if it is time.
    pub(super) fn tell_numbers(&mut self, now: Instant) {
        if self.notices.numbers_due.is_none_or(|at| at > now) {
            return;
        }
        (self.notices.numbers_due, self.notices.numbers_told) = (None, Some(now));
        for room in std::mem::take(&mut self.notices.unsettled) {
            let Some(state) = self.rooms.get(&room) else { continue };
            tell_number(&room, state, self.presence.members(&room), &mut self.dirty);
        }
    }

    /// Answers that a client is in a room.
    pub(super) fn answer_subscribed(&self, room: &Room, connection: &ClientConnection, recovered: Recovered) {
        if connection.dialect == Dialect::Plain {
            return connection.let_speak();
        }
        let members = self.presence.members(room);
        let subscribed = NodeFrame::Subscribed { room: room.as_str(), members, recovered };
        connection.answer(frame::text(&subscribed.json()));
    }

    /// Answers who is in a room, if the client is in it as well.
    pub(super) fn answer_people(&self, room: &Room, connection: &ClientConnection) {
        let is_in = self.rooms.get(room).is_some_and(|state| state.has(connection.number));
        let (name, members) = (room.as_str(), self.presence.members(room));
        let (code, reason) = match self.presence.people(room) {
            _ if !is_in => ("not_in_room", format!("only who is in `{name}` may ask who is there")),
            None => ("too_many_people", format!("`{name}` has {members} people: too many to be named")),
            Some(people) => {
                if self.notices.unsettled.contains(room) {
                    let number = NodeFrame::Members { room: name, members };
                    connection.answer(frame::text(&number.json()));
                }
                let people = people.into_iter().map(person).collect();
                return connection.answer(frame::text(&NodeFrame::People { room: name, people }.json()));
            }
        };
        connection.answer(frame::text(&NodeFrame::Error { code, reason: &reason }.json()));
    }

    /// Remembers a client that wants to hear of the bus, and tells it at once if the bus is down.
    pub(super) fn greet(&mut self, connection: Arc<ClientConnection>, person: Identity) {
        let Standing { up, since, .. } = self.notices.bus;
        if up == Some(false) {
            connection.answer(frame::text(&NodeFrame::Bus { state: BusState::Down, since }.json()));
        }
        self.notices.greeted.insert(connection, person);
    }

    /// Forgets a client that is gone.
    pub(super) fn dismiss(&mut self, connection: &ClientConnection) {
        self.notices.greeted.remove(connection.number);
    }

    /// Looks whether the bus is up. Whenever that changes, every client is told. After an outage the members of each
    /// room are told that something may be missing, unless the bus itself brings it or says so.
    pub(super) fn look_at_bus(&mut self) {
        let health = self.health.borrow_and_update().clone();
        let (up, before) = (health.is_up(), self.notices.bus.up.replace(health.is_up()));
        let heard_until = self.presence.heard_until();
        let bus = &mut self.notices.bus;
        match &health {
            Health::Down(_) if bus.was_up && before == Some(true) => {
                let reason = "this node's bus was down";
                bus.outage = Some(Outage { heard_until, reason, ended: None });
            }
            // The bus was down so shortly that this is the first that is seen of it.
            Health::Up if bus.was_up && before == Some(true) => {
                let reason = "this node's bus was down for a moment";
                bus.outage = Some(Outage { heard_until, reason, ended: None });
            }
            _ => {}
        }
        let ended = bus.outage.as_mut().filter(|outage| up && outage.ended.is_none());
        let gap = ended.map(|outage| {
            outage.ended = Some(Instant::now());
            (outage.heard_until, outage.reason)
        });
        bus.was_up |= up;
        if before != Some(up) {
            bus.since = unix_ms();
            let since = bus.since;
            self.presence.bus_is(up);
            // The first look at a bus that is up is no news: who is there already takes it for up.
            if before.is_none() && up {
                return;
            }
            let state = if up { BusState::Up } else { BusState::Down };
            let json = NodeFrame::Bus { state, since }.json();
            self.tell_tails(&json);
            let bytes = frame::text(&json);
            for connection in self.notices.greeted.connections() {
                match connection.offer(&bytes) {
                    Offered::MustBeWritten => self.dirty.push(connection.clone()),
                    // Who does not read must still find the newest state at the end of what waits.
                    Offered::Dropped => connection.answer(bytes.clone()),
                    Offered::Waits | Offered::Nothing => {}
                }
            }
        }
        if let Some((since, reason)) = gap
            && self.bus.crosses_nodes()
            && !self.bus.fills_gaps()
        {
            // What is missing by the numbers was lost in this outage, or earlier.
            let missing = self.gaps.start_over(Instant::now());
            for (room, state) in &self.rooms {
                let since = missing.get(room).map_or(since, |earlier| since.min(*earlier));
                tell_gap(room, state, since, reason, &mut self.dirty);
            }
        }
    }

    /// Tells the members of each room that the bus lost messages. They were lost before they reached a room, so nobody
    /// knows whose they were.
    pub(super) fn report_loss(&mut self, reason: &str) {
        let recent = |outage: &&Outage| outage.ended.is_none_or(|end| end.elapsed() < FOUND_OUT_WITHIN);
        let outage = self.notices.bus.outage.as_ref().filter(recent);
        let heard_until = self.presence.heard_until();
        let since = outage.map_or(heard_until, |outage| outage.heard_until.min(heard_until));
        if self.numbers.is_some() {
            // The numbers of what came will tell since when each room misses something.
            return self.gaps.suspect(since, reason.to_owned(), Instant::now());
        }
        for (room, state) in &self.rooms {
            tell_gap(room, state, since, reason, &mut self.dirty);
        }
    }

    /// Notes the number of a message that came.
    pub(super) fn count(&mut self, envelope: &Envelope) {
        if let Some(count) = envelope.count {
            self.gaps.receive(&envelope.room, count, Instant::now(), unix_ms());
        }
    }

    /// Notes what a node says of the messages that it sent.
    pub(super) fn hear_of(&mut self, sent: Option<Sent>) {
        let Some(Sent { by, at, rooms }) = sent else { return };
        let (now, at) = (Instant::now(), at.min(unix_ms()));
        for SentWord { room, newest, unused } in rooms {
            if let Ok(room) = Room::parse(&room) {
                self.gaps.hear_of(&room, by, newest, &unused, now, at);
            }
        }
    }

    /// When the clients are to be told what is missing. While the bus is down nothing is told: the end of an outage is.
    pub(super) fn gap_due(&self) -> Option<Instant> {
        self.gaps.due().filter(|_| self.notices.bus.up == Some(true))
    }

    /// Tells the clients what is missing and does not come any more, if it is time.
    pub(super) fn tell_missing(&mut self, now: Instant) {
        if self.gap_due().is_none_or(|at| at > now) {
            return;
        }
        let all = self.gaps.take_due(now);
        if !all.is_empty() {
            tracing::warn!("messages to {} rooms did not reach this node", all.len());
        }
        for Missing { room, since, reason } in all {
            let Some(state) = self.rooms.get(&room) else { continue };
            let reason = reason.as_deref().unwrap_or("messages were lost between the nodes");
            tell_gap(&room, state, since, reason, &mut self.dirty);
        }
    }
}

fn person(Identity { id, name, colour }: &Identity) -> Person<'_> {
    Person { name, colour, id }
}

/// Tells the members of a room that something may be missing.
fn tell_gap(
    room: &Room,
    state: &RoomState,
    since: u64,
    reason: &str,
    dirty: &mut Vec<Arc<ClientConnection>>,
) {
    let json = NodeFrame::Gap { room: room.as_str(), since, reason }.json();
    let bytes = frame::text(&json);
    if let Some(tail) = &state.followers.tail {
        tail.add_notice("gap", json);
    }
    offer(state.connections().filter(|connection| connection.dialect == Dialect::V1), &bytes, dirty);
}

/// Tells the members of a room how many they are.
fn tell_number(room: &Room, state: &RoomState, members: usize, dirty: &mut Vec<Arc<ClientConnection>>) {
    let bytes = frame::text(&NodeFrame::Members { room: room.as_str(), members }.json());
    offer(state.audience().map(|member| &member.connection), &bytes, dirty);
}

/// Queues a frame for these clients, and adds those who must now be written to `dirty`.
pub(super) fn offer<'a>(
    connections: impl Iterator<Item = &'a Arc<ClientConnection>>,
    bytes: &Bytes,
    dirty: &mut Vec<Arc<ClientConnection>>,
) {
    for connection in connections {
        if connection.offer(bytes) == Offered::MustBeWritten {
            dirty.push(connection.clone());
        }
    }
}
