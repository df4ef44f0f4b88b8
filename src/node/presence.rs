//! Who is in the rooms, here and on the other nodes.
//!
//! | file | what it is |
//! |---|---|
//! | `here` | the people of this node, and those who may come back |
//! | `view` | the people of all nodes, and what changes among them |
//! | `peers` | the other nodes: what is known of them, and who is silent |
//! | `word`, `listing` | what nodes tell each other |
//!
//! A node's sign of life also tells the numbers of the messages that it sent ([`Sent`]). A node that has not received
//! one of them knows that something is missing.
//!
//! Each node tells the others in the room `$roster` who is in its own rooms: what changes at once, and every second
//! which version of it is the newest. What clients are told follows from what this node knows alone, so `joined`,
//! `left` and `members` fit together by construction.
//!
//! A node that is silent is forgotten, and its people have left, unless they are back elsewhere by then. But silence
//! proves nothing while this node itself is deaf: its bus is down, its own beats do not come back, or it stood still.

mod here;
mod listing;
mod peers;
mod view;
mod word;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::identity::Identity;
use bus::{Latest, Numbers};
use here::Here;
use listing::Listing;
use peers::Peers;
use view::View;
use wire::{Envelope, Kind, Room, unix_ms};
use word::{RoomWord, Word};

pub use view::{Change, News};
pub use word::SentWord;

/// The room in which nodes tell each other who is where. No client can enter it.
pub const ROSTER_ROOM: &str = "$roster";
/// How often a node says that it lives.
const BEAT: Duration = Duration::from_secs(1);
/// The least time between two statements, so that a crowd that joins at once is told at once.
const GATHER: Duration = Duration::from_millis(100);
/// The least time between two whole lists. One serves everybody who asks meanwhile.
const LIST_AGAIN: Duration = Duration::from_millis(250);
/// How old this node's newest beat may be when it has come back over the bus, before the node takes itself for deaf.
const ECHO: Duration = Duration::from_secs(2);
/// How late this node may look at the time before it takes itself for having stood still.
const LATE: Duration = Duration::from_millis(700);
/// The most people of this node who are named to the others. In further rooms they are counted.
const NAMED: usize = 20_000;

/// What a node says of the messages that it sent.
#[derive(Debug)]
pub struct Sent {
    /// The process that sent them.
    pub by: u64,
    /// When the node said so, in Unix milliseconds.
    pub at: u64,
    /// The newest numbers.
    pub rooms: Vec<SentWord>,
}

/// Who is in the rooms.
#[derive(Debug)]
pub struct Presence {
    me: Arc<str>,
    /// The numbers of this node's own messages, if it counts them.
    numbers: Option<Arc<Numbers>>,
    /// Whether there can be other nodes.
    crosses: bool,
    limit: usize,
    here: Here,
    view: View,
    peers: Peers,
    /// What the others were told of this node's rooms.
    told: HashMap<Room, Listing>,
    /// Number of people who are named in `told`.
    named: usize,
    /// Rooms of this node that may have changed since.
    dirty: HashSet<Room>,
    version: u64,
    /// Whether the bus works: while it does not, nothing is told.
    up: bool,
    was_up: bool,
    hello: bool,
    stated: Option<Instant>,
    listed: Option<Instant>,
    changes_due: Option<Instant>,
    list_due: Option<Instant>,
    beaten: Option<Instant>,
    beat_due: Instant,
    /// When to call [`Presence::tick`] next.
    due: Instant,
    /// When one of this node's own beats came back last.
    echoed: Instant,
    /// When the last of this node's beats that came back was written, in Unix milliseconds.
    heard_until: u64,
}

impl Presence {
    /// Nobody is there yet. In rooms of more than `limit` people only their number is told. Where the pattern does not
    /// cross nodes, nothing is told to other nodes. The node's id is the process of its `numbers`, if it counts its
    /// messages.
    pub fn new(numbers: Option<Arc<Numbers>>, crosses: bool, limit: usize) -> Self {
        let process = numbers.as_ref().map_or_else(rand::random, |numbers| numbers.process());
        let me: Arc<str> = format!("{process:016x}").into();
        let now = Instant::now();
        Self {
            view: View::new(me.clone(), limit),
            me,
            numbers,
            crosses,
            limit,
            here: Here::default(),
            peers: Peers::default(),
            told: HashMap::new(),
            named: 0,
            dirty: HashSet::new(),
            version: 0,
            up: false,
            was_up: false,
            hello: false,
            stated: None,
            listed: None,
            changes_due: None,
            list_due: None,
            beaten: None,
            beat_due: now,
            due: now,
            echoed: now,
            heard_until: unix_ms(),
        }
    }

