//! Who bears a name, on whatever node: the nodes are asked, for each knows its own clients alone.
//!
//! The question goes to all nodes in their own room, and has the name but not what is to be said. Each node that is known
//! answers, and a question is over when all have, or after [`WITHIN`].

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::identity::Identity;
use super::presence::ROSTER_ROOM;
use super::room::Rooms;
use wire::{Envelope, Kind, Room};

/// How long the other nodes have to answer.
const WITHIN: Duration = Duration::from_secs(1);
/// Number of questions that may be open. Any more are not asked.
const MOST: usize = 4096;
/// Number of people of one name whom a node tells: two are enough to know that the name is not one person's.
const ENOUGH: usize = 2;
/// The beginning of the ids of the envelopes, by which they are told from the roster's.
const IDS: &str = "search.";
/// The longest frame that is read, in bytes.
const LONGEST: usize = 4096;

/// Who was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Exactly one person.
    One(Identity),
    /// Nobody. This number of nodes has not answered.
    Nobody { silent: usize },
    /// Several people.
    Several,
    /// Nobody was asked: too many questions are open.
    Overloaded,
}

/// What nodes say in a search.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "word", rename_all = "lowercase")]
enum Word {
    /// A node asks all others who this is.
    Seek { node: Arc<str>, ask: u64, to: Arc<str> },
    /// A node answers the `asker`: these are the people of that name here.
    Found { node: Arc<str>, asker: Arc<str>, ask: u64, people: Vec<Identity> },
}

/// The questions that are open.
#[derive(Debug, Default)]
pub struct Searches {
    next: u64,
    /// By number, which is also the order of their ends.
    open: BTreeMap<u64, Search>,
}

#[derive(Debug)]
struct Search {
    until: Instant,
    /// The nodes that have not answered.
    waits_for: HashSet<Arc<str>>,
    found: HashMap<Arc<str>, Identity>,
    answer: oneshot::Sender<Found>,
}

impl Search {
    fn end(self) {
        let mut people = self.found.into_values();
        let found = match (people.next(), people.next()) {
            (None, _) => Found::Nobody { silent: self.waits_for.len() },
            (Some(person), None) => Found::One(person),
            (Some(_), Some(_)) => Found::Several,
        };
        // An error means that the session that asked is gone.
        let _ = self.answer.send(found);
    }
}

impl Searches {
    /// When the next question is over, answered or not.
    pub fn due(&self) -> Option<Instant> {
        self.open.first_key_value().map(|(_, search)| search.until)
    }

    /// Opens a question to these nodes; `here` are the people of this one. Gives its number, unless it needs no answer.
    fn open(
        &mut self,
        now: Instant,
        here: Vec<Identity>,
        nodes: HashSet<Arc<str>>,
        answer: oneshot::Sender<Found>,
    ) -> Option<u64> {
        let found = here.into_iter().map(|person| (person.id.clone(), person)).collect();
        let search = Search { until: now + WITHIN, waits_for: nodes, found, answer };
        if search.waits_for.is_empty() || search.found.len() >= ENOUGH {
            search.end();
            return None;
        }
        if self.open.len() >= MOST {
            let _ = search.answer.send(Found::Overloaded);
            return None;
        }
        self.next += 1;
        self.open.insert(self.next, search);
        Some(self.next)
    }

    /// Takes in what a node answered.
    fn hear(&mut self, node: &str, ask: u64, people: Vec<Identity>) {
        let Some(search) = self.open.get_mut(&ask) else { return };
        if !search.waits_for.remove(node) {
            return;
        }
        let people = people.into_iter().filter(Identity::is_presentable).take(ENOUGH);
        search.found.extend(people.map(|person| (person.id.clone(), person)));
        if search.waits_for.is_empty()
            && let Some(search) = self.open.remove(&ask)
        {
            search.end();
        }
    }

    /// Ends the questions whose time is over.
    fn end_late(&mut self, now: Instant) {
        while let Some(oldest) = self.open.first_entry().filter(|oldest| oldest.get().until <= now) {
            oldest.remove().end();
        }
    }
}

impl Rooms {
    /// Looks for a person on all nodes, by name or by the id of a session.
    pub(super) fn find(&mut self, to: &str, answer: oneshot::Sender<Found>) {
        let here = self.notices.greeted.named(to, ENOUGH);
        // An id is one session's: no other node can bring somebody else.
        let nodes = match here.iter().any(|person| *person.id == *to) {
            true => HashSet::new(),
            false => self.presence.others(),
        };
        if let Some(ask) = self.searches.open(Instant::now(), here, nodes, answer) {
            self.say_to_nodes(&Word::Seek { node: self.presence.me(), ask, to: to.into() });
        }
    }

