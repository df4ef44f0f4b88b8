//! A subscriber that watches who is said to be in its room: it reads the frames of which all others look at the type
//! alone, and asks who is there whenever it cannot know otherwise.

use std::borrow::Cow;
use std::time::Duration;

use serde::Deserialize;

use super::codec::{Inbound, Outbound};
use super::run::{LoadRun, room_name};
use ledger::{Event, PeopleNews, Person};

/// What the names of subscribers begin with. The number of the subscriber follows.
pub(super) const NAME: &str = "sub-";

/// The watching side of one subscriber.
#[derive(Debug)]
pub(super) struct Observer {
    number: usize,
    room: String,
    asking: Asking,
}

/// Whether an observer asks who is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asking {
    /// It knows who is there.
    Nothing,
    /// It is to ask.
    Due,
    /// It has asked. One answer serves every reason to ask that came before it.
    Asked,
}

/// A frame that says something of the people in a room.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Frame<'a> {
    #[serde(borrow)]
    room: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    id: Cow<'a, str>,
    members: u64,
    #[serde(borrow)]
    people: Vec<Named<'a>>,
}

/// Somebody in the answer to `people`.
#[derive(Debug, Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    id: Cow<'a, str>,
}

impl Observer {
    /// The watching side of this subscriber; `None` if it does not watch.
    pub(super) fn of(run: &LoadRun, number: usize) -> Option<Self> {
        let watches = run.watches_presence && number < run.plan.observers();
        let room = room_name(run.plan.subscriber_room(number));
        watches.then_some(Self { number, room, asking: Asking::Nothing })
    }

    /// Begins anew over another connection.
    pub(super) fn begin(&mut self) {
        self.asking = Asking::Nothing;
    }

    /// The frame that asks who is there, if it is time to ask.
    pub(super) fn question(&mut self) -> Option<String> {
        let due = self.asking == Asking::Due;
        due.then(|| {
            self.asking = Asking::Asked;
            Outbound::People { room: &self.room }.encode()
        })
    }

    /// Reads a frame that came while this subscriber was subscribed. Gives whether it speaks of people alone, so that
    /// nobody else needs it.
    pub(super) fn read(&mut self, run: &LoadRun, frame: &Inbound<'_>, raw: &str, at: Duration) -> bool {
        match &*frame.kind {
            // Who came and went meanwhile was not told, or was among what was dropped.
            "subscribed" | "lagged" => self.asking = Asking::Due,
            _ => {}
        }
        let Some(news) = self.news(frame, raw) else { return false };
        if matches!(news, PeopleNews::All(_) | PeopleNews::TooMany) {
            self.asking = Asking::Nothing;
        }
        let asks = run.tell(&Event::ToldOfPeople { s: self.number, news }, at);
        if asks && self.asking == Asking::Nothing {
            self.asking = Asking::Due;
        }
        true
    }

    /// What a frame says of the people in this observer's room; `None` if it says nothing of them.
    fn news(&self, frame: &Inbound<'_>, raw: &str) -> Option<PeopleNews> {
        let kind = &*frame.kind;
        if kind == "error" {
            return (frame.code == "too_many_people" && self.asking == Asking::Asked)
                .then_some(PeopleNews::TooMany);
        }
        if !["subscribed", "members", "people", "joined", "left"].contains(&kind) {
            return None;
        }
        let said: Frame<'_> =
            serde_json::from_str(raw).ok().filter(|said: &Frame<'_>| said.room == self.room)?;
        Some(match kind {
            "people" => {
                PeopleNews::All(said.people.iter().map(|named| person(&named.id, &named.name)).collect())
            }
            "joined" => PeopleNews::Came(person(&said.id, &said.name), said.members),
            "left" => PeopleNews::Went(person(&said.id, &said.name), said.members),
            _ => PeopleNews::Number(said.members),
        })
    }
}

/// Somebody by the id that the server gives, and by the name that the load generator gives its clients.
fn person(id: &str, name: &str) -> Person {
    Person { id: id.into(), subscriber: name.strip_prefix(NAME).and_then(|number| number.parse().ok()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observer(asking: Asking) -> Observer {
        Observer { number: 0, room: "room-0".into(), asking }
    }

    fn news(raw: &str) -> Option<PeopleNews> {
        observer(Asking::Asked).news(&Inbound::decode(raw).unwrap(), raw)
    }

    fn somebody(id: &str, subscriber: Option<usize>) -> Person {
        Person { id: id.into(), subscriber }
    }

    #[test]
    fn every_frame_that_speaks_of_people_is_understood() {
        let cases = [
            (
                r#"{"type":"subscribed","room":"room-0","members":2,"recovered":"none"}"#,
                Some(PeopleNews::Number(2)),
            ),
            (r#"{"type":"members","room":"room-0","members":300}"#, Some(PeopleNews::Number(300))),
            (
                r##"{"type":"joined","room":"room-0","name":"sub-7","colour":"#1","id":"5e","members":3}"##,
                Some(PeopleNews::Came(somebody("5e", Some(7)), 3)),
            ),
            (
                r##"{"type":"left","room":"room-0","name":"Ada","colour":"#1","id":"5e","members":2}"##,
                Some(PeopleNews::Went(somebody("5e", None), 2)),
            ),
            (
                concat!(
                    r##"{"type":"people","room":"room-0","people":[{"name":"sub-1","colour":"#1","id":"a"},"##,
                    r##"{"name":"sub-x","colour":"#1","id":"b"}]}"##
                ),
                Some(PeopleNews::All(vec![somebody("a", Some(1)), somebody("b", None)])),
            ),
            (
                r#"{"type":"error","code":"too_many_people","reason":"`room-0` has 300 people"}"#,
                Some(PeopleNews::TooMany),
            ),
            (r#"{"type":"error","code":"bus_down","reason":"no bus"}"#, None),
            (r#"{"type":"members","room":"room-1","members":300}"#, None),
            (r#"{"type":"lagged","missed":3}"#, None),
        ];
        for (raw, expected) in cases {
            assert_eq!(news(raw), expected, "{raw}");
        }
    }

    #[test]
    fn it_asks_once_until_it_is_answered() {
        let mut observer = observer(Asking::Due);
        let question = Some(r#"{"type":"people","room":"room-0"}"#.to_owned());
        assert_eq!([observer.question(), observer.question()], [question, None]);
        let raw = r#"{"type":"error","code":"too_many_people","reason":"many"}"#;
        observer.begin();
        assert_eq!(observer.news(&Inbound::decode(raw).unwrap(), raw), None, "it has not asked");
    }
}