    /// When to call [`Presence::tick`] next.
    pub fn due(&self) -> Instant {
        self.due
    }

    /// Up to when this node is known to have heard what is on the bus, in Unix milliseconds. Exact to a second.
    pub fn heard_until(&self) -> u64 {
        self.heard_until
    }

    /// Takes the changes since the last call, in the order in which they happened.
    pub fn take_changes(&mut self) -> Vec<Change> {
        self.view.take_changes()
    }

    /// Number of people in a room.
    pub fn members(&self, room: &Room) -> usize {
        self.view.members(room)
    }

    /// The people in a room, by name; `None` if they are too many.
    pub fn people(&self, room: &Room) -> Option<Vec<&Identity>> {
        self.view.people(room)
    }

    /// This node's own id.
    pub fn me(&self) -> Arc<str> {
        self.me.clone()
    }

    /// The ids of the other nodes.
    pub fn others(&self) -> HashSet<Arc<str>> {
        self.peers.ids().cloned().collect()
    }

    /// Whether the people in a room are few enough to be named.
    pub fn names_people(&self, room: &Room) -> bool {
        !self.view.is_big(room)
    }

    /// Records that a person who is in a room on this node has another name or colour now.
    pub fn rename(&mut self, room: &Room, person: &Identity) {
        self.view.add(&self.me, room, person.clone());
        self.touch(room);
    }

    /// Records that a connection of this node is in a room now.
    pub fn enter(&mut self, room: &Room, person: &Identity) {
        self.here.enter(room, &person.id);
        self.view.add(&self.me, room, person.clone());
        self.touch(room);
    }

    /// Records that a connection of this node is no longer in a room; `goodbye` if the client said so.
    pub fn leave(&mut self, room: &Room, person: &Identity, goodbye: bool) {
        if self.here.leave(Instant::now(), room, &person.id, goodbye) {
            self.view.remove(&self.me, room, &person.id);
            self.touch(room);
        } else if let Some(end) = self.here.due() {
            self.due = self.due.min(end);
        }
    }

    /// Notes that the others may have to be told of a room.
    fn touch(&mut self, room: &Room) {
        if self.crosses {
            self.dirty.insert(room.clone());
            let now = Instant::now();
            let soon = self.stated.map_or(now, |stated| (stated + GATHER).max(now));
            self.changes_due = self.changes_due.or(Some(soon));
            self.wake(self.changes_due);
        }
    }

    fn wake(&mut self, at: Option<Instant>) {
        if let Some(at) = at {
            self.due = self.due.min(at);
        }
    }

    /// Says at once what is due with the next sign of life.
    pub fn beat_soon(&mut self) {
        let now = Instant::now();
        let soon = self.beaten.map_or(now, |beaten| (beaten + GATHER).max(now));
        self.beat_due = self.beat_due.min(soon);
        self.wake(Some(soon));
    }

    /// Takes in what a node said in the nodes' room. Gives what it said of the messages that it sent.
    pub fn hear(&mut self, frame: &[u8]) -> Option<Sent> {
        let mut word = Word::read(frame)?;
        let now = Instant::now();
        let sent = match &mut word {
            Word::Beat { node, at, sent, .. } => {
                u64::from_str_radix(node, 16).ok().map(|by| Sent { by, at: *at, rooms: std::mem::take(sent) })
            }
            Word::Change { .. } | Word::List { .. } => None,
        };
        if let Word::Beat { node, at, .. } = &word
            && *node == self.me
        {
            self.echoed = now;
            self.heard_until = (*at).clamp(self.heard_until, unix_ms().max(self.heard_until));
        }
        if !self.crosses || *word.node() == self.me {
            return sent;
        }
        let asked = self.peers.hear(now, &self.me, word, &mut self.view);
        if asked.list {
            let soon = self.listed.map_or(now, |listed| (listed + LIST_AGAIN).max(now));
            self.list_due = self.list_due.or(Some(soon));
            self.wake(self.list_due);
        }
        if asked.beat || self.peers.wants() {
            self.beat_soon();
        }
        sent
    }

