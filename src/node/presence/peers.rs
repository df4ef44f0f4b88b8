//! The other nodes: which of their statements this node has, and when they were heard last.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::listing::Listing;
use super::view::View;
use super::word::{RoomWord, Word};
use wire::Room;

/// How long a node may be silent before it is forgotten, and with it its people. Less than five seconds, so that a
/// dead node's people have left by then; more than two beats, so that a lost beat does not make them leave.
pub const FORGET: Duration = Duration::from_millis(3500);
/// How long after this node's bus is back the others are waited for. They may find the broker later.
pub const SETTLE: Duration = Duration::from_secs(8);
/// The least time between two requests for the whole list of one node.
const ASK_AGAIN: Duration = Duration::from_millis(700);
/// The most nodes that are believed.
const NODES: usize = 256;
/// The most parts and the most entries of a whole list.
const PARTS: u64 = 10_000;
const ENTRIES: usize = 50_000;

/// One other node.
#[derive(Debug)]
struct Peer {
    heard: Instant,
    /// The version of what this node knows of it; `None` if something is missing.
    version: Option<u64>,
    asked: Option<Instant>,
    /// A whole list of which some parts are still to come.
    staged: Option<Staged>,
    /// Whether its first list is news to clients. If this node has never heard of it, its people may have been there
    /// for long.
    is_news: bool,
}

#[derive(Debug)]
struct Staged {
    version: u64,
    next_part: u64,
    parts: u64,
    entries: usize,
    rooms: HashMap<Room, Listing>,
}

/// What a word asks of this node.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Another node has come (back) and wants to hear a beat.
    pub beat: bool,
    /// Another node wants the whole list.
    pub list: bool,
}

/// The other nodes.
#[derive(Debug, Default)]
pub struct Peers {
    peers: HashMap<Arc<str>, Peer>,
    /// Nodes that were forgotten. Whoever is there if they come back has come back.
    forgotten: VecDeque<Arc<str>>,
    /// The nodes whose whole lists are to be asked for.
    wanted: Vec<Arc<str>>,
    /// Since when nothing has kept this node from hearing the others.
    calm_since: Option<Instant>,
    /// When this node's bus came back after an outage.
    returned: Option<Instant>,
}

impl Peers {
    /// Takes in what another node said.
    pub fn hear(&mut self, now: Instant, me: &str, word: Word, view: &mut View) -> Asked {
        let mut asked = Asked::default();
        match word {
            Word::Beat { node, version, hello, want, .. } => {
                asked = Asked { beat: hello, list: want.iter().any(|id| **id == *me) };
                let Some(peer) = self.peer(now, &node) else { return asked };
                if peer.version == Some(version) {
                    return asked;
                }
                if version == 0 {
                    (peer.version, peer.staged, peer.is_news) = (Some(0), None, true);
                    view.replace(&node, HashMap::new());
                } else {
                    self.want(now, node);
                }
            }
            Word::Change { node, from, rooms } => {
                let Some(peer) = self.peer(now, &node) else { return asked };
                if peer.version != Some(from) {
                    self.want(now, node);
                    return asked;
                }
                peer.version = from.checked_add(1);
                for room in rooms {
                    view.take_in(&node, room);
                }
            }
            Word::List { node, version, part, parts, rooms } => {
                let Some(peer) = self.peer(now, &node) else { return asked };
                if peer.version == Some(version) || part >= parts || parts > PARTS {
                    return asked;
                }
                if part == 0 {
                    let rooms = HashMap::new();
                    peer.staged = Some(Staged { version, next_part: 0, parts, entries: 0, rooms });
                }
                let Some(staged) = &mut peer.staged else { return asked };
                if (staged.version, staged.next_part, staged.parts) != (version, part, parts)
                    || !staged.take(rooms)
                {
                    peer.staged = None;
                    return asked;
                }
                staged.next_part += 1;
                if staged.next_part == parts
                    && let Some(staged) = peer.staged.take()
                {
                    (peer.version, peer.asked) = (Some(version), None);
                    view.replace(&node, staged.rooms);
                    if !std::mem::replace(&mut peer.is_news, true) {
                        view.hush(0);
                    }
                }
            }
        }
        asked
    }

    fn peer(&mut self, now: Instant, node: &Arc<str>) -> Option<&mut Peer> {
        if !self.peers.contains_key(node) {
            if self.peers.len() >= NODES {
                return None;
            }
            let is_news = self.forgotten.contains(node);
            let peer = Peer { heard: now, version: None, asked: None, staged: None, is_news };
            self.peers.insert(node.clone(), peer);
        }
        let peer = self.peers.get_mut(node)?;
        peer.heard = now;
        Some(peer)
    }

