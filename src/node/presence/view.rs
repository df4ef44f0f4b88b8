//! Who is in each room of the cluster, as this node knows it: the union of what the nodes say, by session.
//!
//! Two connections of one session are one person, on whatever nodes they are. Whatever changes the union is a change
//! that clients are told, and each change carries the number of people after it; so the frames of one room always fit
//! together.

use std::collections::HashMap;
use std::sync::Arc;

use super::listing::Listing;
use super::word::RoomWord;
use crate::identity::Identity;
use wire::Room;

/// Most rooms and people that one other node is believed.
const ENTRIES_OF_ONE: usize = 40_000;
/// Most rooms and people that all other nodes together are believed. Further ones are not counted.
const ENTRIES_OF_ALL: usize = 200_000;

/// What changed in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// A person came.
    Joined(Identity),
    /// A person went.
    Left(Identity),
    /// A person who was there has another name or colour now.
    Renamed(Identity),
    /// The number of people changed, and it is not told who came or went.
    Number,
}

/// A change in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The room.
    pub room: Room,
    /// What changed.
    pub news: News,
    /// Number of people in the room after the change.
    pub members: usize,
}

/// Who is in the rooms.
#[derive(Debug)]
pub struct View {
    /// This node's own id.
    me: Arc<str>,
    /// What each node says, this one included.
    nodes: HashMap<Arc<str>, Statement>,
    /// Number of different people in each room who are named by at least one node.
    named: HashMap<Room, usize>,
    /// The most people in a room of which comings and goings are told.
    limit: usize,
    changes: Vec<Change>,
}

/// What one node says of its rooms.
#[derive(Debug, Default)]
struct Statement {
    rooms: HashMap<Room, Listing>,
    /// Number of rooms and people in `rooms`.
    entries: usize,
}

impl View {
    /// A view of nobody. In rooms of more than `limit` people only the number is told.
    pub fn new(me: Arc<str>, limit: usize) -> Self {
        Self { me, nodes: HashMap::new(), named: HashMap::new(), limit, changes: Vec::new() }
    }

    /// Takes the changes since the last call, in the order in which they happened.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// Number of people in a room.
    pub fn members(&self, room: &Room) -> usize {
        let counted = self.counted(room).fold(0, u64::saturating_add);
        let named = self.named.get(room).copied().unwrap_or_default();
        named.saturating_add(usize::try_from(counted).unwrap_or(usize::MAX))
    }

    /// The people in a room, by name; `None` if they are too many, or if a node only counts them.
    pub fn people(&self, room: &Room) -> Option<Vec<&Identity>> {
        if self.is_big(room) {
            return None;
        }
        let mut people = HashMap::new();
        for statement in self.nodes.values() {
            if let Some(Listing::People(listed)) = statement.rooms.get(room) {
                people.extend(listed.iter());
            }
        }
        let mut people: Vec<_> = people.into_values().collect();
        people.sort_by_key(|person| (&person.name, &person.id));
        Some(people)
    }

    /// Who is in a room according to one node.
    pub fn listing(&self, node: &str, room: &Room) -> Option<&Listing> {
        self.nodes.get(node)?.rooms.get(room)
    }

    /// Records that a person is in a room on a node.
    pub fn add(&mut self, node: &Arc<str>, room: &Room, person: Identity) {
        if matches!(self.listing(node, room), Some(Listing::Count(_))) {
            self.count(node, room, 0);
        }
        let before = self.person(room, &person.id).cloned();
        let statement = self.nodes.entry(node.clone()).or_default();
        let listing = statement.rooms.entry(room.clone()).or_insert_with(|| {
            statement.entries += 1;
            Listing::default()
        });
        let Listing::People(people) = listing else { return };
        let replaced = people.insert(person.id.clone(), person.clone());
        if replaced.is_none() {
            statement.entries += 1;
        }
        match replaced.or(before) {
            None => {
                *self.named.entry(room.clone()).or_default() += 1;
                self.tell(room, News::Joined(person));
            }
            Some(old) if old != person && !self.is_big(room) => self.tell(room, News::Renamed(person)),
            Some(_) => {}
        }
    }