    /// Takes in what a node says in a search. Gives false if the envelope is about something else.
    pub(super) fn hear_search(&mut self, envelope: &Envelope) -> bool {
        if !envelope.id.starts_with(IDS) {
            return false;
        }
        let me = self.presence.me();
        let readable = Some(&envelope.frame).filter(|frame| frame.len() <= LONGEST);
        match readable.and_then(|frame| serde_json::from_slice(frame).ok()) {
            Some(Word::Seek { node, ask, to }) if node != me => {
                let people = self.notices.greeted.named(&to, ENOUGH);
                self.say_to_nodes(&Word::Found { node: me, asker: node, ask, people });
            }
            Some(Word::Found { node, asker, ask, people }) if asker == me => {
                self.searches.hear(&node, ask, people);
            }
            _ => {}
        }
        true
    }

    /// Ends the searches whose time is over.
    pub(super) fn end_searches(&mut self) {
        self.searches.end_late(Instant::now());
    }

    fn say_to_nodes(&self, word: &Word) {
        let Ok(room) = Room::any(ROSTER_ROOM) else { return };
        let me = self.presence.me();
        // Strings and whole numbers can always be serialised.
        let frame = Bytes::from(serde_json::to_vec(word).unwrap_or_default());
        let id = format!("{IDS}{me}").into();
        // The receipt is dropped: what does not arrive is not answered in time.
        drop(self.bus.publish(Envelope {
            kind: Kind::Control,
            room,
            id,
            sender: me,
            others: true,
            count: None,
            frame,
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(id: &str) -> Identity {
        Identity { id: id.into(), name: "Ada".into(), colour: "#123456".into() }
    }

    fn nodes(names: &[&str]) -> HashSet<Arc<str>> {
        names.iter().map(|name| Arc::from(*name)).collect()
    }

    struct Stage {
        searches: Searches,
        now: Instant,
    }

    impl Stage {
        fn asks(&mut self, here: &[&str], others: &[&str]) -> (Option<u64>, oneshot::Receiver<Found>) {
            let (answer, found) = oneshot::channel();
            let here = here.iter().map(|id| person(id)).collect();
            (self.searches.open(self.now, here, nodes(others), answer), found)
        }
    }

    fn stage() -> Stage {
        Stage { searches: Searches::default(), now: Instant::now() }
    }

    #[test]
    fn who_is_alone_in_the_cluster_is_found_at_once() {
        for (here, expected) in [
            (&[][..], Found::Nobody { silent: 0 }),
            (&["a"], Found::One(person("a"))),
            (&["a", "b"], Found::Several),
        ] {
            let (ask, mut found) = stage().asks(here, &[]);
            assert_eq!((ask, found.try_recv()), (None, Ok(expected)));
        }
    }

    #[test]
    fn every_node_is_waited_for_and_a_session_on_two_nodes_is_one_person() {
        let mut stage = stage();
        let (ask, mut found) = stage.asks(&["a"], &["n2", "n3"]);
        let ask = ask.unwrap();
        stage.searches.hear("n2", ask, vec![person("a")]);
        stage.searches.hear("n2", ask, vec![person("b")]);
        stage.searches.hear("unknown", ask, vec![person("b")]);
        assert!(found.try_recv().is_err(), "n3 has not answered");
        stage.searches.hear("n3", ask, vec![]);
        assert_eq!(found.try_recv(), Ok(Found::One(person("a"))));
        assert_eq!(stage.searches.due(), None);
    }

    #[test]
    fn two_people_of_one_name_on_two_nodes_are_several() {
        let mut stage = stage();
        let (ask, mut found) = stage.asks(&[], &["n2", "n3"]);
        stage.searches.hear("n2", ask.unwrap(), vec![person("a")]);
        stage.searches.hear("n3", ask.unwrap(), vec![person("b")]);
        assert_eq!(found.try_recv(), Ok(Found::Several));
    }

    #[test]
    fn a_node_that_does_not_answer_is_waited_for_so_long_and_no_longer() {
        let mut stage = stage();
        let (ask, mut nobody) = stage.asks(&[], &["n2", "n3"]);
        let (_, mut one) = stage.asks(&["a"], &["n2"]);
        stage.searches.hear("n3", ask.unwrap(), vec![]);
        assert_eq!(stage.searches.due(), Some(stage.now + WITHIN));
        stage.searches.end_late(stage.now + WITHIN);
        assert_eq!(nobody.try_recv(), Ok(Found::Nobody { silent: 1 }));
        assert_eq!(one.try_recv(), Ok(Found::One(person("a"))));
        assert_eq!(stage.searches.due(), None);
    }

    #[test]
    fn not_more_than_so_many_are_open() {
        let mut stage = stage();
        let open: Vec<_> = (0..MOST).map(|_| stage.asks(&[], &["n2"])).collect();
        assert!(open.iter().all(|(ask, _)| ask.is_some()));
        assert_eq!(stage.asks(&[], &["n2"]).1.try_recv(), Ok(Found::Overloaded));
    }
}