    /// Notes that the whole list of a node is needed, if it was not asked for a moment ago.
    fn want(&mut self, now: Instant, node: Arc<str>) {
        let Some(peer) = self.peers.get_mut(&node) else { return };
        peer.version = None;
        let recently = |asked| now.saturating_duration_since(asked) < ASK_AGAIN;
        if !peer.asked.is_some_and(recently) {
            peer.asked = Some(now);
            self.wanted.push(node);
        }
    }

    /// The ids of the nodes that are not forgotten.
    pub fn ids(&self) -> impl Iterator<Item = &Arc<str>> {
        self.peers.keys()
    }

    /// The nodes whose whole lists are to be asked for now.
    pub fn take_wanted(&mut self) -> Vec<Arc<str>> {
        std::mem::take(&mut self.wanted)
    }

    /// Whether there is something to be asked for.
    pub fn wants(&self) -> bool {
        !self.wanted.is_empty()
    }

    /// Records that this node could not have heard the others until now.
    pub fn was_deaf(&mut self, now: Instant) {
        self.calm_since = Some(now);
    }

    /// Records that this node's bus is back after an outage.
    pub fn returned(&mut self, now: Instant) {
        (self.calm_since, self.returned) = (Some(now), Some(now));
    }

    /// When a node is forgotten if it is not heard until then.
    fn ends(&self, peer: &Peer) -> Instant {
        let since = self.calm_since.map_or(peer.heard, |calm| calm.max(peer.heard));
        match self.returned {
            Some(returned) if peer.heard < returned => (returned + SETTLE).max(since + FORGET),
            _ => since + FORGET,
        }
    }

    /// When the next node is forgotten if nothing is heard until then.
    pub fn due(&self) -> Option<Instant> {
        self.peers.values().map(|peer| self.ends(peer)).min()
    }

    /// Forgets the nodes that were silent for too long, and their people.
    pub fn forget_silent(&mut self, now: Instant, view: &mut View) {
        let silent = self.peers.iter().filter(|(_, peer)| self.ends(peer) <= now);
        let silent: Vec<_> = silent.map(|(node, _)| node.clone()).collect();
        for node in silent {
            self.peers.remove(&node);
            view.forget(&node);
            if self.forgotten.len() >= NODES {
                self.forgotten.pop_front();
            }
            self.forgotten.push_back(node);
        }
    }
}