    /// Records that a person is no longer in a room on a node.
    pub fn remove(&mut self, node: &str, room: &Room, id: &str) {
        let Some(statement) = self.nodes.get_mut(node) else { return };
        let Some(Listing::People(people)) = statement.rooms.get_mut(room) else { return };
        let Some(person) = people.remove(id) else { return };
        statement.entries -= 1;
        if people.is_empty() {
            statement.rooms.remove(room);
            statement.entries -= 1;
        }
        if !self.is_named(room, id) {
            self.unname(room);
            self.tell(room, News::Left(person));
        }
    }

    /// Records that a node only counts the people of a room. Nobody is there on that node if the count is 0.
    pub fn count(&mut self, node: &Arc<str>, room: &Room, count: u64) {
        let statement = self.nodes.entry(node.clone()).or_default();
        let before = statement.rooms.remove(room);
        statement.entries -= before.as_ref().map_or(0, Listing::entries);
        if count > 0 {
            statement.rooms.insert(room.clone(), Listing::Count(count));
            statement.entries += 1;
        }
        if let Some(Listing::People(people)) = &before {
            for id in people.keys() {
                if !self.is_named(room, id) {
                    self.unname(room);
                }
            }
        }
        self.tell(room, News::Number);
    }

    /// Takes in what another node says of a room.
    pub fn take_in(&mut self, node: &Arc<str>, word: RoomWord) {
        let Ok(room) = Room::parse(&word.room) else { return };
        for id in &word.gone {
            self.remove(node, &room, id);
        }
        if let Some(count) = word.count
            && (count == 0 || self.has_place(node))
        {
            self.count(node, &room, count);
        }
        let before = self.changes.len();
        for person in word.came {
            if !self.has_place(node) {
                break;
            }
            self.add(node, &room, person);
        }
        if word.counted_before {
            self.hush(before);
        }
    }

    /// Replaces all that another node says. Who is in both is told nothing of.
    pub fn replace(&mut self, node: &Arc<str>, rooms: HashMap<Room, Listing>) {
        let gone: Vec<_> = self.nodes.get(node).into_iter().flat_map(|old| &old.rooms).collect();
        let gone: Vec<_> = gone
            .into_iter()
            .filter_map(|(room, listing)| match (listing, rooms.get(room)) {
                (Listing::People(_), Some(Listing::Count(_))) => None,
                (Listing::People(people), now) => {
                    let gone = people.keys().filter(|id| !now.is_some_and(|now| now.names(id)));
                    Some((room.clone(), None, gone.cloned().collect::<Vec<_>>()))
                }
                (Listing::Count(_), None) => Some((room.clone(), Some(0), Vec::new())),
                (Listing::Count(_), Some(_)) => None,
            })
            .collect();
        for (room, listing) in rooms {
            let mut word = RoomWord::of(&room);
            match listing {
                Listing::People(people) => {
                    word.counted_before = matches!(self.listing(node, &room), Some(Listing::Count(_)));
                    word.came = people.into_values().collect();
                }
                Listing::Count(count) => word.count = Some(count),
            }
            self.take_in(node, word);
        }
        for (room, count, gone) in gone {
            self.take_in(node, RoomWord { count, gone, ..RoomWord::of(&room) });
        }
    }

    /// Forgets a node, and with it everybody who is only there.
    pub fn forget(&mut self, node: &Arc<str>) {
        self.replace(node, HashMap::new());
        self.nodes.remove(node);
    }

    /// Turns the changes that nobody has taken yet, from this one on, into mere numbers: the people were there before,
    /// and only this node did not know of them.
    pub fn hush(&mut self, from: usize) {
        for change in self.changes.iter_mut().skip(from) {
            change.news = News::Number;
        }
    }