    /// Records that the bus is down or up (again). After an outage the other nodes are told at once, and are asked.
    pub fn bus_is(&mut self, up: bool) {
        let now = Instant::now();
        self.up = up;
        if up {
            match self.was_up {
                true => self.peers.returned(now),
                false => self.peers.was_deaf(now),
            }
            (self.was_up, self.hello, self.echoed, self.beat_due) = (true, true, now, now);
            self.wake(Some(now));
        }
    }

    /// Does what is due: lets those go who did not come back, forgets silent nodes, and gives what the other nodes are
    /// to be told.
    pub fn tick(&mut self) -> Vec<Envelope> {
        let now = Instant::now();
        let late = now.saturating_duration_since(self.due) > LATE;
        while let Some((room, id)) = self.here.next_gone(now) {
            self.view.remove(&self.me, &room, &id);
            self.touch(&room);
        }
        if !self.up || late || now.saturating_duration_since(self.echoed) > ECHO {
            self.peers.was_deaf(now);
        }
        self.peers.forget_silent(now, &mut self.view);
        let words = if self.up && self.crosses { self.words(now) } else { Vec::new() };
        self.plan(now);
        words.into_iter().filter_map(|word| self.envelope(&word)).collect()
    }

    fn plan(&mut self, now: Instant) {
        if self.beat_due <= now {
            self.beat_due = now + BEAT;
        }
        let tellable = self.up && self.crosses;
        let telling = [self.changes_due, self.list_due].into_iter().flatten().filter(|_| tellable);
        let others = [self.here.due(), self.peers.due()].into_iter().flatten();
        // While the bus is down a node that is due stays due, and the beat is soon enough to look again.
        let others = others.map(|at| if at <= now { self.beat_due } else { at });
        self.due = telling.chain(others).fold(self.beat_due, Instant::min);
    }

    /// What the other nodes are to be told now.
    fn words(&mut self, now: Instant) -> Vec<Word> {
        let mut words = Vec::new();
        let list = self.list_due.is_some_and(|at| at <= now);
        if list || self.changes_due.is_some_and(|at| at <= now) {
            self.changes(&mut words);
            (self.stated, self.changes_due) = (Some(now), None);
        }
        if list {
            self.list(&mut words);
            (self.listed, self.list_due) = (Some(now), None);
        }
        if self.beat_due <= now {
            self.beaten = Some(now);
            words.push(Word::Beat {
                node: self.me.clone(),
                version: self.version,
                at: unix_ms(),
                hello: std::mem::take(&mut self.hello),
                want: self.peers.take_wanted(),
                sent: self.numbers.as_ref().map_or_else(Vec::new, |numbers| sent(numbers, now)),
            });
        }
        words
    }

    fn changes(&mut self, words: &mut Vec<Word>) {
        let dirty = std::mem::take(&mut self.dirty);
        let changed: Vec<_> = dirty.iter().filter_map(|room| self.state_anew(room)).collect();
        if changed.is_empty() {
            return;
        }
        for rooms in word::parts(changed) {
            words.push(Word::Change { node: self.me.clone(), from: self.version, rooms });
            self.version += 1;
        }
    }

    /// Notes what the others are told of a room from now on, and gives the difference.
    fn state_anew(&mut self, room: &Room) -> Option<RoomWord> {
        let before = self.told.remove(room).unwrap_or_default();
        self.named -= before.named();
        let now = match self.view.listing(&self.me, room) {
            Some(Listing::People(people)) => {
                // Near the limit a room does not change its way with everybody who comes or goes.
                let most = match before {
                    Listing::Count(_) => self.limit - self.limit / 4,
                    Listing::People(_) => self.limit,
                };
                if people.len() > most || self.named + people.len() > NAMED {
                    Listing::Count(people.len() as u64)
                } else {
                    Listing::People(people.clone())
                }
            }
            _ => Listing::default(),
        };
        let word = now.since(&before, room);
        if !now.is_empty() {
            self.named += now.named();
            self.told.insert(room.clone(), now);
        }
        word
    }

    fn list(&self, words: &mut Vec<Word>) {
        let nobody = Listing::default();
        let rooms = self.told.iter().filter_map(|(room, listing)| listing.since(&nobody, room));
        let parts = word::parts(rooms);
        let count = parts.len() as u64;
        words.extend(parts.into_iter().zip(0..).map(|(rooms, part)| Word::List {
            node: self.me.clone(),
            version: self.version,
            part,
            parts: count,
            rooms,
        }));
    }