impl Staged {
    /// Adds a part. Gives false if the list becomes too long.
    fn take(&mut self, rooms: Vec<RoomWord>) -> bool {
        for word in rooms {
            let Ok(room) = Room::parse(&word.room) else { continue };
            self.entries += 1 + word.came.len();
            if self.entries > ENTRIES {
                return false;
            }
            match word.count {
                Some(count) => {
                    self.rooms.insert(room, Listing::Count(count));
                }
                None => {
                    if let Listing::People(people) = self.rooms.entry(room).or_default() {
                        people.extend(word.came.into_iter().map(|person| (person.id.clone(), person)));
                    }
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Identity;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    struct Stage {
        peers: Peers,
        view: View,
        now: Instant,
    }

    impl Stage {
        fn new() -> Self {
            Self { peers: Peers::default(), view: View::new("me".into(), 9), now: Instant::now() }
        }

        fn hear(&mut self, word: Word) -> Asked {
            self.peers.hear(self.now, "me", word, &mut self.view)
        }

        fn beat(&mut self, version: u64) -> Asked {
            self.hear(Word::Beat {
                node: "n2".into(),
                version,
                at: 0,
                hello: false,
                want: Vec::new(),
                sent: Vec::new(),
            })
        }

        fn list(&mut self, version: u64, part: u64, parts: u64, ids: &[&str]) {
            let rooms = vec![came(ids)];
            self.hear(Word::List { node: "n2".into(), version, part, parts, rooms });
        }

        fn change(&mut self, from: u64, ids: &[&str]) {
            self.hear(Word::Change { node: "n2".into(), from, rooms: vec![came(ids)] });
        }

        fn people(&self) -> Vec<String> {
            let people = self.view.people(&room()).unwrap();
            people.into_iter().map(|person| person.id.to_string()).collect()
        }

        fn after(&mut self, millis: u64) {
            self.now += MS(millis);
            self.peers.forget_silent(self.now, &mut self.view);
        }

        fn wanted(&mut self) -> usize {
            self.peers.take_wanted().len()
        }
    }

    fn room() -> Room {
        Room::parse("r").unwrap()
    }

    fn came(ids: &[&str]) -> RoomWord {
        let person = |id: &&str| Identity { id: (*id).into(), name: "A".into(), colour: "#123456".into() };
        RoomWord { came: ids.iter().map(person).collect(), ..RoomWord::of(&room()) }
    }

    #[test]
    fn what_was_lost_is_asked_for_and_comes_as_a_whole_list() {
        let mut stage = Stage::new();
        stage.beat(0);
        stage.change(0, &["a"]);
        assert_eq!((stage.people(), stage.wanted()), (vec!["a".into()], 0));
        // The change from 1 to 2 was lost.
        stage.change(2, &["c"]);
        assert_eq!((stage.people(), stage.wanted()), (vec!["a".into()], 1));
        stage.beat(3);
        assert_eq!(stage.wanted(), 0, "it was asked for a moment ago");
        stage.after(1000);
        stage.beat(3);
        assert_eq!(stage.wanted(), 1);
        stage.list(3, 0, 2, &["a", "b"]);
        assert_eq!(stage.people(), ["a"], "half a list is none");
        stage.list(3, 1, 2, &["c"]);
        assert_eq!(stage.people(), ["a", "b", "c"]);
        stage.beat(3);
        stage.change(3, &["d"]);
        assert_eq!((stage.people().len(), stage.wanted()), (4, 0));
    }

    #[test]
    fn a_list_with_a_hole_is_not_taken() {
        let mut stage = Stage::new();
        stage.list(3, 0, 3, &["a"]);
        stage.list(3, 2, 3, &["c"]);
        stage.list(3, 1, 3, &["b"]);
        stage.list(4, 1, 2, &["b"]);
        stage.list(4, 2, 2, &["b"]);
        stage.list(4, u64::MAX, u64::MAX, &["b"]);
        assert!(stage.people().is_empty());
    }

    #[test]
    fn the_silent_are_forgotten_but_not_by_a_node_that_is_deaf() {
        let mut stage = Stage::new();
        stage.beat(0);
        stage.change(0, &["a"]);
        stage.after(3400);
        assert_eq!(stage.people(), ["a"]);
        stage.peers.was_deaf(stage.now);
        stage.after(3400);
        assert_eq!(stage.people(), ["a"]);
        stage.after(100);
        assert!(stage.people().is_empty());
        // After an outage of this node's own bus the others are waited for, and as usual once they were heard.
        stage.beat(0);
        stage.change(0, &["a"]);
        stage.peers.returned(stage.now + MS(1));
        stage.after(7900);
        assert_eq!(stage.people(), ["a"]);
        stage.beat(1);
        stage.after(3500);
        assert!(stage.people().is_empty());
    }

    #[test]
    fn whoever_was_there_before_this_node_has_not_come_and_whoever_was_forgotten_has() {
        let mut stage = Stage::new();
        let joined = |stage: &mut Stage| {
            let changes = stage.view.take_changes();
            changes.iter().filter(|change| matches!(change.news, super::super::News::Joined(_))).count()
        };
        stage.beat(2);
        stage.list(2, 0, 1, &["a", "b"]);
        assert_eq!((stage.people().len(), joined(&mut stage)), (2, 0));
        stage.after(3500);
        stage.beat(2);
        stage.list(2, 0, 1, &["a", "b"]);
        assert_eq!((stage.people().len(), joined(&mut stage)), (2, 2));
    }

    #[test]
    fn forged_nodes_and_numbers_are_bounded() {
        let mut stage = Stage::new();
        for n in 0..10 * NODES {
            let rooms = vec![RoomWord { count: Some(u64::MAX), ..RoomWord::of(&room()) }];
            stage.hear(Word::List {
                node: format!("n{n}").into(),
                version: u64::MAX,
                part: 0,
                parts: 1,
                rooms,
            });
        }
        assert_eq!((stage.peers.peers.len(), stage.view.members(&room())), (NODES, usize::MAX));
        let node: Arc<str> = "n1".into();
        stage.hear(Word::Change { node: node.clone(), from: u64::MAX, rooms: Vec::new() });
        assert_eq!(stage.peers.peers[&node].version, None);
        let many = vec![came(&["a"]); ENTRIES];
        stage.hear(Word::List { node, version: 7, part: 0, parts: 1, rooms: many });
        stage.after(3500);
        assert_eq!((stage.peers.peers.len(), stage.view.members(&room())), (0, 0));
    }
}