    fn tell(&mut self, room: &Room, news: News) {
        let news = if self.is_big(room) { News::Number } else { news };
        let change = Change { room: room.clone(), news, members: self.members(room) };
        match self.changes.last_mut() {
            // Of a big room only the last number matters.
            Some(last)
                if last.room == change.room
                    && (&last.news, &change.news) == (&News::Number, &News::Number) =>
            {
                last.members = change.members;
            }
            _ => self.changes.push(change),
        }
    }

    /// Whether a room has too many people to be named.
    pub fn is_big(&self, room: &Room) -> bool {
        self.named.get(room).is_some_and(|named| *named > self.limit) || self.counted(room).next().is_some()
    }

    /// The counts of the nodes that only count the people of a room.
    fn counted(&self, room: &Room) -> impl Iterator<Item = u64> {
        self.nodes.values().filter_map(|statement| match statement.rooms.get(room) {
            Some(Listing::Count(count)) => Some(*count),
            _ => None,
        })
    }

    fn is_named(&self, room: &Room, id: &str) -> bool {
        self.nodes.values().any(|node| node.rooms.get(room).is_some_and(|listing| listing.names(id)))
    }

    /// A person in a room, as one of the nodes calls that person.
    fn person(&self, room: &Room, id: &str) -> Option<&Identity> {
        self.nodes.values().find_map(|node| node.rooms.get(room)?.person(id))
    }

    fn unname(&mut self, room: &Room) {
        if let Some(named) = self.named.get_mut(room) {
            *named = named.saturating_sub(1);
            if *named == 0 {
                self.named.remove(room);
            }
        }
    }