    fn envelope(&self, word: &Word) -> Option<Envelope> {
        Some(Envelope {
            kind: Kind::Control,
            room: Room::any(ROSTER_ROOM).ok()?,
            id: format!("roster.{}", self.me).into(),
            sender: self.me.clone(),
            others: true,
            count: None,
            frame: Bytes::from(word.json()),
        })
    }
}

/// What the other nodes are told of the messages that this node sent.
fn sent(numbers: &Numbers, now: Instant) -> Vec<SentWord> {
    let latest = numbers.latest(now).into_iter();
    let word =
        |Latest { room, number, unused }| SentWord { room: room.as_str().into(), newest: number, unused };
    latest.map(word).collect()
}

#[cfg(test)]
mod tests_of_the_machine {
    use super::*;

    fn person(id: &str) -> Identity {
        Identity { id: id.into(), name: id.to_uppercase().into(), colour: "#123456".into() }
    }

    /// Lets nodes tell each other everything that is due, except what `lost` picks.
    fn exchange(nodes: &mut [Presence], lost: impl Fn(&Word) -> bool) {
        for _ in 0..6 {
            for sender in 0..nodes.len() {
                // The test does not wait: whatever has to be gathered is due at once.
                nodes[sender].changes_due = nodes[sender].changes_due.map(|_| Instant::now());
                nodes[sender].list_due = nodes[sender].list_due.map(|_| Instant::now());
                nodes[sender].beat_due = Instant::now();
                for envelope in nodes[sender].tick() {
                    if Word::read(&envelope.frame).is_some_and(|word| !lost(&word)) {
                        nodes.iter_mut().for_each(|node| _ = node.hear(&envelope.frame));
                    }
                }
            }
        }
    }

    #[test]
    fn nodes_agree_whatever_was_lost_between_them() {
        let room = Room::parse("r").unwrap();
        let mut nodes = [(); 3].map(|()| Presence::new(None, true, 9));
        nodes.iter_mut().for_each(|node| node.bus_is(true));
        exchange(&mut nodes, |_| false);
        nodes[0].enter(&room, &person("a"));
        exchange(&mut nodes, |word| matches!(word, Word::Change { .. }));
        nodes[1].enter(&room, &person("b"));
        nodes[2].enter(&room, &person("a"));
        exchange(&mut nodes, |word| matches!(word, Word::List { .. }));
        nodes[1].leave(&room, &person("b"), true);
        nodes[1].enter(&room, &person("c"));
        exchange(&mut nodes, |_| false);
        for node in &mut nodes {
            let people: Vec<_> =
                node.people(&room).unwrap().into_iter().map(|one| one.id.to_string()).collect();
            assert_eq!((people, node.members(&room)), (vec!["a".into(), "c".into()], 2));
            // From one change to the next the number changes by one, or it is told as a number.
            let mut number = 0;
            for Change { news, members, .. } in node.take_changes() {
                match news {
                    News::Joined(_) => assert_eq!(members, number + 1),
                    News::Left(_) => assert_eq!(members + 1, number),
                    News::Renamed(_) => assert_eq!(members, number),
                    News::Number => {}
                }
                number = members;
            }
            assert_eq!(number, 2);
        }
    }

    #[test]
    fn of_a_room_above_the_limit_others_get_the_number_until_it_is_well_below() {
        let room = Room::parse("r").unwrap();
        let mut nodes = [(); 2].map(|()| Presence::new(None, true, 4));
        nodes.iter_mut().for_each(|node| node.bus_is(true));
        exchange(&mut nodes, |_| false);
        let ids = ["a", "b", "c", "d", "e"];
        for (n, id) in ids.iter().enumerate() {
            nodes[0].enter(&room, &person(id));
            exchange(&mut nodes, |_| false);
            assert_eq!(nodes[1].members(&room), n + 1);
        }
        for (n, id) in ids.iter().enumerate() {
            assert_eq!(nodes[1].people(&room).is_some(), n >= 2, "{n} of five are gone");
            nodes[0].leave(&room, &person(id), true);
            exchange(&mut nodes, |_| false);
            assert_eq!(nodes[1].members(&room), ids.len() - n - 1);
        }
        assert!(nodes[0].told.is_empty() && nodes[0].named == 0);
    }
}