    /// Whether there is place for what another node says.
    fn has_place(&self, node: &str) -> bool {
        let entries = |statement: &Statement| statement.entries;
        let of_all: usize = self.nodes.values().map(entries).sum();
        let of_me = self.nodes.get(&self.me).map_or(0, entries);
        self.nodes.get(node).map_or(0, entries) < ENTRIES_OF_ONE && of_all - of_me < ENTRIES_OF_ALL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn person(id: &str) -> Identity {
        Identity { id: id.into(), name: id.to_uppercase().into(), colour: "#123456".into() }
    }

    fn room() -> Room {
        Room::parse("r").unwrap()
    }

    /// The changes that nobody has seen yet, in short.
    fn told(view: &mut View) -> Vec<String> {
        let word = |change: Change| match change.news {
            News::Joined(person) => format!("+{} {}", person.id, change.members),
            News::Left(person) => format!("-{} {}", person.id, change.members),
            News::Renamed(person) => format!("{} is {}", person.id, person.name),
            News::Number => change.members.to_string(),
        };
        view.take_changes().into_iter().map(word).collect()
    }

    fn view(limit: usize) -> (View, [Arc<str>; 2]) {
        (View::new("me".into(), limit), ["me".into(), "n2".into()])
    }

    #[test]
    fn a_session_on_two_nodes_is_one_person_until_the_last_of_them_says_otherwise() {
        let (mut view, [me, n2]) = view(9);
        view.add(&me, &room(), person("a"));
        view.add(&n2, &room(), person("a"));
        view.add(&n2, &room(), person("b"));
        assert_eq!(told(&mut view), ["+a 1", "+b 2"]);
        view.remove(&me, &room(), "a");
        assert!(told(&mut view).is_empty());
        view.forget(&n2);
        let mut left = told(&mut view);
        left.sort();
        assert_eq!(left.len(), 2, "{left:?}");
        assert!(left[0].starts_with("-a") && left[1].starts_with("-b"), "{left:?}");
        assert_eq!((view.members(&room()), view.named.len()), (0, 0));
    }

    #[test]
    fn a_new_name_is_told_once_whichever_node_says_it() {
        let (mut view, [me, n2]) = view(2);
        let called = |name: &str| Identity { name: name.into(), ..person("a") };
        for node in [&me, &n2] {
            view.add(node, &room(), called("A"));
        }
        for name in ["Ada", "Ada"] {
            view.add(&me, &room(), called(name));
        }
        assert_eq!(told(&mut view), ["+a 1", "a is Ada"]);
        view.remove(&me, &room(), "a");
        view.add(&me, &room(), called("Bea"));
        assert_eq!(told(&mut view), ["a is Bea"], "who comes back on another node under another name");
        view.add(&me, &room(), person("b"));
        view.add(&me, &room(), person("c"));
        view.add(&me, &room(), called("Cleo"));
        assert_eq!(told(&mut view), ["+b 2", "3"], "of a big room nobody is told");
    }

    #[test]
    fn in_a_big_room_only_the_number_is_told() {
        let (mut view, [me, n2]) = view(3);
        for id in ["a", "b", "c", "d", "e"] {
            view.add(&me, &room(), person(id));
        }
        assert_eq!(told(&mut view), ["+a 1", "+b 2", "+c 3", "5"]);
        assert!(view.people(&room()).is_none());
        for id in ["a", "b"] {
            view.remove(&me, &room(), id);
        }
        assert_eq!(told(&mut view), ["4", "-b 3"]);
        assert_eq!(view.people(&room()).unwrap().len(), 3);
        // Another node that only counts makes a room big, however small it is.
        view.count(&n2, &room(), 1);
        view.remove(&me, &room(), "c");
        assert_eq!(told(&mut view), ["3"]);
        assert!(view.people(&room()).is_none());
        view.count(&n2, &room(), 0);
        assert_eq!(told(&mut view), ["2"]);
        assert_eq!(view.people(&room()).unwrap().len(), 2);
    }

    #[test]
    fn whoever_was_counted_before_is_not_told_to_have_come() {
        let (mut view, [me, n2]) = view(3);
        view.add(&me, &room(), person("a"));
        view.count(&n2, &room(), 2);
        told(&mut view);
        let came = vec![person("b"), person("c")];
        view.take_in(&n2, RoomWord { counted_before: true, came, ..RoomWord::of(&room()) });
        let told = told(&mut view);
        assert!(
            told.iter().all(|news| news.parse::<usize>().is_ok()) && told.last().unwrap() == "3",
            "{told:?}"
        );
        assert_eq!(view.people(&room()).unwrap().len(), 3);
    }

    #[test]
    fn a_new_list_tells_only_the_difference() {
        let (mut view, [_, n2]) = view(9);
        for id in ["a", "b"] {
            view.add(&n2, &room(), person(id));
        }
        told(&mut view);
        let people = ["b", "c"].map(|id| (id.into(), person(id)));
        view.replace(&n2, HashMap::from([(room(), Listing::People(people.into()))]));
        assert_eq!(told(&mut view), ["+c 3", "-a 2"]);
    }

    #[test]
    fn what_others_say_is_bounded_and_saturates() {
        let (mut view, [me, n2]) = view(9);
        view.add(&me, &room(), person("a"));
        view.count(&n2, &room(), u64::MAX);
        view.count(&"n3".into(), &room(), u64::MAX);
        assert_eq!(view.members(&room()), usize::MAX);
        view.forget(&n2);
        view.forget(&"n3".into());
        assert_eq!(view.members(&room()), 1);
        let came = |id: &str| RoomWord { came: vec![person(id)], ..RoomWord::of(&room()) };
        let statement = |entries| Statement { entries, ..Statement::default() };
        // One node may say so much, and all others together so much.
        view.nodes.insert(n2.clone(), statement(ENTRIES_OF_ONE));
        view.take_in(&n2, came("x"));
        view.nodes.insert("n3".into(), statement(ENTRIES_OF_ALL - ENTRIES_OF_ONE));
        view.take_in(&"n4".into(), came("y"));
        view.take_in(&"n4".into(), RoomWord { count: Some(7), ..RoomWord::of(&room()) });
        assert_eq!(view.members(&room()), 1);
        // This node's own people always have a place.
        view.add(&me, &room(), person("b"));
        assert_eq!(view.members(&room()), 2);
        for node in ["n2", "n3", "n4"] {
            view.forget(&node.into());
        }
        assert_eq!((view.nodes.len(), view.named.len()), (1, 1));
    }
}
